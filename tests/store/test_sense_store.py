"""Presences, states of zones and listeners, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mvsnap.domain import FULL_FRAME, EventKind, Listener, Presence, ZoneId
from mvsnap.store import database
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.texts.wording import Reason
from tests.core.build import DOOR, GATE, NOON, event

HALL = ZoneId("671599294431625455")


@pytest.fixture
def sense(db: database.Database) -> SenseStore:
    return SenseStore(db)


def presence(in_s: int, out_s: int, zone_id: ZoneId = FULL_FRAME) -> Presence:
    return Presence(GATE, zone_id, at(in_s), at(out_s), 3)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_what_a_batch_brought_is_there_afterwards(
    sense: SenseStore, db: database.Database
) -> None:
    crowd = event(kind=EventKind.CROWD, zone_id=HALL, zone_name="Hall")
    state = {"crowd": {"last_ms": 5, "raised": True}}
    sense.save(Findings([crowd], [presence(1, 9)], {(GATE, HALL): state}), NOON)
    assert Store(db).event(crowd.id) == crowd
    assert sense.presences(at(0), at(10)) == [presence(1, 9)]
    assert sense.states(NOON) == {(GATE, HALL): state}


def test_saving_it_again_changes_nothing_but_the_state(
    sense: SenseStore, db: database.Database
) -> None:
    crowd = event(kind=EventKind.CROWD, zone_id=HALL)
    for last_ms in (1, 2):
        states = {(GATE, HALL): {"crowd": {"last_ms": last_ms}}}
        sense.save(Findings([crowd], [presence(1, 9)], states), NOON)
    assert Store(db).events(EventFilter(zone_id=HALL), 9) == [crowd]
    assert sense.presences(at(0), at(10)) == [presence(1, 9)]
    assert sense.states(NOON) == {(GATE, HALL): {"crowd": {"last_ms": 2}}}


def test_states_of_long_ago_are_left_where_they_are(sense: SenseStore) -> None:
    sense.save(Findings(states={(GATE, HALL): {"crowd": {}}}), at(-10))
    assert sense.states(NOON) == {}


@pytest.mark.parametrize(
    ("since_s", "until_s", "found"),
    [
        pytest.param(0, 100, [(10, 20), (50, 60)], id="all of it"),
        pytest.param(15, 55, [(10, 20), (50, 60)], id="touching it"),
        pytest.param(21, 50, [], id="between"),
    ],
)
def test_presences_that_touch_a_time_are_found(
    sense: SenseStore, since_s: int, until_s: int, found: list[tuple[int, int]]
) -> None:
    sense.save(Findings(presences=[presence(50, 60), presence(10, 20)]), NOON)
    wanted = [presence(in_s, out_s) for in_s, out_s in found]
    assert sense.presences(at(since_s), at(until_s)) == wanted
    assert sense.presences(at(since_s), at(until_s), DOOR) == []


def test_last_seen_continues(sense: SenseStore) -> None:
    now, second = datetime.now(UTC), timedelta(seconds=1)
    sense.note_last_seen({GATE: now - 70 * second, DOOR: now - 60 * second}, now)
    sense.note_last_seen({GATE: now - 10 * second}, now)
    sense.note_last_seen({}, now)
    ages = {serial: now - seen_at for serial, seen_at in sense.last_seen().items()}
    off = datetime.now(UTC) - now + second  # what a busy machine took meanwhile
    assert abs(ages[GATE] - 10 * second) < off
    assert abs(ages[DOOR] - 60 * second) < off


def test_a_listener_updates_its_description(sense: SenseStore) -> None:
    first = Listener("mvsnap-1", at(0), False, Reason("not connected"), 0.0, 0)
    second = Listener("mvsnap-1", at(15), True, Reason("connected"), 14.5, 4)
    sense.describe_listener(first)
    sense.describe_listener(second)
    assert sense.listeners() == [second]


def test_purging_removes_what_is_older(sense: SenseStore) -> None:
    sense.save(Findings(presences=[presence(1, 9), presence(50, 60)]), NOON)
    assert sense.purge(at(30)).removed == 1
    assert sense.presences(at(0), at(100)) == [presence(50, 60)]
