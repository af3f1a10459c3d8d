"""Visitors of the demo: what cameras counted in the two weeks before it began.

The gateway asks the Dashboard for seven days, and of today for the last hours alone: a
week could not be compared with the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from mvsnap.domain import ZoneId
    from mvsnap.simulator.meraki.cameras import SimulatedCamera
    from mvsnap.visitors.rules import HourCount, Span
    from mvsnap.visitors.store import VisitorStore

# Today, and two weeks before it.
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
    """Store what was counted until now; zone: of the site."""
    from mvsnap.simulator.meraki.cameras import line_of
    from mvsnap.simulator.meraki.counts import zone_ids
    from mvsnap.visitors.rules import last_days

    days = last_days(now.astimezone(zone).date(), zone, DAYS)
    with store.together():
        for camera in cameras:
            for zone_id in (*zone_ids(camera, 1), line_of(camera)):
                _seed_zone(store, camera, zone_id, days, now, zone)


def _seed_zone(
    store: VisitorStore,
    camera: SimulatedCamera,
    zone_id: ZoneId,
    days: Sequence[Span],
    now: datetime,
    zone: ZoneInfo,
) -> None:
    """Store the hours and days that are over; the gateway asks for today."""
    from mvsnap.visitors.model import DayCount

    for day in days:
        hours = list(_hours(camera, zone_id, (day[0], min(day[1], now)), zone))
        store.keep_hours(camera.serial, zone_id, day, hours, now)
        if day[1] > now:
            break
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

    for begin, end in hours_of(day, zone):
        if end > day[1]:
            break
        seen = list(minutes(camera, zone_id, begin, begin + _SAMPLED))
        entrances = sum(minute.entrances for minute in seen) * _SHARE
        people = sum(minute.average_people for minute in seen) / len(seen)
        yield HourCount(begin, entrances, round(people, 2))
