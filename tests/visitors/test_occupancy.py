"""How many people are in a place now, and too many as a trouble of alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mvsnap.config.model import Settings
from mvsnap.config.visitors import OccupancySection
from mvsnap.domain import FULL_FRAME, Serial, Zone, ZoneId
from mvsnap.store import database
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.visitors.occupancy import (
    Occupancy,
    ZoneSources,
    occupancies,
    occupancy_sights,
)

GATE, DOOR = Serial("Q2SM-0000-0001"), Serial("Q2SM-0000-0002")
NOW = datetime(2026, 7, 1, 12, 20, tzinfo=UTC)
HALL = OccupancySection.model_validate(
    {"name": "Hall", "zones": [f"{GATE}/7", f"{DOOR}/0"], "limit": 10}
)


@pytest.fixture
def sense(db: database.Database) -> SenseStore:
    return SenseStore(db)


@pytest.fixture
def sources(sense: SenseStore, tmp_path: Path) -> ZoneSources:
    return ZoneSources(sense, SiteStore(sense._db), Settings(data_dir=tmp_path))


def count(
    sense: SenseStore, serial: Serial, zone_id: str, people: int, ago_s: int = 5
) -> None:
    at = NOW - timedelta(seconds=ago_s)
    sense.save(Findings(states={(serial, ZoneId(zone_id)): {"people": people}}), at)


@pytest.mark.parametrize(
    ("gate", "door", "expected"),
    [
        pytest.param((6, 5), (5, 5), Occupancy("Hall", 11, 10, True), id="too many"),
        pytest.param((5, 5), (5, 5), Occupancy("Hall", 10, 10, True), id="as many"),
        pytest.param((4, 5), (9, 61), Occupancy("Hall", 4, 10, False), id="one silent"),
        pytest.param((11, 5), (9, 61), Occupancy("Hall", 11, 10, False), id="enough"),
        pytest.param((4, 90), (9, 90), Occupancy("Hall", None, 10, False), id="none"),
    ],
)
def test_people_of_all_zones_are_counted_together(
    sense: SenseStore,
    sources: ZoneSources,
    gate: tuple[int, int],
    door: tuple[int, int],
    expected: Occupancy,
) -> None:
    count(sense, GATE, "7", *gate)
    count(sense, DOOR, "0", *door)
    assert occupancies([HALL], sources, NOW) == [expected]


def test_an_empty_zone_is_known_while_its_camera_sends_counts(
    sense: SenseStore, sources: ZoneSources
) -> None:
    count(sense, GATE, "7", 0, ago_s=3600)
    count(sense, DOOR, "0", 3)
    assert occupancies([HALL], sources, NOW)[0].is_whole is False
    sense.note_last_seen({GATE: NOW}, NOW)
    # By the database's time, which is not that of this test, it may be later.
    (one,) = occupancies([HALL], sources, sense.last_seen()[GATE])
    assert one.people is None or one.people <= 3


def test_a_zone_that_nobody_ever_entered_is_empty_while_its_camera_sends_counts(
    sense: SenseStore, sources: ZoneSources
) -> None:
    """As *People now* says: a listener writes nothing before somebody comes."""
    sense.note_last_seen({GATE: NOW, DOOR: NOW}, NOW)
    now = min(sense.last_seen().values())
    # Without the Dashboard's list nobody knows that there is such a zone.
    assert occupancies([HALL], sources, now) == [Occupancy("Hall", None, 10, False)]
    sources.site.keep_zones(GATE, [Zone(ZoneId("7"), "Hall")])
    assert occupancies([HALL], sources, now) == [Occupancy("Hall", 0, 10, False)]
    sources.site.keep_zones(DOOR, [Zone(FULL_FRAME, "Full Frame")])
    assert occupancies([HALL], sources, now) == [Occupancy("Hall", 0, 10, True)]
    # A frame beside zones steps back, and is not counted.
    sources.site.keep_zones(DOOR, [Zone(ZoneId("8"), "Door")])
    assert occupancies([HALL], sources, now) == [Occupancy("Hall", 0, 10, False)]
    silent = now + timedelta(minutes=3)
    assert occupancies([HALL], sources, silent) == [Occupancy("Hall", None, 10, False)]


def test_a_frame_that_steps_back_says_nothing_of_its_place(
    sense: SenseStore, sources: ZoneSources
) -> None:
    """As *People now* leaves it out: people may be outside of the camera's zones."""
    count(sense, GATE, "7", 2)
    count(sense, DOOR, "0", 0)  # written when it stepped back
    sense.note_last_seen({GATE: NOW, DOOR: NOW}, NOW)
    now = min(sense.last_seen().values())
    place = OccupancySection(name="Door", zones=[f"{DOOR}/0"], limit=10)
    assert occupancies([place], sources, now) == [Occupancy("Door", 0, 10, True)]
    count(sense, DOOR, "8", 0)
    assert occupancies([place], sources, now) == [Occupancy("Door", None, 10, False)]


def test_a_zone_that_the_settings_leave_out_is_unknown(
    sense: SenseStore, tmp_path: Path
) -> None:
    """It was left when it was still watched."""
    count(sense, GATE, "7", 0)
    sense.note_last_seen({GATE: NOW}, NOW)
    now = min(sense.last_seen().values())
    place = OccupancySection(name="Gate", zones=[f"{GATE}/7"], limit=10)
    for zones, people in ((["*"], 0), (["8"], None)):
        settings = Settings(data_dir=tmp_path, sense={"zones": zones})
        sources = ZoneSources(sense, SiteStore(sense._db), settings)
        (found,) = occupancies([place], sources, now)
        assert found.people == people


def test_too_many_are_a_trouble_and_unknown_is_neither(
    sense: SenseStore, sources: ZoneSources
) -> None:
    look = occupancy_sights([HALL], sources)
    assert [sight.is_wrong for sight in look(NOW)] == [None]
    count(sense, GATE, "7", 12)
    (sight,) = look(NOW)
    assert (sight.is_wrong, sight.kind, sight.text) == (
        True,
        "occupancy",
        "12 people, limit 10",
    )
    count(sense, GATE, "7", 2)
    count(sense, DOOR, "0", 2)
    assert [sight.is_wrong for sight in look(NOW)] == [False]


def test_without_places_nothing_is_read(sources: ZoneSources) -> None:
    assert occupancies([], sources, NOW) == []
