"""Rows of processes and of the machines they run on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.store.sharing.processes import KnownProcess
from mvsnap.texts import N_
from mvsnap.texts import status_wordings as said

# Below the first nothing works well; the second is the warning before.
_LEAST_FREE_BYTES = 200_000_000
_LITTLE_FREE, _LITTLE_FREE_BYTES = 0.05, 1_000_000_000
_CLOCKS_DIFFER_S = 60.0
# Whoever renews does so a month before the end; then two weeks are left to notice.
_ENDS_SOON = timedelta(days=14)


def is_alive(known: KnownProcess, now: datetime, silent_after: timedelta) -> bool:
    """Return whether it may live: a web server may just have nothing to answer."""
    if known.stopped:
        return False
    return not known.report.by_itself or now - known.seen_at <= silent_after


def process_rows(
    processes: Sequence[KnownProcess],
    now: datetime,
    silent_after: timedelta,
    version: str,
) -> Iterator[StatusRow]:
    """version: of the process that shows them."""
    for known in processes:
        report = known.report
        text, advice = said.VERSION(version=report.version), ""
        health = Condition.OK
        if known.stopped:
            health, text = Condition.UNKNOWN, said.STOPPED(what=text)
        elif not is_alive(known, now, silent_after):
            health, text = Condition.TROUBLE, said.SILENT(what=text)
            advice = N_("See whether its machine runs; others do its work meanwhile.")
        elif now - known.seen_at > silent_after:
            health, text = Condition.UNKNOWN, said.NOT_ASKED(what=text)
        elif report.version != version:
            health, advice = (
                Condition.UNKNOWN,
                N_("Update or restart it: versions differ."),
            )
        yield StatusRow(
            Group.PROCESSES,
            f"{report.machine}: {report.roles}",
            health,
            text,
            advice,
            since=known.started_at,
            seen_at=known.seen_at,
        )


def machine_rows(
    processes: Sequence[KnownProcess], now: datetime, silent_after: timedelta
) -> Iterator[StatusRow]:
    """Yield the disk, clock and certificate of each machine that runs."""
    alive = [k for k in processes if is_alive(k, now, silent_after)]
    machines = sorted({k.report.machine for k in alive})
    for machine in machines:
        own = [k for k in alive if k.report.machine == machine]
        of = f" of {machine}" if len(machines) > 1 else ""
        folders = sorted({k.report.data_id for k in own})
        for folder in folders:
            which = f" ({folder})" if len(folders) > 1 else ""
            yield _disk(
                f"Disk{of}{which}", [k for k in own if k.report.data_id == folder]
            )
        yield _clock(f"Clock{of}", own)
        yield from _certificates(f"Certificate{of}", own, now)


def _newest(own: Sequence[KnownProcess]) -> KnownProcess:
    return max(own, key=lambda known: known.seen_at)


def _disk(name: str, own: Sequence[KnownProcess]) -> StatusRow:
    known = _newest(own)
    free, total = known.report.disk_free_bytes, known.report.disk_total_bytes
    evidence = max((k.report.evidence_bytes or 0 for k in own), default=0)
    sizes = {"free": said.size(free), "total": said.size(total)}
    text = said.FREE(**sizes)
    if evidence:
        text = said.FREE_BESIDE(**sizes, used=said.size(evidence))
    is_low = free < min(_LITTLE_FREE * total, _LITTLE_FREE_BYTES)
    if not is_low and free > _LEAST_FREE_BYTES:
        return StatusRow(Group.SITE, name, Condition.OK, text, seen_at=known.seen_at)
    advice = N_("Make room, or lower storage.max_gb or storage.retention_days.")
    return StatusRow(
        Group.SITE, name, Condition.TROUBLE, text, advice, seen_at=known.seen_at
    )


def _clock(name: str, own: Sequence[KnownProcess]) -> StatusRow:
    known = _newest(own)
    wrong, ahead_s = known.report.clock_error, known.clock_ahead_s
    if not wrong and abs(ahead_s) < _CLOCKS_DIFFER_S:
        return StatusRow(Group.SITE, name, Condition.OK, N_("right"))
    if not wrong:
        way = said.AHEAD if ahead_s > 0 else said.BEHIND
        wrong = way(length_s=abs(ahead_s))
    # A clock that was set is right now; what came before has wrong times.
    health = Condition.UNKNOWN if wrong.startswith("set ") else Condition.TROUBLE
    return StatusRow(
        Group.SITE, name, health, wrong, N_("See that NTP runs on this machine.")
    )


def _certificates(
    name: str, own: Sequence[KnownProcess], now: datetime
) -> Iterator[StatusRow]:
    report = _newest([k for k in own if "web" in k.report.roles] or own).report
    advice = N_("Renew it; no restart is needed.")
    if report.certificate_error:
        wrong = report.certificate_error
        yield StatusRow(Group.SITE, name, Condition.TROUBLE, wrong, advice)
    elif (until := report.certificate_ends_at) is not None:
        text = said.VALID_UNTIL(day=f"{until:%Y-%m-%d}")
        if until - now > _ENDS_SOON:
            yield StatusRow(Group.SITE, name, Condition.OK, text)
        else:
            yield StatusRow(Group.SITE, name, Condition.TROUBLE, text, advice)


def folder_rows(
    processes: Sequence[KnownProcess],
    now: datetime,
    silent_after: timedelta,
    *,
    shares_bucket: bool,
) -> Iterator[StatusRow]:
    """Yield a row where machines have folders of their own, and no bucket."""
    alive = [k for k in processes if is_alive(k, now, silent_after)]
    folders = {k.report.data_id for k in alive}
    if len(folders) > 1 and not shares_bucket:
        yield StatusRow(
            Group.SITE,
            N_("Data folders"),
            Condition.TROUBLE,
            said.FOLDERS(count=len(folders)),
            N_("Share one data_dir, or set storage.s3."),
        )
