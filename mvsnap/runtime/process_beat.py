"""What a process says of itself: that it lives, its machine, and the outside.

Written at once when a service outside begins to fail or works again, to SQLite, which
may be on an SD card, after a minute when anything else has changed, and every 15
minutes in any case: that the process lives costs no write, see `store/pulses.py`.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mvsnap import __version__, tls
from mvsnap.errors import BadConfig
from mvsnap.file_lock import FileLock
from mvsnap.jobs.executors import acquire_leadership, data_id, installation
from mvsnap.loop import Loop
from mvsnap.runtime.clock_state import ClockSinceStart, mistake
from mvsnap.runtime.parts import Parts
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES
from mvsnap.store.files.cache import FOLDERS
from mvsnap.store.sharing.processes import ProcessReport
from mvsnap.texts.status_wordings import CERTIFICATE_UNREAD
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import OUTCOMES, Outcome, Outcomes, Upstream
from mvsnap.values import replace

if TYPE_CHECKING:
    from flask import Flask, Response

log = logging.getLogger(__name__)

# How soon the pages learn of a change.
_LOOK_S = 3.0
# A service that goes on working: Meraki is asked every five minutes, and a write for
# each would be most of what an idle machine writes.
_WORKED_EVERY_S = 720.0
# Walking through years of pictures takes a card seconds.
_MEASURE_S = 3600.0
_STOP_S = 1.0
# Of the room on the disk.
_MUCH = 0.02


class ProcessBeat:
    """by_itself: it has a thread, see `start`; otherwise see `beat_on_requests`."""

    def __init__(
        self,
        parts: Parts,
        roles: Iterable[str],
        *,
        by_itself: bool = True,
        outcomes: Outcomes = OUTCOMES,
    ) -> None:
        self._parts = parts
        self._roles = tuple(roles)
        self._by_itself = by_itself
        self._outcomes = outcomes
        self._clock_since = ClockSinceStart()
        self._lock = threading.Lock()
        self._name: tuple[str, FileLock] | None = None
        self._written_s: float | None = None
        self._began_s = parts.clock.monotonic()
        self._written: Mapping[str, Outcome] = {}
        self._reported: ProcessReport | None = None
        self._compared_s = 0.0
        self._measured_s: float | None = None
        self._evidence_bytes: int | None = None
        self._loop: Loop | None = None

    def start(self) -> None:
        # Its thread says good-bye: a stop does not wait for a database that is away.
        clock, leave = self._parts.clock, self._leave
        self._loop = Loop(
            "process", self.step, _LOOK_S, clock, outages=OUTAGES, at_end=leave
        )
        self._loop.start()

    def stop(self) -> None:
        if self._loop is None:
            self._leave()
        else:
            self._loop.stop(_STOP_S)
        if self._name is not None:
            self._name[1].release()

    def _leave(self) -> None:
        if self._written_s is not None and self._name is not None:
            with suppress(*OUTAGES):
                self._parts.processes.leave(self._name[0])

    def step(self) -> None:
        """Write if it is time, or if a service has changed."""
        found, now_s = self._outcomes.all(), self._parts.clock.monotonic()
        row_every_s = self._parts.processes.row_every_s(self._id())
        if _standing(found) != _standing(self._written) or self._is_due(
            found, now_s, row_every_s
        ):
            self._write(found)
            self._written_s, self._written = now_s, found
        if self._by_itself and "worker" in self._roles:
            self._measure(now_s)

    def _is_due(
        self, found: Mapping[str, Outcome], now_s: float, row_every_s: float
    ) -> bool:
        if self._written_s is None or now_s - self._written_s >= row_every_s:
            return True
        if (
            now_s - max(self._written_s, self._compared_s)
            < self._parts.processes.beat_s
        ):
            return False
        self._compared_s = now_s
        return _has_called(found, self._written) or _is_news(
            self._report(), self._reported
        )

    def try_step(self) -> None:
        """As `step`, after an answer: nobody waits for it, and it never fails."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self.step()
        except OUTAGES as exc:
            log.debug("this process could not be noted: %s", reason(exc))
        finally:
            self._lock.release()

    def _write(self, found: Mapping[str, Outcome]) -> None:
        parts, report = self._parts, self._report()
        parts.processes.beat(
            report,
            found,
            monotonic_s=parts.clock.monotonic(),
            clock=parts.clock.now(),
            is_first=self._written_s is None,
            began_s=self._began_s,
        )
        self._reported = report

    def _report(self) -> ProcessReport:
        settings, clock = self._parts.settings, self._parts.clock
        disk = shutil.disk_usage(settings.data_dir)
        ends_at, wrong = (
            _certificate(self._parts) if "web" in self._roles else (None, Reason(""))
        )
        return ProcessReport(
            id=self._id(),
            machine=socket.gethostname(),
            roles=", ".join(self._roles),
            version=__version__,
            data_id=data_id(settings.data_dir),
            by_itself=self._by_itself,
            clock_error=mistake(clock.now(), settings.site.zone)
            or self._clock_since.jump(),
            disk_free_bytes=disk.free,
            disk_total_bytes=disk.total,
            evidence_bytes=self._evidence_bytes,
            certificate_ends_at=ends_at,
            certificate_error=wrong,
        )

    def _id(self) -> str:
        """Return this process's id: that of the one before it, if that has ended."""
        if self._name is None:
            data_dir, roles = self._parts.settings.data_dir, "-".join(self._roles)
            number = 0
            while (lock := acquire_leadership(data_dir, f"{roles}-{number}")) is None:
                number += 1
            self._name = f"{installation(data_dir)}-{roles}-{number}", lock
        return self._name[0]

    def _measure(self, now_s: float) -> None:
        if self._measured_s is not None and now_s - self._measured_s < _MEASURE_S:
            return
        self._measured_s = now_s
        data_dir = self._parts.settings.data_dir
        sizes = (_sizes(data_dir / name) for name in FOLDERS)
        self._evidence_bytes = sum(size for folder in sizes for size in folder)


