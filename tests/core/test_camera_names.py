"""Which camera or zone a person means."""

from __future__ import annotations

import time

import pytest

from mvsnap.core.camera_names import FoundPlaces, WatchedPlace, find_places
from mvsnap.domain import CameraName, Serial, ZoneId

GATE_3 = WatchedPlace("Gate 3", Serial("Q2AA-AAAA-0003"))
GATE_30 = WatchedPlace("Gate 30", Serial("Q2AA-AAAA-0030"))
NORTH = WatchedPlace("North gate 3", Serial("Q2AA-AAAA-0001"))
ROBOT = WatchedPlace("Packaging robot", recorded_as=CameraName("Packaging robot"))
DOCK = WatchedPlace("dock_07 (Süd)", Serial("Q2AA-AAAA-0007"))
TWIN_A = WatchedPlace("Hall", Serial("Q2AA-AAAA-000A"))
TWIN_B = WatchedPlace("Hall", Serial("Q2AA-AAAA-000B"))
QUEUE = WatchedPlace(
    "Queue", Serial("Q2AA-AAAA-0003"), zone_id=ZoneId("6"), camera="Gate 3"
)
HALL_ZONE = WatchedPlace(
    "Hall", Serial("Q2AA-AAAA-0003"), zone_id=ZoneId("7"), camera="Gate 3"
)
ALL = [GATE_3, GATE_30, NORTH, ROBOT, DOCK, TWIN_A, TWIN_B, QUEUE, HALL_ZONE]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Gate 3", [GATE_3]),
        ("gate 3", [GATE_3]),
        ("GATE-3", [GATE_3]),
        ("gate3", [GATE_3]),
        ("gate 03", [GATE_3]),
        ("camera gate 3", [GATE_3]),
        ("q2aa-aaaa-0003", [GATE_3]),
        ("3 gate", [GATE_3, NORTH]),
        ("north", [NORTH]),
        ("gate north", [NORTH]),
        ("nor gate", [NORTH]),
        ("robot", [ROBOT]),
        ("pack rob", [ROBOT]),
        ("dock 7", [DOCK]),
        ("dock süd", [DOCK]),
        ("Sud", [DOCK]),
        ("hall", [TWIN_A, TWIN_B]),
        ("gate", [GATE_3, GATE_30, NORTH]),
        ("queue", [QUEUE]),
        ("Gate 3 queue", [QUEUE]),
        ("queue gate 3", [QUEUE]),
    ],
)
def test_a_name_as_people_write_it(written: str, expected: list[WatchedPlace]) -> None:
    assert find_places(written, ALL) == FoundPlaces(sure=tuple(expected))


@pytest.mark.parametrize("written", ["gate 300", "gate 31", "garage", "!!", ""])
def test_what_fits_no_name_is_never_a_camera(written: str) -> None:
    assert find_places(written, ALL).sure == ()


def test_a_number_is_not_completed() -> None:
    assert find_places("gate 3", [GATE_30]).sure == ()
    assert find_places("gate 3", [GATE_30]).near == (GATE_30,)


def test_a_mistyped_name_is_offered() -> None:
    assert find_places("packagin robto", ALL).near == (ROBOT,)


@pytest.mark.parametrize(
    "written", ["x" * 1_000_000, "\u0301" * 300_000, "a b " * 200_000]
)
def test_a_name_that_is_much_too_long_takes_no_time(written: str) -> None:
    places = [WatchedPlace(f"Camera {n} in hall {n % 7}") for n in range(500)]
    began_s = time.process_time()
    assert find_places(written, places).sure == ()
    assert time.process_time() - began_s < 3


def test_a_large_site_is_looked_through_at_once() -> None:
    cameras = [WatchedPlace(f"Gate {n} north yard camera") for n in range(1000)]
    zones = [
        WatchedPlace(f"Zone {zone}", zone_id=ZoneId(str(zone)), camera=camera.name)
        for camera in cameras
        for zone in range(3)
    ]
    places = [*cameras, *zones]
    find_places("gate", places)  # names are read once
    began_s = time.process_time()
    assert find_places("gate nroth yrad camrea 7", places).near
    assert find_places("north 7 zone 2", places).sure == (zones[7 * 3 + 2],)
    assert time.process_time() - began_s < 1
