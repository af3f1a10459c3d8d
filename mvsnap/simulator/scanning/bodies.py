"""Scanning bodies: Meraki's posts of one minute, as JSON, in version 2 and 3."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from mvsnap.simulator.scanning.world import (
    NOISE_FLOOR_DBM,
    AccessPoint,
    Reception,
    ScanningWorld,
    SimRadio,
    chance,
)

Body = dict[str, Any]

V2_TYPES = {SimRadio.WIFI: "DevicesSeen", SimRadio.BLE: "BluetoothDevicesSeen"}
V3_TYPES = {SimRadio.WIFI: "WiFi", SimRadio.BLE: "BLE"}
# Position of the first access point.
_LAT, _LNG = 52.52, 13.405
_DEGREE_M = 111_320.0


def v2_bodies(
    world: ScanningWorld,
    minute: datetime,
    secret: str = "",
    *,
    milliseconds: bool = False,
) -> list[Body]:
    """Return one body for each access point and radio that receives anything.

    milliseconds: write times as Cisco's own simulator does by mistake: seenEpoch is a
    float of milliseconds and seenTime has no Z.
    """
    seen = [(h, _v2_observation(h, milliseconds)) for h in world.received(minute)]
    found = []
    for ap in world.access_points:
        for radio, kind in V2_TYPES.items():
            rows = [
                observation | {"rssi": h.rssi_dbm[ap.mac] - NOISE_FLOOR_DBM}
                for h, observation in seen
                if h.phone.radio == radio and ap.mac in h.rssi_dbm
            ]
            if rows:
                found.append(v2_body(ap, kind, rows, secret))
    return found


def v2_body(ap: AccessPoint, kind: str, observations: list[Body], secret: str) -> Body:
    return {
        "version": "2.0",
        "secret": secret,
        "type": kind,
        "data": {
            "apMac": ap.mac,
            "apFloors": [],
            "apTags": [tag for tag in ap.tags if tag],
            "observations": observations,
        },
    }


def v3_bodies(world: ScanningWorld, minute: datetime, secret: str = "") -> list[Body]:
    """Return one body for each radio of the network, with the clients v3 includes."""
    included = [
        received for received in world.received(minute) if received.phone.is_sent(3)
    ]
    found = []
    for radio, kind in V3_TYPES.items():
        rows = [_v3_observation(world, received) for received in _of(included, radio)]
        # Meraki lists some clients twice in the same body.
        rows += [
            row for row in rows if _draw(minute, row["clientMac"], "twice") % 50 == 0
        ]
        if rows:
            found.append(v3_body(world, kind, rows, secret))
    return found


def v3_body(
    world: ScanningWorld, kind: str, observations: list[Body], secret: str
) -> Body:
    data = {"networkId": world.network_id, "observations": observations}
    return {"version": "3.0", "secret": secret, "type": kind, "data": data}


def _v2_observation(received: Reception, milliseconds: bool) -> Body:
    """Return what all access points say of it; `rssi` is of each."""
    phone, at = received.phone, received.at
    epoch_s = int(at.timestamp())
    body: Body = {
        "clientMac": phone.mac,
        "location": _v2_location(received),
        "seenTime": _time(at).rstrip("Z") if milliseconds else _time(at),
        "seenEpoch": epoch_s * 1000.0 if milliseconds else epoch_s,
        "rssi": 0,
    }
    if phone.radio == SimRadio.WIFI:
        body |= {
            "ipv4": f"{phone.host}/{phone.ipv4}" if phone.ipv4 else None,
            "ipv6": f"/{_ipv6(phone.mac)}" if phone.host else None,
            "ssid": phone.ssid,
            "os": phone.os,
            "manufacturer": phone.manufacturer,
        }
    return body


def _v2_location(received: Reception) -> Body | None:
    drawn = _draw(received.at, received.phone.mac, "location")
    if drawn % 5 == 0:
        return None
    lat, lng = _position(received)
    return {"lat": lat, "lng": lng, "unc": 2 + drawn % 3800 / 100, "x": [], "y": []}


def _v3_observation(world: ScanningWorld, received: Reception) -> Body:
    phone = received.phone
    nearest, dbm = next(iter(received.rssi_dbm.items()))
    body: Body = {
        "clientMac": phone.mac,
        "locations": [_v3_location(world, h) for h in _located(world, received)],
        "latestRecord": {
            "time": _time(received.at),
            "nearestApMac": nearest,
            # A text here, a number in rssiRecords: like Meraki.
            "nearestApRssi": str(dbm),
        },
    }
    if phone.radio == SimRadio.WIFI:
        body |= {
            "ipv4": phone.ipv4,
            "ipv6": _ipv6(phone.mac) if phone.host else None,
            "ssid": phone.ssid,
            "os": phone.os,
            "manufacturer": phone.manufacturer,
        }
        if phone.user_id:
            body["userId"] = phone.user_id
    return body


def _located(world: ScanningWorld, received: Reception) -> list[Reception]:
    """Return up to four moments of the minute, the last one the latest, or none."""
    drawn = _draw(received.at, received.phone.mac, "locations")
    if drawn % 5 < 2:
        return []
    minute = received.at.replace(second=0)
    first = max(received.walk.begin, minute)
    span_s = int((received.at - first).total_seconds())
    steps = drawn // 5 % 4
    moments = {first + timedelta(seconds=span_s * n // 4) for n in range(steps)}
    return [
        world.received_at(received.walk, at) for at in sorted(moments | {received.at})
    ]


def _v3_location(world: ScanningWorld, received: Reception) -> Body:
    drawn = _draw(received.at, received.phone.mac, "variance")
    lat, lng = _position(received)
    variance = 2 + drawn % 1000 / 100
    if drawn % 10 == 0:
        # Hundreds of kilometres off, and saying so.
        lat, lng, variance = lat - 3, lng + 4, drawn % 1_000_000 + 100_000.5
    nearest = next(iter(received.rssi_dbm))
    tags = next(ap.tags for ap in world.access_points if ap.mac == nearest)
    return {
        "x": None,
        "y": None,
        "lat": lat,
        "lng": lng,
        "variance": variance,
        "floorPlanId": None,
        "floorPlanName": None,
        "time": _time(received.at),
        "nearestApTags": list(tags),
        "rssiRecords": [{"apMac": m, "rssi": d} for m, d in received.rssi_dbm.items()],
    }


def _of(received: Iterable[Reception], radio: SimRadio) -> list[Reception]:
    return [one for one in received if one.phone.radio == radio]


def _position(received: Reception) -> tuple[float, float]:
    lat = _LAT + received.y_m / _DEGREE_M
    lng = _LNG + received.x_m / (_DEGREE_M * math.cos(math.radians(_LAT)))
    return lat, lng


def _ipv6(mac: str) -> str:
    tail = mac.replace(":", "")[-8:]
    return f"fe80:0:0:0:0:0:{tail[:4]}:{tail[4:]}"


def _time(at: datetime) -> str:
    return f"{at.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _draw(at: datetime, *about: str) -> int:
    return chance(int(at.timestamp()), *about)
