"""The bodies have the shape that Location Scanning is known to have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from mvsnap.simulator.scanning.bodies import v2_bodies, v3_bodies
from mvsnap.simulator.scanning.world import ScanningWorld, minutes
from tests.simulator.scanning.reader import a_minute, a_world

Row = dict[str, Any]
Check = Callable[[Any], bool]
MAC = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def world() -> ScanningWorld:
    return a_world(1)


def is_mac(value: Any) -> bool:
    return isinstance(value, str) and MAC.fullmatch(value) is not None


def is_time(value: Any) -> bool:
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def v2_address(value: Any) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"[\w-]*/[0-9a-f.:]+", value) is not None
    )


V2_POSITION: dict[str, Check] = {
    "lat": is_number,
    "lng": is_number,
    "unc": is_number,
    "x": lambda value: value == [],
    "y": lambda value: value == [],
}
V2_BLE: dict[str, Check] = {
    "clientMac": is_mac,
    "location": lambda value: value is None or fits(value, V2_POSITION),
    "seenTime": is_time,
    "seenEpoch": lambda value: type(value) is int and value < 10**10,
    "rssi": lambda value: type(value) is int and 0 < value < 95,
}
V2_WIFI: dict[str, Check] = V2_BLE | {
    "ipv4": or_null(v2_address),
    "ipv6": or_null(v2_address),
    "ssid": or_null(is_text),
    "os": or_null(is_text),
    "manufacturer": or_null(is_text),
}
V3_RECORD: dict[str, Check] = {
    "apMac": is_mac,
    "rssi": lambda value: type(value) is int and -95 < value < 0,
}
V3_LOCATION: dict[str, Check] = {
    "x": lambda value: value is None,
    "y": lambda value: value is None,
    "lat": is_number,
    "lng": is_number,
    "variance": is_number,
    "floorPlanId": lambda value: value is None,
    "floorPlanName": lambda value: value is None,
    "time": is_time,
    "nearestApTags": lambda value: all(map(is_text, value)),
    "rssiRecords": lambda value: value and all(fits(one, V3_RECORD) for one in value),
}
V3_LATEST: dict[str, Check] = {
    "time": is_time,
    "nearestApMac": is_mac,
    "nearestApRssi": lambda value: re.fullmatch(r"-\d\d", value) is not None,
}
V3_BLE: dict[str, Check] = {
    "clientMac": is_mac,
    "locations": lambda value: all(fits(one, V3_LOCATION) for one in value),
    "latestRecord": lambda value: fits(value, V3_LATEST),
}
V3_WIFI: dict[str, Check] = V3_BLE | {
    "ipv4": or_null(lambda value: re.fullmatch(r"[\d.]+", value) is not None),
    "ipv6": or_null(lambda value: "/" not in value),
    "ssid": or_null(is_text),
    "os": or_null(is_text),
    "manufacturer": or_null(is_text),
}
V3_USER: dict[str, Check] = V3_WIFI | {"userId": is_text}
SHAPES = {
    "DevicesSeen": V2_WIFI,
    "BluetoothDevicesSeen": V2_BLE,
    "WiFi": V3_WIFI,
    "BLE": V3_BLE,
}


def fits(row: Row, shape: dict[str, Check]) -> bool:
    """Whether a row has the keys of its shape, and values that pass."""
    assert row.keys() == shape.keys()
    wrong = {key: row[key] for key, check in shape.items() if not check(row[key])}
    assert wrong == {}
    return True


def day_of(
    world: ScanningWorld, bodies: Callable[..., list[Row]], **options: Any
) -> Iterator[tuple[datetime, Row]]:
    """Yield each body of a day but the first hours, with its minute."""
    for minute in minutes(a_minute(7), world.end):
        for body in bodies(world, minute, "s3", **options):
            yield minute, body


def test_v2_is_one_body_for_each_access_point_and_radio(world: ScanningWorld) -> None:
    by_type: dict[str, set[str]] = {}
    for minute, body in day_of(world, v2_bodies):
        assert body.keys() == {"version", "secret", "type", "data"}
        assert (body["version"], body["secret"]) == ("2.0", "s3")
        data = body["data"]
        assert data.keys() == {"apMac", "apFloors", "apTags", "observations"}
        assert data["observations"]
        assert data["apFloors"] == []
        assert all(data["apTags"])
        by_type.setdefault(body["type"], set()).add(data["apMac"])
        for row in data["observations"]:
            assert fits(row, SHAPES[body["type"]])
            at = datetime.fromisoformat(row["seenTime"])
            assert minute <= at < minute + timedelta(minutes=1)
            assert row["seenEpoch"] == at.timestamp()
    macs = {ap.mac for ap in world.access_points}
    assert by_type == {"DevicesSeen": macs, "BluetoothDevicesSeen": macs}
    kinds = [(b["type"], b["data"]["apMac"]) for b in v2_bodies(world, a_minute(12))]
    assert len(kinds) == len(set(kinds)) == 6


def test_v3_is_one_body_of_the_network_for_each_radio(world: ScanningWorld) -> None:
    for minute, body in day_of(world, v3_bodies):
        assert body.keys() == {"version", "secret", "type", "data"}
        assert (body["version"], body["secret"]) == ("3.0", "s3")
        assert body["data"].keys() == {"networkId", "observations"}
        assert body["data"]["networkId"].startswith("L_")
        for row in body["data"]["observations"]:
            shape = V3_USER if "userId" in row else SHAPES[body["type"]]
            assert fits(row, shape)
            at = datetime.fromisoformat(row["latestRecord"]["time"])
            moments = [datetime.fromisoformat(one["time"]) for one in row["locations"]]
            assert sorted(moments) == moments
            assert not moments or moments[-1] == at
            assert all(
                minute <= one < minute + timedelta(minutes=1) for one in [*moments, at]
            )
    types = [body["type"] for body in v3_bodies(world, a_minute(12))]
    assert types == ["WiFi", "BLE"]


def test_v2_leaves_empty_what_is_not_known_now_and_then(world: ScanningWorld) -> None:
    rows = [r for _, b in day_of(world, v2_bodies) for r in b["data"]["observations"]]
    wifi = [row for row in rows if "ssid" in row]
    for key in ("location", "ipv4", "ipv6", "ssid", "os", "manufacturer"):
        empty = sum(row[key] is None for row in wifi)
        assert 0 < empty < len(wifi), key
    with_host = [row for row in wifi if row["ipv4"] and row["ipv4"][0] != "/"]
    assert 0 < len(with_host) < len(wifi)


def test_v3_has_the_oddities_that_were_measured(world: ScanningWorld) -> None:
    bodies = [body for _, body in day_of(world, v3_bodies)]
    rows = [row for body in bodies for row in body["data"]["observations"]]
    located = [row for row in rows if row["locations"]]
    assert 0.3 < len(located) / len(rows) < 0.8
    locations = [one for row in rows for one in row["locations"]]
    absurd = [one for one in locations if one["variance"] > 100_000]
    assert 0 < len(absurd) / len(locations) < 0.2
    assert any("" in one["nearestApTags"] for one in locations)
    assert any(row.get("userId") for row in rows)
    twice = [
        body
        for body in bodies
        if len({row["clientMac"] for row in body["data"]["observations"]})
        < len(body["data"]["observations"])
    ]
    assert 0 < len(twice) < len(bodies) / 2


def test_v3_leaves_out_random_addresses_that_are_not_associated(
    world: ScanningWorld,
) -> None:
    def random_ones(bodies: Callable[..., list[Row]]) -> set[bool]:
        rows = (r for _, b in day_of(world, bodies) for r in b["data"]["observations"])
        wifi = [row for row in rows if "ssid" in row]
        return {row["ssid"] is None for row in wifi if int(row["clientMac"][1], 16) & 2}

    assert random_ones(v2_bodies) == {True, False}
    assert random_ones(v3_bodies) == {False}


def test_a_phone_received_by_several_access_points_has_one_moment(
    world: ScanningWorld,
) -> None:
    moments: dict[tuple[datetime, str], set[str]] = {}
    for minute, body in day_of(world, v2_bodies):
        for row in body["data"]["observations"]:
            key = minute, row["clientMac"]
            moments.setdefault(key, set()).add(row["seenTime"])
    assert {len(found) for found in moments.values()} == {1}


def test_on_demand_times_are_spelled_as_ciscos_simulator_does(
    world: ScanningWorld,
) -> None:
    usual = [body for _, body in day_of(world, v2_bodies)]
    odd = [body for _, body in day_of(world, v2_bodies, milliseconds=True)]
    for one, other in zip(usual, odd, strict=True):
        rows = zip(
            one["data"]["observations"], other["data"]["observations"], strict=True
        )
        for right, wrong in rows:
            assert type(wrong["seenEpoch"]) is float
            assert wrong["seenEpoch"] == right["seenEpoch"] * 1000
            assert wrong["seenTime"] + "Z" == right["seenTime"]
