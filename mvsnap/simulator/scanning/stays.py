"""Scanning stays: how cameras see people standing in their zones.

Begin and end of a stay are both inclusive, so it is counted from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mvsnap.domain import Presence, Serial, ZoneId
from mvsnap.simulator.meraki.counts import Crowd
from mvsnap.simulator.scanning.world import ScanningWorld, Spot, Stay

# Any two stays of a day share at least this many seconds or are this far apart.
APART_S, SHARED_S = 90, 120
_SECOND = timedelta(seconds=1)
_EVERY = timedelta(seconds=10)
# A zone counts as empty only after five seconds without anybody.
_EMPTY_FOR_S = 6

PeopleCount = tuple[Serial, ZoneId, datetime, int]


def apart_s(one: Stay, other: Stay) -> float:
    """Return the seconds between two stays; below 0: the seconds they share."""
    return (max(one.begin, other.begin) - min(one.end, other.end)).total_seconds()


def agree(one: Stay, other: Stay) -> bool:
    """Return whether it is unambiguous if the two were at the same time."""
    away_s = apart_s(one, other)
    shared = one.is_seen and other.is_seen and away_s <= -SHARED_S
    return away_s >= APART_S or shared


def presence_of(stay: Stay, others: Sequence[Stay]) -> tuple[datetime, datetime]:
    """Return from when to when the zone is occupied continuously, including `stay`."""
    here = [other for other in others if other.spot == stay.spot]
    begin, end = stay.begin, stay.end
    while True:
        touching = [o for o in here if o.begin <= end and o.end >= begin]
        wider = (
            min([begin, *(other.begin for other in touching)]),
            max([end, *(other.end for other in touching)]),
        )
        if wider == (begin, end):
            return wider
        begin, end = wider


def seen_stays(world: ScanningWorld, spot: Spot) -> list[Stay]:
    """Return the stays in a zone that the camera sees, by begin."""
    all_stays = (stay for walk in world.walks for stay in walk.stays)
    here = [stay for stay in all_stays if stay.spot == spot and stay.is_seen]
    return sorted(here, key=lambda stay: (stay.begin, stay.end))


def levels(world: ScanningWorld, spot: Spot) -> list[tuple[datetime, int]]:
    """Return when the number of people in a zone changes, and to what; ends with 0."""
    change: dict[datetime, int] = {}
    for stay in seen_stays(world, spot):
        change[stay.begin] = change.get(stay.begin, 0) + 1
        after = stay.end + _SECOND
        change[after] = change.get(after, 0) - 1
    found, people = [], 0
    for at in sorted(change):
        people += change[at]
        if change[at]:
            found.append((at, people))
    return found


def presences(world: ScanningWorld) -> list[Presence]:
    """Return when cameras saw people in which zone, by time."""
    found = []
    for spot in world.spots:
        time_in, peak = None, 0
        for at, people in levels(world, spot):
            time_in, peak = time_in or at, max(peak, people)
            if people == 0:
                out = at - _SECOND
                found.append(Presence(spot.serial, spot.zone_id, time_in, out, peak))
                time_in, peak = None, 0
    return sorted(found, key=lambda one: (one.time_in, one.serial, one.zone_id))


def people_counts(
    world: ScanningWorld, begin: datetime, end: datetime
) -> Iterator[PeopleCount]:
    """Yield the counts of cameras from `begin` until before `end`, by time.

    There is a count with each change, at the last second with somebody, every 10 s
    while somebody is there, and finally some zeros.
    """
    found: list[PeopleCount] = []
    for spot in world.spots:
        for at, people in _counted(levels(world, spot)):
            if begin <= at < end:
                found.append((spot.serial, spot.zone_id, at, people))
    yield from sorted(found, key=lambda count: (count[2], count[0], count[1]))


def _counted(
    changes: Sequence[tuple[datetime, int]],
) -> Iterator[tuple[datetime, int]]:
    for (at, people), (until, _) in zip(changes, changes[1:], strict=False):
        if people:
            now = at
            while now < until - _SECOND:
                yield now, people
                now += _EVERY
            yield until - _SECOND, people
        else:
            yield from ((at, 0), (at + _SECOND * _EMPTY_FOR_S, 0))
    if changes:
        at = changes[-1][0]
        yield from ((at, 0), (at + _SECOND * _EMPTY_FOR_S, 0))


def crowds(world: ScanningWorld, start: datetime) -> list[Crowd]:
    """Return the same for a `CountsPublisher` that starts at `start`, without a seed.

    What is over by then is omitted.
    """
    found = []
    for spot in world.spots:
        changes = levels(world, spot)
        for (at, people), (until, _) in zip(changes, changes[1:], strict=False):
            begins_s, ends_s = ((t - start).total_seconds() for t in (at, until))
            if people and ends_s > 0:
                zone = spot.serial, spot.zone_id
                found.append(Crowd(*zone, max(begins_s, 0.0), ends_s, people))
    return found
