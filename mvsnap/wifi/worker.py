"""Worker of Wi-Fi analytics: makes visits of the observations that were accepted."""

from __future__ import annotations

import logging
import threading
from contextlib import closing

from mvsnap.clock import SystemClock
from mvsnap.config.scanning import Scanning
from mvsnap.store.database import Database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.rebuild import Rebuild
from mvsnap.wifi.visits import VisitRule

log = logging.getLogger(__name__)

# How long what other processes accepted waits, at most; and all, after a failure.
_LOOK_S = 1.0
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
    """A thread that ends when the clock stops; without endpoints there is none."""

    def __init__(
        self, store: WifiStore, db: Database, scanning: Scanning, clock: SystemClock
    ) -> None:
        self._store = store
        self._db = db
        self._scanning = scanning
        self._clock = clock

    def start(self) -> None:
        if self._scanning.endpoints:
            threading.Thread(target=self._run, name="visits", daemon=True).start()

    def _run(self) -> None:
        clock, rule = self._clock, visit_rule(self._scanning)
        look_at_s = clock.monotonic()
        while not clock.stopped:
            try:
                if clock.monotonic() >= look_at_s:
                    self._go_on_rebuilding(rule)
                    look_at_s = clock.monotonic() + _REBUILD_LOOK_S
                if not self._store.process(rule, clock.now()):
                    self._store.arrived.wait(_LOOK_S)
                    self._store.arrived.clear()
            except Exception:
                # What is accepted stays accepted: the next round may work.
                log.exception("computing visits failed")
                clock.sleep(_FAILED_S)

    def _go_on_rebuilding(self, rule: VisitRule) -> None:
        """Make an end of a rebuild that somebody broke off: half of it is wrong."""
        if not self._store.is_half_rebuilt(self._clock.now()):
            return
        log.warning("a rebuild of visits was interrupted: starting again")
        with closing(Rebuild(self._db, rule, self._clock).run()) as steps:
            for _ in steps:
                if self._clock.stopped:
                    return
        log.info("visits rebuilt")
