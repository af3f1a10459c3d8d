"""Fetches visitor counts: one request to the Dashboard, its answer into the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.organizations import ask_each
from mvsnap.clients.meraki.zones import Count, CountedZone, ZoneKind
from mvsnap.clock import Clock, is_to_come
from mvsnap.domain import Serial, ZoneId
from mvsnap.errors import UpstreamError
from mvsnap.store.sense import ZoneKey
from mvsnap.visitors.model import CountingCamera, DayCount, KnownZone
from mvsnap.visitors.rules import (
    Span,
    hour_counts,
    hour_start,
    last_days,
    last_hours,
    with_successors,
)
from mvsnap.visitors.store import VisitorStore

log = logging.getLogger(__name__)

HOURS = 14  # The most hours that Meraki returns at once
DAYS = 7
CAMERA_EVERY = timedelta(hours=1)
_AGAIN = timedelta(minutes=10)
# Counts of the last minutes may still arrive.
_LATE = timedelta(minutes=10)


class _Boundaries(Struct, frozen=True):
    """Areas and lines of each camera, and the organization to query for them."""

    zones: dict[Serial, list[CountedZone]]
    organization_of: dict[ZoneKey, str]
    is_complete: bool = True  # False: an organization will be asked again soon


class VisitorCounts:
    """Every method raises UpstreamError for a problem that may pass.

    What failed is noted before that: it waits for its next turn, and blocks nothing
    else.
    dashboard: of one organization of the settings, one that leaves triggers their share
        of its request budget.
    zone: the site's time zone.
    """

    def __init__(
        self,
        dashboard: Dashboard,
        visitors: VisitorStore,
        clock: Clock,
        *,
        zone: ZoneInfo,
    ) -> None:
        self._dashboard = dashboard
        self._analytics = dashboard.analytics
        self._visitors = visitors
        self._clock = clock
        self._zone = zone
        self._boundaries: _Boundaries | None = None  # None: not fetched yet
        self._boundaries_due = float("-inf")
        self._refused_days: set[tuple[Serial, Span]] = set()

    # --- cameras

    def ask_camera(self, serial: Serial) -> None:
        """Fetch whether Sense is on, which zones there are, and today's counts."""
        now, error, has_sense = self._clock.now(), None, None
        # A refused request is retried once an hour.
        self._refused_days = {day for day in self._refused_days if day[0] != serial}
        try:
            try:
                has_sense = self._analytics.has_sense(serial)
            except UpstreamError as exc:
                error = _lasting(exc)
            found = [] if has_sense is False else self._zones(serial)
        except UpstreamError as exc:
            soon = now - CAMERA_EVERY + _AGAIN
            camera = CountingCamera(serial, has_sense, soon, exc.message)
            self._visitors.keep_camera(camera)
            raise
        self._visitors.keep_zones(serial, found)
        self._visitors.keep_camera(CountingCamera(serial, has_sense, now, error))
        if found:
            self.ask_day(serial, found, self._days(now)[-1])

    def _zones(self, serial: Serial) -> list[CountedZone]:
        """Return zones, where they are still served, with their successors."""
        known = self._known_boundaries()
        boundaries = known.zones.get(serial, []) if known else []
        if not boundaries and (known is None or not known.is_complete):
            boundaries = self._remembered(serial)
        try:
            zones = self._analytics.zones(serial)
        except UpstreamError as exc:
            log.info("zones of %s unavailable: %s", serial, _lasting(exc))
            zones = []
        return with_successors(zones, boundaries)

    def _remembered(self, serial: Serial) -> list[CountedZone]:
        """Return the areas and lines of a camera stored before a restart."""
        zones = [known.zone for known in self._visitors.zones()]
        return [
            zone
            for zone in zones
            if zone.serial == serial and zone.kind is not ZoneKind.ZONE
        ]

    def _known_boundaries(self) -> _Boundaries | None:
        now = self._clock.monotonic()
        if now >= self._boundaries_due:
            # Also on failure: cameras with zones work without them.
            self._boundaries_due = now + _AGAIN.total_seconds()
            self._boundaries = self._ask_boundaries()
            if self._boundaries.is_complete:
                self._boundaries_due = now + CAMERA_EVERY.total_seconds()
        return self._boundaries

    def _ask_boundaries(self) -> _Boundaries:
        answers = ask_each(
            self._dashboard.own_organizations(),
            lambda organization: self._analytics.boundaries(organization.id),
        )
        for refusal in answers.refusals():
            log.info("areas and lines: %s", refusal)
        if answers.may_change:
            # A temporary problem of all ends the round.
            answers.require_one()
        found = _Boundaries({}, {}, is_complete=not answers.may_change)
        for organization, zones in answers.answered:
            for zone in zones:
                found.zones.setdefault(zone.serial, []).append(zone)
                found.organization_of[zone.serial, zone.zone_id] = organization.id
        return found

    # --- days

    def _days(self, now: datetime) -> list[Span]:
        return last_days(now.astimezone(self._zone).date(), self._zone, DAYS)

    def missing_days(
        self, now: datetime
    ) -> dict[tuple[Serial, Span], list[CountedZone]]:
        """Return the days before today that are not fully counted."""
        days, zones = self._days(now), self._visitors.zones()
        finished = self._visitors.finished_days(days[0][0])
        found: dict[tuple[Serial, Span], list[CountedZone]] = {}
        for day in reversed(days[:-1]):
            if now < day[1] + _LATE:
                continue
            for known in zones:
                zone = known.zone
                is_finished = (zone.serial, zone.zone_id, day[0]) in finished
                if not is_finished and (zone.serial, day) not in self._refused_days:
                    found.setdefault((zone.serial, day), []).append(zone)
        return found

    def ask_day(self, serial: Serial, zones: list[CountedZone], day: Span) -> None:
        """Store what these zones of one camera counted on a day."""
        begin, now = day[0], self._clock.now()
        end = min(day[1], now)
        if end - begin < timedelta(minutes=1):
            return
        try:
            counted = self._counted(serial, zones, (begin, end))
        except UpstreamError as exc:
            self._refused_days.add((serial, day))
            log.info("counts of %s unavailable: %s", serial, _lasting(exc))
            return
        if len(counted) < len(zones):
            self._refused_days.add((serial, day))
        covered_s, is_over = (end - begin).total_seconds(), now >= day[1] + _LATE
        self._visitors.keep_days(
            DayCount(
                *(serial, zone_id, begin, count.entrances, count.average_people),
                *(covered_s, is_over),
            )
            for zone_id, count in counted.items()
        )

    def _counted(
        self, serial: Serial, zones: Iterable[CountedZone], span: Span
    ) -> Mapping[ZoneId, Count]:
        """Return the count of each zone that could be queried."""
        ids = [zone.zone_id for zone in zones if zone.kind is ZoneKind.ZONE]
        found: dict[ZoneId, Count] = {}
        if ids:
            totals = self._analytics.overview(serial, *span)
            # A zone missing from the overview had no visitors.
            found |= {id_: totals.get(id_, Count(*span, 0)) for id_ in ids}
        for organization_id, ids in self._boundaries_of(zones).items():
            found |= self._analytics.crossings_in_all(organization_id, ids, *span)
        return found

    def _boundaries_of(self, zones: Iterable[CountedZone]) -> dict[str, list[ZoneId]]:
        """Return the areas and lines among these by the organization to query."""
        found: dict[str, list[ZoneId]] = {}
        for zone in zones:
            if zone.kind is not ZoneKind.ZONE and (known := self._known_boundaries()):
                key = (zone.serial, zone.zone_id)
                organization_id = known.organization_of.get(key)
                if organization_id is not None:
                    found.setdefault(organization_id, []).append(zone.zone_id)
        return found

    # --- hours

    def ask_hours(self, known: KnownZone) -> None:
        """Store the hours since the last request, 14 at most."""
        zone, now = known.zone, self._clock.now()
        spans = last_hours(now, self._zone, HOURS)
        asked_at = known.hours_asked_at
        if asked_at and known.error is None and not is_to_come(asked_at, now):
            fresh = hour_start(asked_at - _LATE, self._zone)
            spans = [span for span in spans if span[0] >= fresh] or spans[-1:]
        try:
            counts = self._history(zone, spans[0][0], now)
        except UpstreamError as exc:
            self._visitors.note_no_hours(zone.serial, zone.zone_id, exc.message, now)
            _lasting(exc)
            return
        whole, hours = (spans[0][0], spans[-1][1]), hour_counts(counts, spans, now)
        self._visitors.keep_hours(zone.serial, zone.zone_id, whole, hours, now)

    def _history(
        self, zone: CountedZone, since: datetime, until: datetime
    ) -> list[Count]:
        if zone.kind is ZoneKind.ZONE:
            return self._analytics.history(zone.serial, zone.zone_id, since, until)
        for organization_id, ids in self._boundaries_of([zone]).items():
            counts = self._analytics.crossings(organization_id, ids, since, until)
            return counts[zone.zone_id]
        raise UpstreamError(
            "The Dashboard does not list this area or line", retry=False
        )


def _lasting(error: UpstreamError) -> str:
    """Return the message of a permanent error; a temporary one ends the round."""
    if error.retry:
        raise error
    return error.message
