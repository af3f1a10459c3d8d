"""Visitors of the demo: what cameras counted in the two weeks before it began.

The gateway asks the Dashboard for a few days; a week needs the one before it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mvsnap.domain import FULL_FRAME

if TYPE_CHECKING:
    from mvsnap.domain import ZoneId
    from mvsnap.simulator.meraki.cameras import SimulatedCamera
    from mvsnap.visitors.rules import HourCount, Span
    from mvsnap.visitors.store import VisitorStore

# A week, the one before it, and the same day before that.
DAYS = 15
# Every minute of so many days would be looked up for a second or more.
_SAMPLED = timedelta(minutes=6)
_SHARE = timedelta(hours=1) // _SAMPLED


def seed(
    store: VisitorStore,
    cameras: Iterable[SimulatedCamera],
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Store the hours and days that the gateway does not ask for; zone: of the site."""
    from mvsnap.simulator.meraki.cameras import area_of, line_of
    from mvsnap.visitors.counts import DAYS as ASKED
    from mvsnap.visitors.rules import last_days

    last = now.astimezone(zone).date() - timedelta(days=ASKED)
    days = last_days(last, zone, DAYS - ASKED)
    with store.together():
        for camera in cameras:
            for zone_id in (FULL_FRAME, area_of(camera), line_of(camera)):
                _seed_zone(store, camera, zone_id, days, zone, now)


def _seed_zone(
    store: VisitorStore,
    camera: SimulatedCamera,
    zone_id: ZoneId,
    days: Iterable[Span],
    zone: ZoneInfo,
    now: datetime,
) -> None:
    from mvsnap.visitors.model import DayCount

    for day in days:
        hours = list(_hours(camera, zone_id, day, zone))
        store.keep_hours(camera.serial, zone_id, day, hours, now)
        entrances = sum(hour.entrances for hour in hours)
        people = sum(hour.average_people or 0.0 for hour in hours) / len(hours)
        covered_s = (day[1] - day[0]).total_seconds()
        found = DayCount(
            *(camera.serial, zone_id, day[0], entrances, round(people, 2)),
            *(covered_s, True),
        )
        store.keep_days([found])


def _hours(
    camera: SimulatedCamera, zone_id: ZoneId, day: Span, zone: ZoneInfo
) -> Iterator[HourCount]:
    from mvsnap.simulator.meraki.people import minutes
    from mvsnap.visitors.rules import HourCount, hours_of

    for begin, _end in hours_of(day, zone):
        seen = list(minutes(camera, zone_id, begin, begin + _SAMPLED))
        entrances = sum(minute.entrances for minute in seen) * _SHARE
        people = sum(minute.average_people for minute in seen) / len(seen)
        yield HourCount(begin, entrances, round(people, 2))
