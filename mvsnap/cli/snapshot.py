"""`snapshot`: takes pictures now, once, without the service."""

from __future__ import annotations

import logging
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from mvsnap.cli.camera_names import (
    camera_called,
    cameras_to_name,
    unknown_camera,
)
from mvsnap.cli.console import progress_bars
from mvsnap.cli.terminal import (
    config_option,
    fail,
    fail_without_meraki,
    load_settings,
    open_parts,
    out,
)
from mvsnap.cli.usage import as_called
from mvsnap.clock import SystemClock, poll
from mvsnap.config.recipients import JobRooms
from mvsnap.core import params
from mvsnap.core.video_links import NO_LINK
from mvsnap.domain import (
    Job,
    JobId,
    JobState,
    PartState,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.errors import BadInput

if TYPE_CHECKING:
    from mvsnap.config.model import Settings
    from mvsnap.core.progress import JobProgress
    from mvsnap.jobs.runner import JobRunner
    from mvsnap.runtime import Parts

_POLL_EVERY_S = 0.2


@config_option
@click.command()
@click.argument("serials", nargs=-1, metavar="[CAMERA]...")
@click.option(
    "--room",
    "rooms",
    multiple=True,
    help="Channel, room title, id, e-mail or name; may be repeated; "
    "default: webex.room.",
)
@click.option("--at", help="A past time (ISO 8601; of the site) instead of now.")
@click.option("--no-post", is_flag=True, help="Store the pictures but post nothing.")
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also copy the pictures to this folder.",
)
@click.pass_context
def snapshot(
    ctx: click.Context,
    serials: tuple[str, ...],
    rooms: tuple[str, ...],
    at: str | None,
    no_post: bool,
    folder: Path | None,
) -> None:
    """Take a snapshot and video link of each CAMERA; default: meraki.cameras."""
    settings = load_settings(ctx, level=logging.CRITICAL)
    if not settings.asks_meraki:
        fail_without_meraki()
    parts = open_parts(settings)
    job = _job(parts.settings, parts, serials, () if no_post else rooms, at, no_post)
    progress = _run(parts.runner(is_rerun=False), job, parts.clock)
    _report(progress, parts, folder)
    if progress.state is not JobState.DONE:
        raise SystemExit(1)


def _job(
    settings: Settings,
    parts: Parts,
    serials: tuple[str, ...],
    rooms: tuple[str, ...],
    at: str | None,
    no_post: bool,
) -> Job:
    now, zone = parts.clock.now(), settings.site.zone
    wrong: list[str] = []
    wanted: tuple[Serial, ...] = ()
    moment = None
    try:
        typed = _serials(parts, serials, wrong) or settings.default_cameras
        wanted = params.parse_serials(",".join(typed))
    except BadInput as exc:
        wrong.append(exc.message)
    try:
        moment = params.parse_at(at, now, zone) if at else None
    except BadInput as exc:
        wrong.append(f"--{exc.message}")
    if wrong:
        raise click.UsageError("\n".join(wrong))
    if unknown := [room for room in rooms if not settings.recipients.takes(room)]:
        fail(
            f"--room {', '.join(unknown)}: no channel, and webex.bot_token is not set. "
            f"Run: {as_called('init')}"
        )
    to = JobRooms(()) if no_post else parts.organizations.rooms(wanted, rooms or None)
    return Job(
        id=JobId(str(uuid.uuid4())),
        trigger=Trigger(TriggerKind.COMMAND, "snapshot"),
        serials=wanted,
        accepted_at=now,
        at=moment,
        rooms=to.rooms,
        camera_rooms=to.apart,
    )


def _serials(parts: Parts, typed: tuple[str, ...], wrong: list[str]) -> list[str]:
    """Return serials for names; what names no camera is added to `wrong`."""
    dashboard, found = cameras_to_name(parts, typed), []
    for each in typed:
        serial = camera_called(each, dashboard)
        if serial is None:
            wrong.append(unknown_camera(each, dashboard))
        else:
            found.append(serial)
    return found


def _run(runner: JobRunner, job: Job, clock: SystemClock) -> JobProgress:
    """Run the job, showing a progress bar for each camera."""
    bars = progress_bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with bars, ThreadPoolExecutor(1) as pool:
        tasks = {s: bars.add_task(s, total=2, state="picture") for s in job.serials}
        running = pool.submit(runner.run, job)

        def poll_once() -> bool | None:
            for part in runner.progress(job).parts:
                _draw(bars, tasks, part.serial, part.state, part.event is not None)
            return True if running.done() else None

        try:
            poll(poll_once, clock, every_s=_POLL_EVERY_S, limit_s=float("inf"))
        except KeyboardInterrupt:
            clock.stop()  # the job ends, and the pool with it
            raise
        running.result()
        progress = runner.progress(job)
        for part in progress.parts:
            _draw(bars, tasks, part.serial, part.state, part.event is not None)
    return progress


def _draw(
    bars: Progress,
    tasks: dict[Serial, TaskID],
    serial: Serial,
    state: PartState,
    has_event: bool,
) -> None:
    done = {PartState.DELIVERED: 2, PartState.FAILED: 2}.get(state, int(has_event))
    word = {PartState.DELIVERED: "[green]done[/green]", PartState.FAILED: "[red]failed"}
    bars.update(
        tasks[serial],
        completed=done,
        state=word.get(state, "posting" if has_event else "picture"),
    )


def _report(progress: JobProgress, parts: Parts, folder: Path | None) -> None:
    for part in progress.parts:
        event = part.event
        name = event.camera_name if event else part.serial
        out.print(f"[bold]{escape(name)}[/bold] ({part.serial})")
        path = parts.files.snapshot(event) if event else None
        if event and path:
            shown = _copy(path, folder, part.serial, event.id)
            out.print(f"  picture     {escape(str(shown))}")
        if event and event.video_link:
            out.print(f"  video link  {escape(event.video_link)}")
        elif event and (why := event.details.get(NO_LINK)) and why != part.error:
            out.print(f"  video link  none: {escape(str(why))}")
        if part.state is PartState.DELIVERED and progress.job.rooms:
            rooms = ", ".join(progress.job.rooms_of(part.serial))
            out.print(f"  posted to   {escape(rooms)}")
        if part.error:
            out.print(f"  [red]{escape(part.error)}[/red]")


def _copy(path: Path, folder: Path | None, serial: Serial, event_id: str) -> Path:
    if folder is None:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"{serial}_{event_id[:8]}.jpg"
    shutil.copyfile(path, copy)
    return copy
