"""Worker of Wi-Fi analytics: makes visits of the observations that were accepted."""

from __future__ import annotations

import logging
from contextlib import closing

from mvsnap.clock import SystemClock
from mvsnap.config.scanning import Scanning
from mvsnap.loop import Loop
from mvsnap.store.database import Database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.rebuild import Rebuild
from mvsnap.wifi.visits import VisitRule

log = logging.getLogger(__name__)

# How long what other processes accepted waits, at most; and all, after a failure.
_POLL_S = 1.0
_FAILED_S = 15.0
# How often it is looked whether somebody broke off a rebuild.
_REBUILD_LOOK_S = 30.0


def visit_rule(scanning: Scanning) -> VisitRule:
    return VisitRule(
        gap_s=scanning.visit_gap_s,
        near_dbm=scanning.correlation.min_rssi_dbm,
        long_stay_s=scanning.long_stay_s,
    )


class VisitMaker:
    """A thread of its own; without endpoints there is none."""

    def __init__(
        self, store: WifiStore, db: Database, scanning: Scanning, clock: SystemClock
    ) -> None:
        self._store = store
        self._db = db
        self._rule = visit_rule(scanning)
        self._has_endpoints = bool(scanning.endpoints)
        self._clock = clock
        self._look_at_s = float("-inf")
        self.loop = Loop("visits", self._step, _POLL_S, clock, failed_s=_FAILED_S)

    def start(self) -> None:
        if self._has_endpoints:
            self._store.on_arrival = self.loop.wake
            self.loop.start()

    def _step(self) -> float | None:
        clock = self._clock
        if clock.monotonic() >= self._look_at_s:
            # Until it worked no batch is processed: half a rebuild is wrong.
            self._go_on_rebuilding()
            self._look_at_s = clock.monotonic() + _REBUILD_LOOK_S
        is_more = self._store.process(self._rule, clock.now()) > 0
        return 0 if is_more else None

    def _go_on_rebuilding(self) -> None:
        """Make an end of a rebuild that somebody broke off: half of it is wrong."""
        if not self._store.is_half_rebuilt(self._clock.now()):
            return
        log.warning("a rebuild of visits was interrupted: starting again")
        with closing(Rebuild(self._db, self._rule, self._clock).run()) as steps:
            for _ in steps:
                if self._clock.stopped:
                    return
        log.info("visits rebuilt")
