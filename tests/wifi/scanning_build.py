"""Scanning messages of both versions, as access points and networks send them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
SECRET = "a secret of scanning"
NETWORK = "L_646829496481100001"
AP, OTHER_AP = "0c:8d:db:00:00:01", "0c:8d:db:00:00:02"
PHONE, WATCH = "a4:83:e7:00:00:0a", "5c:e9:1e:00:00:0b"


def iso(seconds: float = 0) -> str:
    return (NOON + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def seen2(mac: str = PHONE, seconds: float = 0, **given: Any) -> dict[str, Any]:
    """Return an observation of version 2; 30 is -65 dBm."""
    fields: dict[str, Any] = {
        "clientMac": mac,
        "ipv4": "laptop/10.0.0.7",
        "ipv6": None,
        "seenTime": iso(seconds),
        "seenEpoch": NOON_S + int(seconds),
        "ssid": None,
        "rssi": 30,
        "manufacturer": "Apple",
        "os": None,
        "location": {"lat": 51.1, "lng": 7.2, "unc": 3.4, "x": [], "y": []},
    }
    return fields | given


def seen3(mac: str = PHONE, seconds: float = 0, **given: Any) -> dict[str, Any]:
    """Return an observation of version 3 without a location."""
    fields: dict[str, Any] = {
        "clientMac": mac,
        "ipv4": "10.0.0.7",
        "ipv6": None,
        "ssid": None,
        "os": None,
        "manufacturer": "Apple",
        "userId": "anna@example.com",
        "locations": [],
        "latestRecord": latest(seconds),
    }
    return fields | given


def latest(seconds: float = 0, **given: Any) -> dict[str, Any]:
    fields = {"time": iso(seconds), "nearestApMac": AP, "nearestApRssi": "-65"}
    return fields | given


def location(seconds: float, *records: tuple[str, Any]) -> dict[str, Any]:
    """Return one with (access point, dBm) of each record."""
    return {
        "x": None,
        "y": "1.5",
        "lat": 51.1,
        "lng": 7.2,
        "variance": 1_120_905.09,
        "floorPlanId": None,
        "floorPlanName": None,
        "time": iso(seconds),
        "nearestApTags": ["", "shop", ""],
        "rssiRecords": [{"apMac": ap, "rssi": rssi} for ap, rssi in records],
    }


def version2(*observations: Any, **given: Any) -> dict[str, Any]:
    data = {"apMac": AP, "apFloors": [], "apTags": ["shop"]}
    fields = {"version": "2.0", "secret": SECRET, "type": "DevicesSeen"}
    return fields | {"data": data | {"observations": list(observations)}} | given


def version3(*observations: Any, **given: Any) -> dict[str, Any]:
    data = {"networkId": NETWORK, "observations": list(observations)}
    fields = {"version": "3.0", "secret": SECRET, "type": "WiFi", "data": data}
    return fields | given


def body(message: Any) -> bytes:
    return json.dumps(message).encode()
