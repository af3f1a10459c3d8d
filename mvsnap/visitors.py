"""Visitors: what the Dashboard counted, fetched in the background for the pages.

One process asks for all. What is old by now is asked for first where a person looks.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from mvsnap.clients.meraki import Dashboard
from mvsnap.clock import Clock, poll
from mvsnap.core.visitors import (
    Count,
    CountedZone,
    HourCount,
    Span,
    ZoneKind,
    hour_counts,
    hour_start,
    last_days,
    last_hours,
    with_successors,
)
from mvsnap.domain import Camera, Serial, ZoneId
from mvsnap.errors import UpstreamError
from mvsnap.store.sense import ZoneKey
from mvsnap.store.site import SiteStore
from mvsnap.store.visitor_rows import CountingCamera, DayCount, KnownZone
from mvsnap.store.visitors import VisitorStore
from mvsnap.visitor_pictures import VisitorPictures

log = logging.getLogger(__name__)

HOURS = 14  # Meraki tells of so many hours at once
DAYS = 7
_WORK = "visitors"
_CAMERA_EVERY = timedelta(hours=1)
_HOURS_EVERY, _HOURS_LOOKED_EVERY = timedelta(minutes=15), timedelta(minutes=5)
_LOOKS_FOR = timedelta(minutes=10)
# Counts of the last minutes may still come in.
_LATE = timedelta(minutes=10)
_ROUND_S, _FIRST_CAMERAS_S = 120.0, 10.0
# Longer than a round and its last picture.
_CLAIM = timedelta(minutes=5)
_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Boundaries:
    """Areas and lines of each camera, and the organization that tells of them."""

    zones: dict[Serial, list[CountedZone]]
    organization_of: dict[ZoneKey, str]


class VisitorRefresh:
    """by: the id of this process; zone: the site's clock.

    dashboard: one that leaves the requests for triggers their share of the budget.
    """

    def __init__(
        self,
        dashboard: Dashboard,
        visitors: VisitorStore,
        site: SiteStore,
        pictures: VisitorPictures,
        clock: Clock,
        *,
        organization_id: str | None,
        zone: ZoneInfo,
        by: str,
    ) -> None:
        self._dashboard = dashboard
        self._analytics = dashboard.analytics
        self._visitors = visitors
        self._site = site
        self._pictures = pictures
        self._clock = clock
        self._organization_id = organization_id
        self._zone = zone
        # Two services of one data_dir may be called the same.
        self._by = f"{by} {uuid.uuid4().hex[:8]}"
        self._running = threading.Lock()
        self._boundaries = _Boundaries({}, {})
        self._boundaries_at = self._not_before = float("-inf")
        self._ends_at = float("inf")
        self._is_first = True
        self._refused_days: set[tuple[Serial, Span]] = set()

    def refresh(self) -> None:
        """Ask in the background for what is old by now."""
        if self._running.acquire(blocking=False):
            thread = threading.Thread(target=self._refresh, name="visitors")
            thread.daemon = True
            thread.start()

    def _refresh(self) -> None:
        try:
            self.run()
        except SQLAlchemyError as exc:
            log.warning("counts of visitors not kept: %s", type(exc).__name__)
        finally:
            self._running.release()

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
            log.info("no news of visitors: %s", exc.message)
            pause_s = max(_PAUSE_S, min(exc.retry_after_s or 0.0, 3600.0))
            self._not_before = self._clock.monotonic() + pause_s
            # Nobody else shall ask meanwhile, either.
            self._claim(timedelta(seconds=pause_s))
            return
        self._visitors.release(_WORK, self._by)

    def _claim(self, length: timedelta) -> bool:
        now = self._clock.now()
        return self._visitors.claim(_WORK, self._by, now, now + length)

    def _cameras(self) -> list[Camera]:
        """Return the cameras; at the very first start they are known within seconds."""
        limit_s = _FIRST_CAMERAS_S if self._is_first else 0.0
        self._is_first = False
        found = poll(
            lambda: self._site.cameras() or None,
            self._clock,
            every_s=0.5,
            limit_s=limit_s,
        )
        return found or []

    # --- what is due, the most wanted first

    def _is_anything_due(self, cameras: list[Camera]) -> bool:
        now, looks, zones = self._clock.now(), self._looks(), self._visitors.zones()
        return bool(
            self._due_cameras(cameras, now)
            or any(self._is_due(known, looks, now) for known in zones)
            or self._missing_days(now)
            or self._pictures.due(now)
        )

    def _do_what_is_due(self, cameras: list[Camera]) -> None:
        self._ask_cameras(cameras)
        self._ask_hours(only=self._looks())
        self._pictures.take(self._ends_at)
        self._ask_days()
        self._ask_hours()

    def _looks(self) -> dict[ZoneKey, datetime]:
        return self._visitors.looks(self._clock.now() - _LOOKS_FOR)

    def _due_cameras(self, cameras: list[Camera], now: datetime) -> list[Camera]:
        known = self._visitors.cameras()
        return [
            camera
            for camera in cameras
            if camera.serial not in known
            or now - known[camera.serial].asked_at >= _CAMERA_EVERY
        ]

    @staticmethod
    def _is_due(
        known: KnownZone, looks: dict[ZoneKey, datetime], now: datetime
    ) -> bool:
        if known.hours_asked_at is None:
            return True
        looked = (known.zone.serial, known.zone.zone_id) in looks
        every = _HOURS_LOOKED_EVERY if looked else _HOURS_EVERY
        return now - known.hours_asked_at >= every

    def _goes_on(self) -> bool:
        return self._clock.monotonic() < self._ends_at

    # --- cameras: is Sense on, which zones are there, what did they count today

    def _ask_cameras(self, cameras: list[Camera]) -> None:
        for camera in self._due_cameras(cameras, self._clock.now()):
            if self._goes_on():
                self._ask_camera(camera.serial)
        here = {camera.serial for camera in cameras}
        for serial in self._visitors.cameras().keys() - here:
            self._visitors.forget_camera(serial)

    def _ask_camera(self, serial: Serial) -> None:
        now, error, has_sense = self._clock.now(), None, None
        # What was refused may be asked for again, once an hour.
        self._refused_days = {day for day in self._refused_days if day[0] != serial}
        try:
            has_sense = self._analytics.has_sense(serial)
        except UpstreamError as exc:
            error = _lasting(exc)
        found: list[CountedZone] = []
        if has_sense is not False:
            known = self._known_boundaries()
            found = with_successors(self._zones(serial), known.zones.get(serial, []))
        self._visitors.keep_zones(serial, found)
        self._visitors.keep_camera(CountingCamera(serial, has_sense, now, error))
        if found:
            self._ask_day(serial, found, self._days(now)[-1])

    def _zones(self, serial: Serial) -> list[CountedZone]:
        """Return the zones, none where the Dashboard serves them no longer."""
        try:
            return self._analytics.zones(serial)
        except UpstreamError as exc:
            log.info("no zones of %s: %s", serial, _lasting(exc))
            return []

    def _known_boundaries(self) -> _Boundaries:
        now = self._clock.monotonic()
        if now - self._boundaries_at >= _CAMERA_EVERY.total_seconds():
            self._boundaries = self._ask_boundaries()
            self._boundaries_at = now
        return self._boundaries

    def _ask_boundaries(self) -> _Boundaries:
        found = _Boundaries({}, {})
        for organization_id in self._organizations():
            try:
                zones = self._analytics.boundaries(organization_id)
            except UpstreamError as exc:
                log.info("no areas and lines: %s", _lasting(exc))
                continue
            for zone in zones:
                found.zones.setdefault(zone.serial, []).append(zone)
                found.organization_of[zone.serial, zone.zone_id] = organization_id
        return found

    def _organizations(self) -> list[str]:
        if self._organization_id is not None:
            return [self._organization_id]
        return [found.id for found in self._dashboard.organizations()]

    # --- days

    def _days(self, now: datetime) -> list[Span]:
        today: date = now.astimezone(self._zone).date()
        return last_days(today, self._zone, DAYS)

    def _missing_days(
        self, now: datetime
    ) -> dict[tuple[Serial, Span], list[CountedZone]]:
        """Return the days before today that are not counted to their end."""
        days, zones = self._days(now), self._visitors.zones()
        finished = self._visitors.finished_days(days[0][0])
        found: dict[tuple[Serial, Span], list[CountedZone]] = {}
        for day in reversed(days[:-1]):
            # The last minutes of a day may still come in.
            if now < day[1] + _LATE:
                continue
            for known in zones:
                zone = known.zone
                is_finished = (zone.serial, zone.zone_id, day[0]) in finished
                if not is_finished and (zone.serial, day) not in self._refused_days:
                    found.setdefault((zone.serial, day), []).append(zone)
        return found

    def _ask_days(self) -> None:
        missing = self._missing_days(self._clock.now())
        for (serial, day), zones in missing.items():
            if self._goes_on():
                self._ask_day(serial, zones, day)

    def _ask_day(self, serial: Serial, zones: list[CountedZone], day: Span) -> None:
        """Keep what these zones of one camera counted on a day."""
        begin, now = day[0], self._clock.now()
        end = min(day[1], now)
        if end - begin < timedelta(minutes=1):
            return
        counted: dict[ZoneId, Count] = {}
        try:
            if any(zone.kind is ZoneKind.ZONE for zone in zones):
                counted |= self._analytics.overview(serial, begin, end)
            for organization_id, ids in self._boundaries_of(zones).items():
                counted |= self._analytics.crossings_in_all(
                    organization_id, ids, begin, end
                )
        except UpstreamError as exc:
            log.info("no counts of %s: %s", serial, _lasting(exc))
            self._refused_days.add((serial, day))
            return
        is_over = now >= day[1] + _LATE
        covered_s = (end - begin).total_seconds()
        nobody = Count(begin, end, 0)
        days = []
        for zone in zones:
            count = counted.get(zone.zone_id, nobody)
            people = count.average_people
            numbers = (count.entrances, people, covered_s, is_over)
            days.append(DayCount(serial, zone.zone_id, begin, *numbers))
        self._visitors.keep_days(days)

    def _boundaries_of(self, zones: Iterable[CountedZone]) -> dict[str, list[ZoneId]]:
        """Return the areas and lines among these by the organization to ask."""
        found: dict[str, list[ZoneId]] = {}
        for zone in zones:
            if zone.kind is not ZoneKind.ZONE:
                known = self._known_boundaries().organization_of
                organization_id = known.get((zone.serial, zone.zone_id))
                if organization_id is not None:
                    found.setdefault(organization_id, []).append(zone.zone_id)
        return found

    # --- hours

    def _ask_hours(self, only: dict[ZoneKey, datetime] | None = None) -> None:
        """only: the zones a person looks at; None: all."""
        for known in self._visitors.zones():
            key, now = (known.zone.serial, known.zone.zone_id), self._clock.now()
            if only is not None and key not in only:
                continue
            if self._goes_on() and self._is_due(known, only or {}, now):
                self._ask_hours_of(known, now)

    def _ask_hours_of(self, known: KnownZone, now: datetime) -> None:
        zone = known.zone
        spans = last_hours(now, self._zone, HOURS)
        if known.hours_asked_at is not None and known.error is None:
            fresh = hour_start(known.hours_asked_at - _LATE, self._zone)
            spans = [span for span in spans if span[0] >= fresh] or spans[-1:]
        try:
            counts = self._history(zone, spans[0][0], now)
        except UpstreamError as exc:
            error = _lasting(exc)
            self._visitors.note_no_hours(zone.serial, zone.zone_id, error, now)
            return
        hours: list[HourCount] = hour_counts(counts, spans, now)
        whole = (spans[0][0], spans[-1][1])
        self._visitors.keep_hours(zone.serial, zone.zone_id, whole, hours, now)

    def _history(
        self, zone: CountedZone, since: datetime, until: datetime
    ) -> list[Count]:
        if zone.kind is ZoneKind.ZONE:
            return self._analytics.history(zone.serial, zone.zone_id, since, until)
        found: list[Count] = []
        for organization_id, ids in self._boundaries_of([zone]).items():
            counts = self._analytics.crossings(organization_id, ids, since, until)
            found += counts[zone.zone_id]
        return found


def _lasting(error: UpstreamError) -> str:
    """Return the words of an error that stays; one that may pass ends the round."""
    if error.retry:
        raise error
    return error.message
