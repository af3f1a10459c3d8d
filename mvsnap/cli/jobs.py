"""`jobs`: what waits or failed, and "try again now"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from mvsnap.cli.table import print_table
from mvsnap.cli.terminal import (
    config_option,
    fail,
    json_option,
    load_settings,
    open_parts,
    out,
    print_json,
    storage_errors,
)
from mvsnap.cli.usage import CommandGroup, WholeNumber, as_called
from mvsnap.clock import iso
from mvsnap.config.model import Settings
from mvsnap.domain import JobId
from mvsnap.errors import NotFound
from mvsnap.texts.audit_wordings import COMMAND_LINE

if TYPE_CHECKING:
    from mvsnap.jobs.listing import JobEntry, JobList
    from mvsnap.runtime import Parts

_WHO = COMMAND_LINE()


@click.group(cls=CommandGroup, invoke_without_command=True)
@click.option("--failed", is_flag=True, help="Show only those that failed.")
@click.option(
    "--limit",
    type=WholeNumber(1, 10_000),
    default=50,
    show_default=True,
    help="List at most this many.",
)
@json_option
@click.pass_context
def jobs(ctx: click.Context, failed: bool, limit: int, as_json: bool) -> None:
    """List jobs that wait or failed, newest first: why, since when, when next."""
    if ctx.invoked_subcommand is not None:
        return
    settings = load_settings(ctx)
    from mvsnap.store.job_states import JobFilter, JobStage

    stages = (JobStage.FAILED, JobStage.PARTIAL)
    wanted = JobFilter(stages if failed else (JobStage.WAITING, *stages))
    parts = open_parts(settings)
    with storage_errors(settings), _job_list(parts) as known:
        entries = known.page(wanted, limit).entries if known else ()
    if as_json:
        print_json([_plain(entry) for entry in entries])
        return
    if not entries:
        out.print("No job failed." if failed else "No job waits, none failed.")
        return
    _print(entries, settings)


@config_option
@jobs.command()
@click.argument("job_id", metavar="ID")
@click.pass_context
def retry(ctx: click.Context, job_id: str) -> None:
    """Try a job again now: one that waits goes on, one that failed begins again.

    What was posted is not posted again; what is posted now says that it is late.
    """
    from mvsnap.jobs.listing import retry_change

    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings), _job_list(parts) as known:
        if known is None:
            fail("There are no jobs: no worker has ever run here.")
        try:
            before = known.entry(JobId(job_id))
            known.retry(before.job.id)
        except NotFound as exc:
            fail(f"{exc.message}. List jobs: {as_called('jobs')}")
        now = parts.clock.now()
        parts.audit.add(retry_change(before, _WHO, now))
    out.print("It goes on as soon as a worker runs.")


config_option(jobs)


@contextmanager
def _job_list(parts: Parts) -> Iterator[JobList | None]:
    """Open the jobs beside the service; None where no worker has ever run."""
    from mvsnap.jobs.engine import JOBS_TABLE, ClientEngine
    from mvsnap.jobs.listing import JobList
    from mvsnap.runtime.parts import jobs_url
    from mvsnap.store.database import has_table

    url = jobs_url(parts.settings)
    if not has_table(url, JOBS_TABLE):
        yield None
        return
    with closing(ClientEngine(url)) as engine:
        yield JobList(engine, parts.job_states, parts.clock)


def _print(entries: Sequence[JobEntry], settings: Settings) -> None:
    zone = settings.site.zone
    rows = [_row(entry, zone) for entry in entries]
    headings = ("time", "state", "trigger", "why", "id")
    print_table(headings, rows, whole=("state", "id"), time="time", zone=zone)


def _row(entry: JobEntry, zone: ZoneInfo) -> tuple[str, ...]:
    job = entry.job
    about = [f"{job.trigger.kind}: {job.trigger.by}", *job.serials, *job.clips]
    lines: list[str] = [entry.reason] if entry.reason else []
    if entry.waits_for:
        lines.append(f"waits for {entry.waits_for}")
    if entry.next_at is not None:
        lines.append(f"next try by {entry.next_at.astimezone(zone):%Y-%m-%d %H:%M}")
    at = f"{job.accepted_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return at, entry.stage, "\n".join(about), "\n".join(lines), job.id


def _plain(entry: JobEntry) -> dict[str, Any]:
    job = entry.job
    return {
        "id": job.id,
        "state": entry.stage,
        "accepted_at": iso(job.accepted_at),
        "since": iso(entry.since),
        "waits_for": entry.waits_for or None,
        "reason": entry.reason or None,
        "next_try_at": iso(entry.next_at) if entry.next_at else None,
        "trigger": {"kind": job.trigger.kind, "by": job.trigger.by},
        "cameras": [*job.serials, *job.clips],
        "rooms": list(job.rooms),
        "title": job.prefix,
    }
