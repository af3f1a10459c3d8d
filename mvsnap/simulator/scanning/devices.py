"""Scanning devices: simulated access points, phones and things, from a name."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from mvsnap.domain import Serial, ZoneId
from mvsnap.simulator.scanning.world import (
    AISLE_M,
    GRID_M,
    NEAR_M,
    AccessPoint,
    Phone,
    SimRadio,
    Spot,
    Walk,
    WalkerKind,
)

SSID = "Shop guests"
_MAKERS = (("Apple", "iOS"), ("Samsung", "Android"), ("Google", "Android"))


def spots_below(
    access_points: Sequence[AccessPoint], zones: Sequence[tuple[Serial, ZoneId]]
) -> tuple[Spot, ...]:
    """Return a spot for each zone, below one access point after the other."""
    found = []
    for number, (serial, zone_id) in enumerate(zones):
        ap = access_points[number % len(access_points)]
        angle = 1.0 + number
        x_m, y_m = (NEAR_M * math.cos(angle), NEAR_M * math.sin(angle))
        found.append(Spot(serial, zone_id, ap.mac, ap.x_m + x_m, ap.y_m + y_m))
    return tuple(found)


def things(ap: AccessPoint, begin: datetime, end: datetime) -> list[Walk]:
    """Return a printer and a beacon, which are always there."""
    printer = Phone(
        "00:1b:a9:00:00:01", SimRadio.WIFI, SSID, "Printer", "Brother", "192.168.128.2"
    )
    beacon = Phone("ac:23:3f:00:00:01", SimRadio.BLE)
    x_m, last = ap.x_m + sum(AISLE_M) / 2, end - timedelta(seconds=1)
    return [
        Walk(WalkerKind.FIXED, p, begin, last, x_m, ap.y_m) for p in (printer, beacon)
    ]


def new_access_point(number: int) -> AccessPoint:
    """Return access point `number` (from 0) of a grid; some tags are empty texts."""
    row, column = divmod(number, 3)
    tags = ("", "shop", "") if number % 2 else ("shop", f"ap-{number + 1}")
    mac = f"e0:cb:bc:aa:{number // 256:02x}:{number % 256:02x}"
    return AccessPoint(mac, column * GRID_M, row * GRID_M, tags)


def new_phone(name: str, is_randomized: bool, is_associated: bool) -> Phone:
    """Return a phone of some brand; the same name gives the same phone."""
    drawn = Random(name)
    maker, system = drawn.choice(_MAKERS)
    number = drawn.randrange(3, 250)
    has_name, has_user = drawn.random() < 0.3, drawn.random() < 0.2
    mac = mac_of(name, is_randomized)
    if not is_associated:
        return Phone(mac, manufacturer=None if is_randomized else maker)
    return Phone(
        mac,
        ssid=SSID,
        os=system,
        manufacturer=None if is_randomized else maker,
        ipv4=f"192.168.128.{number}",
        host=f"phone-{number}" if has_name else "",
        user_id=f"guest{number}@example.org" if has_user else None,
    )


def mac_of(name: str, is_randomized: bool) -> str:
    """Return an address, locally administered when it is randomized."""
    octets = bytearray(hashlib.sha256(name.encode()).digest()[:6])
    octets[0] = octets[0] & 0xFC | (2 if is_randomized else 0)
    return ":".join(f"{octet:02x}" for octet in octets)
