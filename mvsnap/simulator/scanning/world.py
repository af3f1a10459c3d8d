"""Scanning world: access points, phones and walks, and every received signal.

Everything follows from the walks, which are planned in whole seconds. In each minute a
phone sends at one moment at most: on arrival, on leaving, and somewhere in between. So
the received data has the begin and the end of each walk to the second.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.domain import Serial, ZoneId

# No phone is silent for longer while its owner is here.
LONGEST_SILENCE_S = 180
# The best access point receives phones near a camera at the first or stronger, in the
# shop at the second, in the street at the third. No phone is within 1 dB of any of
# them.
NEAR_DBM, INSIDE_DBM, OUTSIDE_DBM = -65, -78, -90
# In a v2 body, rssi is the signal above this.
NOISE_FLOOR_DBM = -95
# The distances in metres that separate the three, including jitter.
NEAR_M, AISLE_M, OUTSIDE_M, GRID_M = 2.0, (8.0, 9.5), (28.0, 30.0), 20.0
_AT_1_M_DBM, _JITTER_DB, _WEAKEST_DBM = -48, 3, -93


class SimRadio(StrEnum):
    WIFI = "wifi"
    BLE = "ble"


class WalkerKind(StrEnum):
    """FIXED: a thing that never leaves; PASSER: somebody in the street."""

    VISITOR = "visitor"
    STAFF = "staff"
    FIXED = "fixed"
    PASSER = "passer"


class AccessPoint(Struct, frozen=True):
    mac: str
    x_m: float
    y_m: float
    tags: tuple[str, ...] = ()


class Spot(Struct, frozen=True):
    """A place to stand in a zone of a camera; `ap_mac` is right above it."""

    serial: Serial
    zone_id: ZoneId
    ap_mac: str
    x_m: float
    y_m: float


class Phone(Struct, frozen=True):
    """A device that sends; also a printer or a badge. `ssid` None: not associated.

    ipv4: bare; host: its name, which v2 puts in front; user_id: v3 only.
    """

    mac: str
    radio: SimRadio = SimRadio.WIFI
    ssid: str | None = None
    os: str | None = None
    manufacturer: str | None = None
    ipv4: str | None = None
    host: str = ""
    user_id: str | None = None

    @property
    def is_randomized(self) -> bool:
        """Whether the address is locally administered."""
        return bool(int(self.mac[1], 16) & 2)

    def is_sent(self, version: int) -> bool:
        """v3 omits randomized addresses that are not associated."""
        is_dropped = (
            self.radio == SimRadio.WIFI and self.is_randomized and not self.ssid
        )
        return version < 3 or not is_dropped


class Stay(Struct, frozen=True):
    """Somebody stands in a zone from `begin` to `end`, both inclusive.

    is_seen: the camera sees the person, too, not only access points the phone.
    """

    spot: Spot
    begin: datetime
    end: datetime
    is_seen: bool = True


class Walk(Struct, frozen=True):
    """One way in and out. Between its stays the person is at (x_m, y_m).

    phone: None for people without one.
    """

    kind: WalkerKind
    phone: Phone | None
    begin: datetime
    end: datetime
    x_m: float
    y_m: float
    stays: tuple[Stay, ...] = ()

    def stay_at(self, at: datetime) -> Stay | None:
        return next((s for s in self.stays if s.begin <= at <= s.end), None)


class Reception(Struct, frozen=True):
    """A phone at a moment of its walk.

    rssi_dbm: by address of the access point, strongest first, never empty.
    """

    phone: Phone
    walk: Walk
    at: datetime
    x_m: float
    y_m: float
    rssi_dbm: dict[str, int]


@dataclass(frozen=True)
class ScanningWorld:
    """A network of access points over a time; `begin` and `end` are whole minutes.

    walks: in the order of time; each lasts over at least one full minute.
    """

    seed: int
    timezone: str
    begin: datetime
    end: datetime
    network_id: str
    access_points: tuple[AccessPoint, ...]
    spots: tuple[Spot, ...]
    walks: tuple[Walk, ...]
    _by_minute: dict[int, list[Walk]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_minute: dict[int, list[Walk]] = {}
        for walk in self.walks:
            if walk.phone:
                for minute in range(_minute(walk.begin), _minute(walk.end) + 1):
                    by_minute.setdefault(minute, []).append(walk)
        object.__setattr__(self, "_by_minute", by_minute)

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def received(self, minute: datetime) -> list[Reception]:
        """Return the signals in the minute that begins at `minute`, by time."""
        number = _minute(minute)
        found = []
        for walk in self._by_minute.get(number, ()):
            at = _moment(walk, number, self.seed)
            if at is not None and walk.phone is not None:
                found.append(self._received_at(walk, walk.phone, at))
        return sorted(found, key=lambda received: (received.at, received.phone.mac))

    def received_at(self, walk: Walk, at: datetime) -> Reception:
        """Return the reception of a phone at any moment of its walk.

        Raises:
            ValueError: the person has no phone.
        """
        if walk.phone is None:
            raise ValueError("Nobody hears a person without a phone")
        return self._received_at(walk, walk.phone, at)

    def _received_at(self, walk: Walk, phone: Phone, at: datetime) -> Reception:
        stay = walk.stay_at(at)
        x_m, y_m = (stay.spot.x_m, stay.spot.y_m) if stay else (walk.x_m, walk.y_m)
        second = int(at.timestamp())
        dbm = {
            ap.mac: _dbm(ap.x_m - x_m, ap.y_m - y_m)
            + _jitter(self.seed, phone.mac, ap.mac, second)
            for ap in self.access_points
        }
        loud = sorted(dbm.items(), key=lambda pair: -pair[1])
        # A phone far from all is received by at least one.
        kept = {m: d for m, d in loud if d >= _WEAKEST_DBM} or dict(loud[:1])
        return Reception(phone, walk, at, x_m, y_m, kept)


def minutes(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the begin of each minute that begins from `begin` until before `end`."""
    first, after = (-(-int(at.timestamp()) // 60) for at in (begin, end))
    for number in range(first, after):
        yield _begin_of(number)


def chance(*about: object) -> int:
    """Return a number from 0 to 2**32 - 1, the same for the same arguments."""
    return zlib.crc32("/".join(map(str, about)).encode())


def _moment(walk: Walk, minute: int, seed: int) -> datetime | None:
    """Return the moment in a minute of the walk at which its phone sends."""
    if minute == _minute(walk.begin):
        return walk.begin
    if minute == _minute(walk.end):
        return walk.end
    drawn = chance(seed, walk.phone.mac if walk.phone else "", minute)
    begin = _begin_of(minute)
    # A resting phone is silent for one minute, never for two in a row.
    if minute % 2 == 1 and drawn // 60 % 3 == 0:
        after = _begin_of(minute + 1)
        if not any(s.begin < after and s.end >= begin for s in walk.stays):
            return None
    return begin + timedelta(seconds=drawn % 60)


@lru_cache(maxsize=10_000)  # people stand still
def _dbm(x_m: float, y_m: float) -> int:
    away_m = max(math.hypot(x_m, y_m), 1.0)
    return round(_AT_1_M_DBM - 25 * math.log10(away_m))


def _jitter(seed: int, mac: str, ap_mac: str, second: int) -> int:
    drawn = zlib.crc32(f"{seed}/{mac}/{ap_mac}/{second}".encode())  # as by `chance`
    return drawn % (2 * _JITTER_DB + 1) - _JITTER_DB


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _begin_of(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
