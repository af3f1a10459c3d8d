"""Worker of Wi-Fi analytics: turns accepted observations into visits."""

from __future__ import annotations

import logging
from contextlib import closing
from zoneinfo import ZoneInfo

from mvsnap.clock import SystemClock
from mvsnap.config.scanning import Scanning
from mvsnap.loop import Loop
from mvsnap.store.database import OUTAGES, Database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.rebuild import Rebuild
from mvsnap.wifi.visits import VisitRule

log = logging.getLogger(__name__)

# The longest wait for batches accepted by other processes, and after a failure.
_POLL_S = 1.0
_FAILED_S = 15.0
# Between two transactions: whoever waits for the lock, such as a message that is
# answered when it is stored, gets it before this thread does again.
_PAUSE_S = 0.002
_GIVING_WAY_S = 0.01
# How often to check for an interrupted rebuild.
_REBUILD_CHECK_S = 30.0


def visit_rule(scanning: Scanning, zone: ZoneInfo) -> VisitRule:
    """zone: of the site."""
    return VisitRule(
        gap_s=scanning.visit_gap_s,
        near_dbm=scanning.correlation.min_rssi_dbm,
        long_stay_s=scanning.long_stay_s,
        zone=zone,
    )


class VisitMaker:
    """Runs in a thread of its own; not needed without endpoints."""

    def __init__(
        self,
        store: WifiStore,
        db: Database,
        scanning: Scanning,
        zone: ZoneInfo,
        clock: SystemClock,
    ) -> None:
        self._store = store
        self._db = db
        self._rule = visit_rule(scanning, zone)
        self._has_endpoints = bool(scanning.endpoints)
        self._clock = clock
        self._check_at_s = float("-inf")
        self.loop = Loop(
            "visits", self._step, _POLL_S, clock, failed_s=_FAILED_S, outages=OUTAGES
        )

    def start(self) -> None:
        if self._has_endpoints:
            self._store.on_arrival = self.loop.wake
            self.loop.start()

    def _step(self) -> float | None:
        clock = self._clock
        if clock.monotonic() >= self._check_at_s:
            # Until this succeeds no batch is processed: half a rebuild is wrong.
            self._go_on_rebuilding()
            self._check_at_s = clock.monotonic() + _REBUILD_CHECK_S
        if self._store.gives_way():
            return _GIVING_WAY_S
        is_more = self._store.process(self._rule, clock.now()) > 0
        return _PAUSE_S if is_more else None

    def _go_on_rebuilding(self) -> None:
        """Complete a rebuild that was interrupted: half of it is wrong."""
        if not self._store.is_half_rebuilt(self._clock.now()):
            return
        log.warning("a rebuild of visits was interrupted: starting again")
        with closing(Rebuild(self._db, self._rule, self._clock).run()) as steps:
            for _ in steps:
                if self._clock.stopped:
                    return
        log.info("visits rebuilt")
