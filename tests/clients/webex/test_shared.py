"""What processes with one bot share: a 429 of one, and the list of rooms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from flask import Response

from mvsnap.clients.call_budget_file import FileBudget
from mvsnap.clients.webex.client import Webex
from mvsnap.clients.webex.shared import RoomLists, WebexShared
from mvsnap.clock import SystemClock
from mvsnap.domain import Destination, Room, RoomId
from mvsnap.errors import UpstreamError
from mvsnap.store import database
from mvsnap.store.sharing.fetches import StoredFetches
from mvsnap.store.sharing.room_lists import StoredRooms
from tests.clients.webex.stub import StubWebex, served

TO_A = Destination(room_id=RoomId("ROOM-A"))
Make = Callable[..., Webex]


@pytest.fixture
def stub() -> StubWebex:
    return StubWebex()


@pytest.fixture
def process(stub: StubWebex, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def make(rooms: RoomLists | None = None) -> Webex:
            webex = stack.enter_context(served(stub))
            clock = SystemClock()
            messages = FileBudget(tmp_path, "webex", clock)
            lookups = FileBudget(tmp_path, "webex-lookups", clock)
            webex.share(WebexShared(messages, lookups, clock, rooms))
            return webex

        yield make


def too_many(seconds: int) -> Response:
    return Response("", 429, headers={"Retry-After": f"{seconds}"})


def test_a_429_for_a_message_stops_every_process(
    stub: StubWebex, process: Make
) -> None:
    first, second = process(), process()
    second.me()
    stub.instead = [too_many(194)]
    with pytest.raises(UpstreamError):
        first.post(TO_A, "x")
    calls = len(stub.asked)
    for call in (lambda: second.post(TO_A, "x"), second.rooms, second.require_open):
        with pytest.raises(
            UpstreamError, match="asked for no calls for 3 min 1"
        ) as told:
            call()
        assert told.value.retry
        assert not told.value.unsure
        assert told.value.retry_after_s == pytest.approx(194, abs=10)
    assert calls == len(stub.asked)


def test_a_429_for_a_list_stops_no_message(stub: StubWebex, process: Make) -> None:
    first, second = process(), process()
    stub.instead = [too_many(3600)]
    with pytest.raises(UpstreamError):
        first.rooms()
    with pytest.raises(UpstreamError, match="asked for no calls"):
        second.rooms()
    second.require_open()
    second.post(TO_A, "x")


def test_a_short_pause_is_waited_for(stub: StubWebex, process: Make) -> None:
    first, second = process(), process()
    stub.instead = [too_many(1)]
    with pytest.raises(UpstreamError):
        first.post(TO_A, "x")
    began = time.monotonic()
    second.post(TO_A, "x")
    assert 0.5 < time.monotonic() - began < 20  # and not a minute


def test_processes_list_the_rooms_once_and_again_for_a_new_one(
    process: Make, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    db = database.Database(engine)

    clock = SystemClock()

    def rooms(holder: str) -> StoredRooms:
        return StoredRooms(StoredFetches(db, "rooms", holder, clock), "bot", clock)

    listed: list[int] = []

    def counted(ask: Callable[[], list[Room]]) -> list[Room]:
        listed.append(1)
        return ask()

    bots = [process(rooms(f"{number}")) for number in range(3)]
    for bot in bots:
        monkeypatch.setattr(bot, "rooms", partial(counted, bot.rooms))
    for bot in bots:
        assert bot.resolve("Site B - Alarms").room_id == "ROOM-B"
    assert len(listed) == 1
    with pytest.raises(UpstreamError, match="Stranger"):
        bots[1].resolve("Stranger")
    assert len(listed) == 2
    engine.dispose()
