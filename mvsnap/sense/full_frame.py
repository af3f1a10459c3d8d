"""Full frames: each counts only where its camera sends no other zone. No I/O.

People at the entrance are also in the picture: with both watched, one crowd would be
two alarms. What a camera sends decides, not the Dashboard's list: a zone that sends
nothing must not keep the picture from alerting. The zones of a camera are always
watched by the same process (see `zone_share`), so that all listeners agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from mvsnap.core.crowd import SILENCE_MS
from mvsnap.domain import FULL_FRAME, Serial
from mvsnap.sense.rules import SenseRules
from mvsnap.sense.zone import ZoneWatch
from mvsnap.store.sense import ZoneKey


class FullFrames:
    """watches: the detector's own, to read. end: ends what is under way in a frame."""

    def __init__(
        self,
        watches: Mapping[ZoneKey, ZoneWatch],
        end: Callable[[ZoneWatch, datetime], None],
    ) -> None:
        self._watches = watches
        self._end = end
        self._have_zones: set[Serial] = set()

    def note_new(self, zone: ZoneWatch, rules: SenseRules, now: datetime) -> None:
        """Settle it at once when a camera is first heard, or another of its zones."""
        if zone.zone_id != FULL_FRAME:
            self._have_zones.add(zone.serial)
        self._settle(zone.serial, rules, now)

    def review(self, rules: SenseRules, now: datetime) -> None:
        """Settle all, also where a zone became silent while the picture counts on."""
        self._have_zones = self._sending()
        for serial, zone_id in list(self._watches):
            if zone_id == FULL_FRAME:
                self._settle(serial, rules, now)

    def _sending(self) -> set[Serial]:
        newest: dict[Serial, int] = {}
        for zone in self._watches.values():
            if zone.zone_id != FULL_FRAME:
                heard_ms = newest.get(zone.serial, -1)
                newest[zone.serial] = max(zone.last_seen_ms, heard_ms)
        return {serial for serial, ms in newest.items() if self._is_fresh(serial, ms)}

    def _is_fresh(self, serial: Serial, heard_ms: int) -> bool:
        # Compared with the frame itself: a camera that is away sends neither.
        frame = self._watches.get((serial, FULL_FRAME))
        return frame is None or heard_ms >= frame.last_seen_ms - SILENCE_MS

    def _settle(self, serial: Serial, rules: SenseRules, now: datetime) -> None:
        frame = self._watches.get((serial, FULL_FRAME))
        if frame is None:
            return
        steps_back = serial in self._have_zones and rules.frame_steps_back(serial)
        if steps_back and not frame.steps_back:
            self._end(frame, now)
        frame.steps_back = steps_back
