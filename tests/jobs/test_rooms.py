"""What a process knows of rooms that are away."""

from __future__ import annotations

import pytest

from mvsnap.jobs.rooms import Rooms
from mvsnap.texts.wording import Reason
from tests.jobs.fakes import JumpingClock

ROOM, OTHER = "Site A", "Site B"


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def rooms(clock: JumpingClock) -> Rooms:
    return Rooms(clock)


def away(rooms: Rooms, room: str = ROOM, asked_s: float = 0) -> None:
    assert rooms.begin(room)
    assert rooms.failed(room, "a message", Reason("Webex is away"), asked_s)


def test_a_room_that_is_away_is_tried_now_and_then(
    rooms: Rooms, clock: JumpingClock
) -> None:
    away(rooms)
    assert rooms.why_away(ROOM) == "Webex is away"
    assert not rooms.begin(ROOM)
    clock.sleep(2)
    assert rooms.begin(ROOM)
    assert not rooms.begin(ROOM)  # one tries, the others wait
    assert rooms.begin(OTHER)


def test_a_silent_network_does_not_hold_up_the_next_attempt_for_ever(
    rooms: Rooms, clock: JumpingClock
) -> None:
    away(rooms)
    for _ in range(4):
        clock.sleep(2)
        assert rooms.begin(ROOM)
    clock.sleep(2)
    assert not rooms.begin(ROOM)
    rooms.failed(ROOM, "another", Reason("no answer"), 0)
    clock.sleep(2)
    assert rooms.begin(ROOM)


def test_a_service_that_asks_to_wait_is_not_called_before(
    rooms: Rooms, clock: JumpingClock
) -> None:
    away(rooms, asked_s=40)
    clock.sleep(39)
    assert not rooms.begin(ROOM)
    clock.sleep(2)
    assert rooms.begin(ROOM)


def test_when_one_room_works_again_the_others_are_tried_at_once(
    clock: JumpingClock,
) -> None:
    told: list[bool] = []
    rooms = Rooms(clock)
    rooms.on_back = lambda: told.append(True)
    away(rooms)
    away(rooms, OTHER, asked_s=600)
    clock.sleep(2)
    assert rooms.begin(ROOM)
    rooms.worked(ROOM)
    assert rooms.why_away(ROOM) is None
    assert rooms.why_away(OTHER) is not None
    assert rooms.begin(OTHER)
    assert told == [True]


def test_a_message_that_fails_while_others_arrive_is_not_the_fault_of_the_room(
    rooms: Rooms, clock: JumpingClock
) -> None:
    blamed = []
    for _ in range(6):
        clock.sleep(5)
        assert rooms.begin(ROOM)
        blamed.append(rooms.failed(ROOM, "poison", Reason("error"), 0))
        clock.sleep(5)
        rooms.worked(ROOM)
    assert blamed == [True, True, True, False, False, False]
    assert rooms.why_away(ROOM) is None
