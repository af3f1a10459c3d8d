"""Rooms by space link or UUID, and lists of rooms that are not whole for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from mvsnap.clients.webex import client
from mvsnap.clients.webex.client import Webex
from mvsnap.domain import RoomId
from mvsnap.errors import UnknownRecipient, UpstreamError
from tests.clients.webex.stub import StubWebex, served

# base64 of ciscospark://us/ROOM/1f0c7a52-7b1e-11ee-b962-0242ac120002, and .../uRn...
UUID = "1f0c7a52-7b1e-11ee-b962-0242ac120002"
ROOM_ID = "Y2lzY29zcGFyazovL3VzL1JPT00vMWYwYzdhNTItN2IxZS0xMWVlLWI5NjItMDI0MmFjMTIwMDAy"
GATE = {"id": ROOM_ID, "title": "Gate", "type": "group"}
SEALED = {
    "id": "ROOM-K",
    "title": "x",
    "type": "group",
    "errors": {"title": {"code": "kms_failure"}},
}
OTHER = {"id": "ROOM-O", "title": "Hall", "type": "group"}


@pytest.fixture
def stub() -> StubWebex:
    made = StubWebex()
    made.pages = [[GATE, OTHER]]
    return made


@pytest.fixture
def webex(stub: StubWebex) -> Iterator[Webex]:
    with served(stub) as made:
        yield made


@pytest.mark.parametrize(
    "room",
    [
        ROOM_ID,
        UUID,
        UUID.upper(),
        f"webexteams://im?space={UUID}",
        f"webex://im?space={UUID}&message=1",
        f"https://web.webex.com/spaces/{UUID}",
        f"https://teams.webex.com/spaces/{UUID}/chat",
        f" webexteams://im?space={UUID} ",
    ],
)
def test_a_room_is_found_by_its_link_or_uuid(webex: Webex, room: str) -> None:
    assert webex.resolve(room).room_id == RoomId(ROOM_ID)


@pytest.mark.parametrize(
    "room",
    [
        UUID.replace("1", "2"),
        f"webexteams://im?space={UUID.replace('1', '2')}",
        f"https://evil.example/spaces/{UUID}",
        f"https://web.webex.com.evil.example/spaces/{UUID}",
        f"Gate {UUID}",
    ],
)
def test_another_link_is_no_room(webex: Webex, room: str) -> None:
    with pytest.raises(UnknownRecipient):
        webex.resolve(room)


@pytest.mark.parametrize("moment", [[], [OTHER, SEALED]], ids=["empty", "unread"])
def test_a_list_that_is_not_whole_is_asked_again(
    webex: Webex, stub: StubWebex, moment: list[dict[str, str]]
) -> None:
    stub.pages = [moment]
    for room in ("Gate", UUID):
        with pytest.raises(UpstreamError) as caught:
            webex.resolve(room)
        assert caught.value.retry
        assert not isinstance(caught.value, UnknownRecipient)
    stub.pages = [[GATE, OTHER]]
    assert webex.resolve("Gate").room_id == RoomId(ROOM_ID)


def test_a_room_in_a_list_that_is_not_whole_is_found(
    webex: Webex, stub: StubWebex
) -> None:
    stub.pages = [[GATE, SEALED]]
    assert webex.resolve("gate").room_id == RoomId(ROOM_ID)


def test_a_list_that_stays_as_it_is_is_believed_and_the_next_doubt_is_another_one(
    webex: Webex, stub: StubWebex, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.pages = [[]]
    now = [100.0]
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def asked(after_s: float) -> bool:
        """Return whether the list is believed then."""
        now[0] += after_s
        with pytest.raises(UpstreamError) as caught:
            webex.resolve("Gate")
        return isinstance(caught.value, UnknownRecipient)

    assert [asked(after_s) for after_s in (0, 300, 290, 11)] == [False] * 3 + [True]
    assert asked(7200) is False