def beat_on_requests(app: Flask, beat: ProcessBeat) -> None:
    """Let a server that starts no thread of ours write after its answers."""

    def after(answer: Response) -> Response:
        answer.call_on_close(beat.try_step)
        return answer

    app.after_request(after)


def _standing(found: Mapping[str, Outcome]) -> Mapping[str, bool]:
    """Return what is worth a write at once; why it fails may change all the time."""
    return {name: bool(outcome.error) for name, outcome in found.items()}


def _has_called(found: Mapping[str, Outcome], known: Mapping[str, Outcome]) -> bool:
    """Return whether calls have changed what is written."""
    return any(_is_newer(n, outcome, known.get(n)) for n, outcome in found.items())


def _is_newer(name: str, outcome: Outcome, known: Outcome | None) -> bool:
    if known is None or outcome.error or known.error:
        return outcome != known
    if outcome.failed_s != known.failed_s:
        return True
    if name == Upstream.BROKER or outcome.worked_s is None:
        return False  # a connection is known to last without
    return outcome.worked_s - (known.worked_s or -math.inf) >= _WORKED_EVERY_S


def _is_news(report: ProcessReport, known: ProcessReport | None) -> bool:
    if known is None:
        return True
    room, was = report.disk_free_bytes, known.disk_free_bytes
    return abs(room - was) > _MUCH * was or known != replace(
        report, disk_free_bytes=was
    )


def _certificate(parts: Parts) -> tuple[datetime | None, Reason]:
    pair = parts.settings.server.tls.pair
    if pair is None:
        return None, Reason("")
    try:
        found = tls.validity(*pair)
    except (BadConfig, OSError, ValueError):
        return None, CERTIFICATE_UNREAD()
    until = found.until
    return datetime.fromtimestamp(until, UTC) if until else None, found.mistake


def _sizes(folder: Path) -> Iterator[int]:
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it was just removed
                yield (Path(path) / name).stat().st_size
