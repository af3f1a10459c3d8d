"""Simulated people: the entrances of a zone in each minute, always the same.

They are not simulated step by step: a minute's number is derived from its name. Where
counts are published at the same time, those are used.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.simulator.meraki.cameras import NETWORKS, SimulatedCamera, area_of, line_of

# People in view now, None if unknown.
PeopleAt = Callable[[Serial, ZoneId, datetime], int | None]

MINUTE = timedelta(minutes=1)
# Of so short a span the rest of its hour is not made up.
_FEW = timedelta(minutes=20)
# People in each minute of a working day, by the hour of the network's clock.
_A_DAY = (
    *(0.05, 0.02, 0.02, 0.02, 0.05, 0.2, 0.6, 1.4),
    *(2.2, 1.6, 1.4, 2.0, 3.4, 2.8, 1.8, 1.6),
    *(2.0, 3.2, 2.6, 1.4, 0.7, 0.4, 0.2, 0.1),
)
_SCENES = {"gate": 1.0, "door": 0.6, "hall": 0.8, "yard": 0.3}
_CLOCKS = {network_id: ZoneInfo(clock) for network_id, _, clock in NETWORKS}
_SUNDAY = 6
_SAMPLE = timedelta(seconds=4)


class SimulatedMinute(Struct, frozen=True):
    began_at: datetime
    entrances: int
    average_people: float


def minutes(
    camera: SimulatedCamera,
    zone_id: ZoneId,
    since: datetime,
    until: datetime,
    people_at: PeopleAt | None = None,
) -> Iterator[SimulatedMinute]:
    """Yield each whole minute that begins in [since, until)."""
    share, is_alone = _share(camera, zone_id), until - since < _FEW
    begin = since.astimezone(UTC).replace(second=0, microsecond=0)
    if begin < since:
        begin += MINUTE
    while begin < until:
        if camera.was_away(begin):
            yield SimulatedMinute(begin, 0, 0.0)
        else:
            published = _published(camera, zone_id, begin, people_at)
            yield published or _made_up(camera, share, begin, is_alone=is_alone)
        begin += MINUTE


def _published(
    camera: SimulatedCamera,
    zone_id: ZoneId,
    begin: datetime,
    people_at: PeopleAt | None,
) -> SimulatedMinute | None:
    if people_at is None or people_at(camera.serial, zone_id, begin) is None:
        return None
    moments = (begin + step * _SAMPLE for step in range(MINUTE // _SAMPLE))
    seen = [people_at(camera.serial, zone_id, moment) or 0 for moment in moments]
    came = (max(0, now - before) for before, now in zip(seen, seen[1:], strict=False))
    return SimulatedMinute(begin, seen[0] + sum(came), round(sum(seen) / len(seen), 2))


def _made_up(
    camera: SimulatedCamera, share: float, begin: datetime, *, is_alone: bool
) -> SimulatedMinute:
    """is_alone: nobody will ask for the other minutes of its hour."""
    known = (camera.serial, camera.network_id, camera.scene, share)
    if is_alone:
        return _minute(begin, _people(*known, begin), _people(*known, begin - MINUTE))
    return _of_hour(*known, begin.replace(minute=0))[begin.minute]


@lru_cache(maxsize=1024)  # a week of six zones, which is asked for again and again
def _of_hour(
    serial: Serial, network_id: str, scene: str, share: float, hour: datetime
) -> tuple[SimulatedMinute, ...]:
    known = (serial, network_id, scene, share)
    found, before = [], _people(*known, hour - MINUTE)
    for begin in (hour + number * MINUTE for number in range(60)):
        now = _people(*known, begin)
        found.append(_minute(begin, now, before))
        before = now
    return tuple(found)


def _minute(begin: datetime, now: int, before: int) -> SimulatedMinute:
    return SimulatedMinute(begin, now, round(0.6 * now + 0.3 * before, 2))


def _people(
    serial: Serial, network_id: str, scene: str, share: float, begin: datetime
) -> int:
    local = begin.astimezone(_CLOCKS[network_id])
    usual = _A_DAY[local.hour] * _SCENES[scene]
    if local.weekday() == _SUNDAY:
        usual /= 4
    name = f"{serial}/{begin:%Y%m%d%H%M}"
    here = int(usual * 2 * _chance(name) + _chance(f"{name}/rest"))
    # Whoever is in a zone is in the full frame, too.
    return sum(_chance(f"{name}/{number}") < share for number in range(here))


def _share(camera: SimulatedCamera, zone_id: ZoneId) -> float:
    if zone_id == FULL_FRAME:
        return 1.0
    shares = {area_of(camera): 0.6, line_of(camera): 0.45}
    return shares.get(zone_id, 0.6)


def _chance(name: str) -> float:
    """Return 0 to 1, the same for the same name."""
    return zlib.crc32(name.encode()) / 2**32
