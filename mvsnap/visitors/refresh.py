"""Visitors: fetches the Dashboard's counts in the background, for the pages.

One process fetches for all; each organization has its own round, which a problem of
another one does not end. What somebody is viewing is refreshed first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from mvsnap.clients.meraki.budget import waited
from mvsnap.clients.meraki.zones import CountedZone
from mvsnap.clock import Clock, has_passed
from mvsnap.domain import Camera, Serial
from mvsnap.errors import UpstreamError
from mvsnap.store.sense import ZoneKey
from mvsnap.store.site import SiteStore
from mvsnap.visitors.counts import CAMERA_EVERY, VisitorCounts
from mvsnap.visitors.model import KnownZone
from mvsnap.visitors.pictures import VisitorPictures
from mvsnap.visitors.rules import Span
from mvsnap.visitors.store import VisitorStore

log = logging.getLogger(__name__)

_WORK = "visitors"
_HOURS_EVERY, _HOURS_VIEWED_EVERY = timedelta(minutes=15), timedelta(minutes=5)
_VIEWED_FOR = timedelta(minutes=10)
_ROUND_S, _PAUSE_S = 120.0, 60.0
# Longer than a round and its last picture.
_CLAIM = timedelta(minutes=5)
_FIRST_CAMERAS_S, _POLL_S = 10.0, 0.5


class VisitorRefresh:
    """by: the id of this process, the same after a restart.

    organization: its name in the settings. is_ours: whether it has the camera.
    """

    def __init__(
        self,
        counts: VisitorCounts,
        pictures: VisitorPictures,
        visitors: VisitorStore,
        site: SiteStore,
        clock: Clock,
        *,
        by: str,
        organization: str = "",
        is_ours: Callable[[Serial], bool] = lambda _: True,
    ) -> None:
        self._counts = counts
        self._pictures = pictures
        self._visitors = visitors
        self._site = site
        self._clock = clock
        self._by = by
        self._work = f"{_WORK} {organization}".strip()
        self._is_ours = is_ours
        self._is_first = True
        self._not_before = float("-inf")
        self._began_at = clock.now()
        self._ends_at = float("inf")

    def run(self) -> None:
        """Do what is due, for two minutes at most, unless another process does."""
        began = self._clock.monotonic()
        if began < self._not_before:
            return
        cameras = self._cameras()
        if not self._is_anything_due(cameras) or not self._claim(_CLAIM):
            return
        self._ends_at = began + _ROUND_S
        try:
            self._do_what_is_due(cameras)
        except UpstreamError as exc:
            log.info("visitor counts not refreshed: %s", exc.message)
            pause_s = max(_PAUSE_S, min(exc.retry_after_s or 0.0, 3600.0))
            self._not_before = self._clock.monotonic() + pause_s
            # No other process may fetch meanwhile, either.
            self._claim(timedelta(seconds=pause_s))
            return
        self._visitors.release(self._work, self._by)

    def _claim(self, length: timedelta) -> bool:
        now = self._clock.now()
        return self._visitors.claim(self._work, self._by, now, now + length)

    def _cameras(self) -> list[Camera]:
        """Return the cameras; at the very first start they are known within seconds."""
        found = self._listed()
        tries = int(_FIRST_CAMERAS_S / _POLL_S) if self._is_first else 0
        self._is_first = False
        while not found and tries and waited(self._clock, _POLL_S):
            found, tries = self._listed(), tries - 1
        return found

    def _listed(self) -> list[Camera]:
        return [c for c in self._site.cameras() if self._is_ours(c.serial)]

    def _zones(self) -> list[KnownZone]:
        return [k for k in self._visitors.zones() if self._is_ours(k.zone.serial)]

    def _missing_days(self) -> dict[tuple[Serial, Span], list[CountedZone]]:
        missing = self._counts.missing_days(self._clock.now())
        return {key: z for key, z in missing.items() if self._is_ours(key[0])}

    # --- what is due, the most wanted first

    def _is_anything_due(self, cameras: list[Camera]) -> bool:
        now, page_views, zones = self._clock.now(), self._page_views(), self._zones()
        return bool(
            self._due_cameras(cameras, now)
            or any(self._is_due(known, page_views, now) for known in zones)
            or self._missing_days()
            or self._pictures.due(now)
        )

    def _do_what_is_due(self, cameras: list[Camera]) -> None:
        """Start over, while there is time, when a person views a zone."""
        while self._clock.monotonic() < self._ends_at:
            self._began_at = self._clock.now()
            with self._visitors.together():
                self._ask_cameras(cameras)
            # A person waits for these: each is written as it comes.
            self._ask_hours(only=self._page_views())
            self._pictures.fetch(self._ends_at)
            with self._visitors.together():
                self._ask_days()
                self._ask_hours()
            if not self._is_somebody_viewing():
                return

    def _is_somebody_viewing(self) -> bool:
        """Return whether somebody has opened a zone since the work began."""
        return bool(self._visitors.page_views(self._began_at, self._clock.now()))

    def _page_views(self) -> dict[ZoneKey, datetime]:
        now = self._clock.now()
        return self._visitors.page_views(now - _VIEWED_FOR, now)

    def _due_cameras(self, cameras: list[Camera], now: datetime) -> list[Camera]:
        known = self._visitors.cameras()
        return [
            camera
            for camera in cameras
            if camera.serial not in known
            or has_passed(CAMERA_EVERY, known[camera.serial].asked_at, now)
        ]

    @staticmethod
    def _is_due(
        known: KnownZone, page_views: dict[ZoneKey, datetime], now: datetime
    ) -> bool:
        if known.hours_asked_at is None:
            return True
        viewed = (known.zone.serial, known.zone.zone_id) in page_views
        every = _HOURS_VIEWED_EVERY if viewed else _HOURS_EVERY
        return has_passed(every, known.hours_asked_at, now)

    def _goes_on(self) -> bool:
        return (
            self._clock.monotonic() < self._ends_at and not self._is_somebody_viewing()
        )

    # --- fetching it

    def _ask_cameras(self, cameras: list[Camera]) -> None:
        for camera in self._due_cameras(cameras, self._clock.now()):
            if not self._goes_on():
                break
            self._counts.ask_camera(camera.serial)
        here = {camera.serial for camera in (*cameras, *self._site.cameras())}
        for serial in self._visitors.cameras().keys() - here:
            self._visitors.forget_camera(serial)

    def _ask_days(self) -> None:
        for (serial, day), zones in self._missing_days().items():
            if not self._goes_on():
                return
            self._counts.ask_day(serial, zones, day)

    def _ask_hours(self, only: dict[ZoneKey, datetime] | None = None) -> None:
        """only: the zones that somebody is viewing; None: all."""
        for known in self._zones():
            key, now = (known.zone.serial, known.zone.zone_id), self._clock.now()
            if only is not None and key not in only:
                continue
            if not self._is_due(known, only or {}, now):
                continue
            if only is None and not self._goes_on():
                return
            self._counts.ask_hours(known)
