"""Scanning people: who walks through the simulated shop on which day, from a seed.

A day is drawn from the seed and its date alone: it is the same in a long world and in a
short one. Any two stays of a day either share two minutes or are 90 s apart. So it is
unambiguous who was near while a camera saw somebody, however rarely phones send.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.simulator.meraki.cameras import SimulatedCamera, new_camera
from mvsnap.simulator.meraki.counts import zone_ids
from mvsnap.simulator.scanning.devices import (
    mac_of,
    new_access_point,
    new_phone,
    spots_below,
    things,
)
from mvsnap.simulator.scanning.stays import (
    APART_S,
    SHARED_S,
    agree,
    apart_s,
    presence_of,
)
from mvsnap.simulator.scanning.world import (
    AISLE_M,
    GRID_M,
    OUTSIDE_M,
    AccessPoint,
    Phone,
    ScanningWorld,
    SimRadio,
    Spot,
    Stay,
    Walk,
    WalkerKind,
)
from mvsnap.values import replace

NETWORK_ID = "L_707512010000001"
# The gateway cuts a presence at 15 minutes; none of this world comes near.
LONGEST_PRESENCE_S = 840
_STAY_S = (SHARED_S, 240)
_VISIT_S = (240, 1500)
# Room for a visit, a pause and another visit.
_SHORTEST_DAY_H = 3


class Mix(Struct, frozen=True):
    """Who comes, and when.

    visitors, passers: of a day. open_from, open_until: local hours.
    closed_weekdays: Monday is 0; passers-by and things stay.
    returning: share of visitors who leave for some minutes and return.
    randomized, associated: shares of phones; of the randomized ones that are not
        associated every day has new addresses, and v3 omits them.
    no_phone: share of visitors whom only cameras see.
    unseen: share of stays that only access points detect.
    things: a printer and a beacon, sending day and night.
    """

    visitors: int = 60
    passers: int = 80
    staff: int = 3
    open_from: int = 9
    open_until: int = 20
    closed_weekdays: frozenset[int] = frozenset({6})
    returning: float = 0.2
    randomized: float = 0.3
    associated: float = 0.5
    no_phone: float = 0.0
    unseen: float = 0.0
    things: bool = True

    def __post_init__(self) -> None:
        if self.open_until - self.open_from < _SHORTEST_DAY_H:
            raise ValueError(f"open_until: {self.open_until}, too soon after opening")


# Cameras and access points agree in everything: each person has a phone, and is seen.
CLEAN = Mix()
# Some people have no phone, and some phones are where no camera looks.
MIXED = Mix(no_phone=0.25, unseen=0.25)


def build_world(
    begin: date,
    *,
    days: int = 7,
    timezone: str = "Europe/Berlin",
    seed: int = 1,
    access_points: int = 3,
    cameras: Sequence[SimulatedCamera] | None = None,
    mix: Mix = CLEAN,
) -> ScanningWorld:
    """Return the world from the local midnight of `begin` on, for whole local days.

    cameras: each with one zone, the first that `zone_ids` names; None: cameras 1 and 2.
    """
    zone = ZoneInfo(timezone)
    wanted = [new_camera(1), new_camera(2)] if cameras is None else cameras
    points = tuple(new_access_point(number) for number in range(access_points))
    spots = spots_below(points, [(c.serial, zone_ids(c, 1)[1]) for c in wanted])
    opens, closes = (_at(begin + timedelta(days=d), 0, zone) for d in (0, days))
    walks = things(points[0], opens, closes) if mix.things else []
    for number in range(days):
        day = _Day(begin + timedelta(days=number), zone, seed, points, spots)
        walks += day.walks(mix)
    return ScanningWorld(
        seed=seed,
        timezone=timezone,
        begin=opens,
        end=closes,
        network_id=NETWORK_ID,
        access_points=points,
        spots=spots,
        walks=tuple(sorted(walks, key=lambda walk: walk.begin)),
    )


@dataclass
class _Day:
    """One local day; `stays`: of everyone drawn so far."""

    day: date
    zone: ZoneInfo
    seed: int
    points: Sequence[AccessPoint]
    spots: Sequence[Spot]
    stays: list[Stay] = field(default_factory=list)

    def walks(self, mix: Mix) -> list[Walk]:
        rng = Random(f"{self.seed}/{self.day}")
        found = [self._passer(rng, number) for number in range(mix.passers)]
        if self.day.weekday() not in mix.closed_weekdays:
            for number in range(mix.staff):
                found += self._staff(rng, number, mix)
            for number in rng.sample(range(mix.visitors * 5), mix.visitors):
                found += self._visitor(rng, number, mix)
        return found

    def _passer(self, rng: Random, number: int) -> Walk:
        begin = _at(self.day, 8, self.zone) + _s(rng.randrange(14 * 3600 - 300))
        x_m, y_m = -rng.uniform(*OUTSIDE_M), rng.random() * GRID_M / 4
        name = f"{self.seed}/{self.day}/passer/{number}"
        phone = new_phone(name, rng.random() < 0.5, False)
        end = begin + _s(rng.randint(70, 200))
        return Walk(WalkerKind.PASSER, phone, begin, end, x_m, y_m)

    def _staff(self, rng: Random, number: int, mix: Mix) -> list[Walk]:
        """Return the two halves of a working day, by phone and by badge."""
        opens, closes = self._hours(mix)
        noon = opens + (closes - opens) / 2
        noon = noon.replace(microsecond=0) + _s(rng.randint(-1800, 1800))
        x_m, y_m = self._aisle(rng)
        halves = (
            (opens - _s(rng.randint(60, 900)), noon),
            (noon + _s(rng.randint(1200, 2400)), closes + _s(rng.randint(60, 900))),
        )
        name = f"{self.seed}/staff/{number}"
        phone = new_phone(name, False, True)
        badge = Phone(mac_of(f"{name}/badge", False), SimRadio.BLE)
        return [
            Walk(WalkerKind.STAFF, device, begin, end, x_m, y_m)
            for begin, end in halves
            for device in (phone, badge)
        ]

    def _visitor(self, rng: Random, number: int, mix: Mix) -> list[Walk]:
        phone = self._phone_of(number, mix)
        opens, closes = self._hours(mix)
        open_s = int((closes - opens).total_seconds())
        lasts_s = rng.randint(*_VISIT_S)
        begin_s = int(rng.betavariate(2, 2) * (open_s - 2 * _VISIT_S[1] - 2700))
        found = [self._walk(rng, mix, phone, opens + _s(begin_s), lasts_s)]
        if rng.random() < mix.returning:
            # Around a gap of five minutes, and clearly so.
            away_s = rng.choice([rng.randint(200, 280), rng.randint(900, 2700)])
            again = found[0].end + _s(away_s)
            found.append(self._walk(rng, mix, phone, again, rng.randint(*_VISIT_S)))
        return found

    def _walk(
        self, rng: Random, mix: Mix, phone: Phone | None, begin: datetime, lasts_s: int
    ) -> Walk:
        x_m, y_m = self._aisle(rng)
        walk = Walk(WalkerKind.VISITOR, phone, begin, begin + _s(lasts_s), x_m, y_m)
        stays: list[Stay] = []
        for _ in range(rng.choice([0, 1, 1, 2]) if self.spots else 0):
            stay_s = rng.randint(*_STAY_S)
            if lasts_s <= stay_s:
                continue
            stay_begin = begin + _s(rng.randint(0, lasts_s - stay_s))
            is_seen = phone is None or rng.random() >= mix.unseen
            spot = rng.choice(list(self.spots))
            wanted = Stay(spot, stay_begin, stay_begin + _s(stay_s), is_seen)
            stays += self._placed(wanted, walk, stays)
        self.stays += stays
        return replace(walk, stays=tuple(sorted(stays, key=lambda stay: stay.begin)))

    def _placed(self, wanted: Stay, walk: Walk, own: list[Stay]) -> list[Stay]:
        """Return the stay; or one like those in its way; or none."""
        in_the_way = [other for other in self.stays if not agree(wanted, other)]
        if in_the_way:
            other = in_the_way[0]
            if not (wanted.is_seen and other.is_seen):
                return []
            wanted = replace(other)
        fits = (
            walk.begin <= wanted.begin
            and wanted.end <= walk.end
            and all(apart_s(wanted, stay) >= APART_S for stay in own)
            and all(agree(wanted, other) for other in self.stays)
            and _lasts_s(presence_of(wanted, self.stays)) <= LONGEST_PRESENCE_S
        )
        return [wanted] if fits else []

    def _phone_of(self, number: int, mix: Mix) -> Phone | None:
        """Return the phone of a person, the same on every day."""
        name = f"{self.seed}/person/{number}"
        drawn = Random(name)
        if drawn.random() < mix.no_phone:
            return None
        is_randomized = drawn.random() < mix.randomized
        is_associated = drawn.random() < mix.associated
        if is_randomized and not is_associated:
            name += f"/{self.day}"
        return new_phone(name, is_randomized, is_associated)

    def _hours(self, mix: Mix) -> tuple[datetime, datetime]:
        hours = mix.open_from, mix.open_until
        opens, closes = (_at(self.day, hour, self.zone) for hour in hours)
        return opens, closes

    def _aisle(self, rng: Random) -> tuple[float, float]:
        ap = rng.choice(list(self.points))
        away_m, angle = rng.uniform(*AISLE_M), rng.uniform(0, 2 * math.pi)
        return ap.x_m + away_m * math.cos(angle), ap.y_m + away_m * math.sin(angle)


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def _s(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def _lasts_s(span: tuple[datetime, datetime]) -> float:
    return (span[1] - span[0]).total_seconds()
