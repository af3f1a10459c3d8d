"""The sign of life: sent once a minute for all processes, while everything works."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from mvsnap.errors import UpstreamError
from mvsnap.status.model import Condition, Group
from mvsnap.status.read import StatusSources
from mvsnap.upstreams import Outcomes, Upstream

log = logging.getLogger(__name__)

# For one that leads soon, as the first one after a start.
_LOOK_S = 1.0
_UNWELL_S = 10.0
_LEAST_FREE_BYTES = 200_000_000
# A message that was given up long ago is on the status page; others work since.
_GIVEN_UP_WITHIN = timedelta(minutes=15)


class SignOfLife:
    """ping: asks the watcher; raises UpstreamError. prove_writable: of the store."""

    def __init__(
        self,
        sources: StatusSources,
        ping: Callable[[], None],
        outcomes: Outcomes,
        *,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
        prove_writable: Callable[[], None],
    ) -> None:
        self._sources = sources
        self._ping = ping
        self._outcomes = outcomes
        self._leads = leads
        self._now = now
        self._prove_writable = prove_writable
        self._silent_for, self._failing = "", False

    def step(self) -> float | None:
        """Return how soon to look again, where that is not in a minute."""
        if not self._leads():
            return _LOOK_S
        # Also the log of a database that is away: it raises, and nothing is sent.
        self._prove_writable()
        reasons = "; ".join(self.reasons())
        if bool(reasons) != bool(self._silent_for):
            if reasons:
                log.warning("no heartbeat is sent: %s", reasons)
            else:
                log.info("the heartbeat is sent again")
        self._silent_for = reasons
        if reasons:
            return _UNWELL_S  # the watcher should not wait when all is well again
        self._send()
        return None

    def reasons(self) -> Iterator[str]:
        """Yield what is wrong, of what matters."""
        sources, now = self._sources, self._now()
        if sources.store.is_read_only():
            yield "the database is read-only"
        if _free(sources.settings.data_dir) < _LEAST_FREE_BYTES:
            yield "the disk is full"
        if sources.store.count_undelivered(now - _GIVEN_UP_WITHIN):
            yield "messages were given up"
        for row in sources.rows(now):
            if row.health is not Condition.TROUBLE:
                continue
            is_recorder = row.group is Group.CAMERAS and row.name == "Recorder"
            is_queue = row.group is Group.JOBS and row.name == "Waiting"
            if is_recorder or is_queue or row.group is Group.SENSE:
                yield f"{row.name}: {row.text}"

    def _send(self) -> None:
        try:
            self._ping()
        except UpstreamError as exc:
            self._outcomes.failed(Upstream.HEARTBEAT, exc.message)
            if not self._failing:
                log.warning("%s", exc.message)
            self._failing = True
            return
        self._outcomes.worked(Upstream.HEARTBEAT)
        if self._failing:
            log.info("the heartbeat arrives again")
        self._failing = False


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
