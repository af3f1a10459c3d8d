"""Both Webex SDKs work with the simulated Webex as with the real one."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import webexpythonsdk
import webexteamssdk
from PIL import Image

from mvsnap.simulator.faults import Fault
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.webex import FakeWebex

ANN, BEN = "ann@example.com", "ben@example.com"


@dataclass
class World:
    webex: FakeWebex
    url: str
    sdk: Any
    package: Any

    def put(self, message_id: str, **body: str) -> Any:
        """The older SDK has no method for it."""
        if hasattr(self.sdk.messages, "update"):
            return self.sdk.messages.update(messageId=message_id, **body)
        return self.sdk.messages._session.put(f"messages/{message_id}", json=body)

    def text(self, message_id: str) -> str:
        found: str = self.sdk.messages.get(message_id).text
        return found


@pytest.fixture(params=["webexteamssdk", "webexpythonsdk"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    webex = FakeWebex(rooms=("A", "B", "C", "D", "E"))
    webex.people = {ANN: "Ann Lee", BEN: "Ben Okoro", "anna@example.com": "Anna Roth"}
    packages: dict[str, tuple[Any, Any]] = {
        "webexteamssdk": (webexteamssdk, webexteamssdk.WebexTeamsAPI),
        "webexpythonsdk": (webexpythonsdk, webexpythonsdk.WebexAPI),
    }
    package, api = packages[request.param]
    with serve(webex_app(webex)) as url:
        sdk = api(
            access_token=webex.bot_token,
            base_url=f"{url}/v1/",
            single_request_timeout=10,
        )
        yield World(webex, url, sdk, package)


def test_the_bot(world: World) -> None:
    me = world.sdk.people.me()
    assert (me.id, me.type, me.emails) == (
        world.webex.bot_id,
        "bot",
        [world.webex.bot_email],
    )
    assert world.sdk.people.get(me.id).displayName == me.displayName


def test_people_are_found(world: World) -> None:
    people = world.sdk.people
    (ann,) = people.list(email=ANN)
    assert (ann.displayName, ann.emails) == ("Ann Lee", [ANN])
    assert people.get(ann.id).emails == [ANN]
    names = [person.displayName for person in people.list(displayName="ann")]
    assert names == ["Ann Lee", "Anna Roth"]
    (ben,) = people.list(email=BEN)
    by_id = [person.emails for person in people.list(id=f"{ben.id},{ann.id}")]
    assert by_id == [[ANN], [BEN]]
    assert list(people.list(email="nobody@example.com")) == []


def test_people_come_in_pages(world: World) -> None:
    found = world.sdk.people.list(displayName="ann", max=1)
    assert [person.displayName for person in found] == ["Ann Lee", "Anna Roth"]
    assert len(world.webex.asked) == 2


@pytest.mark.parametrize("call", ["people", "rooms", "messages", "memberships"])
def test_what_does_not_exist_is_a_404(world: World, call: str) -> None:
    unknown = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMA"
    with pytest.raises(world.package.ApiError) as caught:
        getattr(world.sdk, call).get(unknown)
    assert caught.value.status_code == 404
    assert caught.value.details["trackingId"]


def test_people_without_a_criterion_are_refused(world: World) -> None:
    with pytest.raises(world.package.ApiError, match="displayName, or id list"):
        list(world.sdk.people.list())


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_rooms_come_in_pages(world: World, size: int) -> None:
    titles = [room.title for room in world.sdk.rooms.list(max=size)]
    assert titles == ["A", "B", "C", "D", "E"]


def test_rooms_are_sorted_and_filtered(world: World) -> None:
    direct = world.sdk.messages.create(toPersonEmail=ANN, text="hello").roomId
    (only,) = world.sdk.rooms.list(type="direct")
    assert (only.id, only.title) == (direct, "Ann Lee")
    latest = next(iter(world.sdk.rooms.list(sortBy="lastactivity")))
    assert latest.id == direct
    assert latest.lastActivity.tzinfo is not None


def test_a_room_is_made_renamed_and_left(world: World) -> None:
    room = world.sdk.rooms.create("Night shift")
    assert world.sdk.rooms.update(room.id, "Day shift").title == "Day shift"
    assert world.sdk.rooms.get(room.id).title == "Day shift"
    world.sdk.rooms.delete(room.id)
    with pytest.raises(world.package.ApiError) as caught:
        world.sdk.rooms.get(room.id)
    assert caught.value.status_code == 404


def test_people_join_and_leave_a_room(world: World) -> None:
    memberships, room_id = world.sdk.memberships, world.webex.rooms[0].id
    added = memberships.create(room_id, personEmail=ANN)
    (ben,) = world.sdk.people.list(email=BEN)
    memberships.create(room_id, personId=ben.id)
    found = list(memberships.list(roomId=room_id, max=1))
    assert [each.personEmail for each in found] == [world.webex.bot_email, ANN, BEN]
    assert memberships.get(added.id).personDisplayName == "Ann Lee"
    (one,) = memberships.list(roomId=room_id, personEmail=BEN)
    assert one.personId == ben.id
    with pytest.raises(world.package.ApiError, match="already in the room"):
        memberships.create(room_id, personEmail=ANN)
    memberships.delete(added.id)
    assert len(list(memberships.list(roomId=room_id))) == 2


def test_the_bots_own_memberships(world: World) -> None:
    mine = list(world.sdk.memberships.list())
    assert {each.personId for each in mine} == {world.webex.bot_id}
    assert len(mine) == 5
    world.sdk.memberships.delete(mine[0].id)
    assert [room.title for room in world.sdk.rooms.list()] == ["B", "C", "D", "E"]


def test_nobody_unknown_joins(world: World) -> None:
    room_id = world.webex.rooms[0].id
    with pytest.raises(world.package.ApiError) as caught:
        world.sdk.memberships.create(room_id, personEmail="nobody@example.com")
    assert caught.value.status_code == 404


def test_markdown_comes_back_as_html(world: World) -> None:
    markdown = "**Crowd** · [Video](https://example.com/v) <b>"
    sent = world.sdk.messages.create(world.webex.rooms[0].id, markdown=markdown)
    assert sent.markdown == markdown
    assert sent.html == (
        '<strong>Crowd</strong> · <a href="https://example.com/v">Video</a> &lt;b&gt;'
    )
    assert world.sdk.messages.get(sent.id).html == sent.html
    plain = world.sdk.messages.create(world.webex.rooms[0].id, text="words")
    assert "html" not in plain.json_data


def test_a_person_is_written_to_by_id(world: World) -> None:
    (ben,) = world.sdk.people.list(email=BEN)
    sent = world.sdk.messages.create(toPersonId=ben.id, text="hello")
    assert (sent.roomType, sent.toPersonEmail) == ("direct", BEN)
    again = world.sdk.messages.create(toPersonEmail=BEN, text="again")
    assert again.roomId == sent.roomId


def test_messages_of_two_come_in_pages(world: World) -> None:
    sent = [
        world.sdk.messages.create(toPersonEmail=ANN, text=str(number))
        for number in range(7)
    ]
    room_id = sent[0].roomId
    found = [m.text for m in world.sdk.messages.list(room_id, max=3)]
    assert found == ["6", "5", "4", "3", "2", "1", "0"]
    assert len([call for call in world.webex.asked if call.method == "GET"]) == 3
    older = world.sdk.messages.list(room_id, beforeMessage=sent[2].id)
    assert [m.text for m in older] == ["1", "0"]
    moment = world.webex.messages[4].created.isoformat()
    before = world.sdk.messages.list(room_id, before=moment)
    assert [m.text for m in before] == ["3", "2", "1", "0"]
    (first,) = islice(world.sdk.messages.list(room_id, max=1), 1)
    assert first.text == "6"


def test_replies_of_one_message_are_listed(world: World) -> None:
    first = world.sdk.messages.create(toPersonEmail=ANN, text="alarm")
    reply = world.sdk.messages.create(first.roomId, text="the clip", parentId=first.id)
    world.sdk.messages.create(first.roomId, text="another alarm")
    found = list(world.sdk.messages.list(first.roomId, parentId=first.id))
    assert [m.id for m in found] == [reply.id]


def test_in_a_group_the_bot_sees_what_mentions_it(world: World) -> None:
    room_id = world.webex.rooms[0].id
    world.webex.say(room_id, ANN, "lunch?")
    asked = world.webex.say(room_id, BEN, "mvsnap help", mentions_bot=True)
    with pytest.raises(world.package.ApiError, match="Failed to get activity"):
        list(world.sdk.messages.list(room_id))
    (found,) = world.sdk.messages.list(room_id, mentionedPeople="me")
    assert (found.id, found.personEmail) == (asked, BEN)
    assert found.mentionedPeople == [world.webex.bot_id]


def test_a_message_is_edited_ten_times(world: World) -> None:
    room_id = world.webex.rooms[0].id
    sent = world.sdk.messages.create(room_id, text="0")
    for number in range(1, 11):
        world.put(sent.id, roomId=room_id, text=str(number))
    assert world.text(sent.id) == "10"
    with pytest.raises(world.package.ApiError) as caught:
        world.put(sent.id, roomId=room_id, text="11")
    assert caught.value.status_code == 400
    assert world.text(sent.id) == "10"


def test_a_message_is_deleted_by_its_author_only(world: World) -> None:
    room_id = world.webex.rooms[0].id
    sent = world.sdk.messages.create(room_id, text="oops")
    world.sdk.messages.delete(sent.id)
    with pytest.raises(world.package.ApiError) as caught:
        world.sdk.messages.get(sent.id)
    assert caught.value.status_code == 404
    theirs = world.webex.say(room_id, ANN, "mine", mentions_bot=True)
    with pytest.raises(world.package.ApiError) as caught:
        world.sdk.messages.delete(theirs)
    assert caught.value.status_code == 403


def test_a_picture_travels_and_cannot_be_edited(world: World, tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, "JPEG")
    (tmp_path / "gate.jpg").write_bytes(content.getvalue())
    room_id = world.webex.rooms[0].id
    sent = world.sdk.messages.create(
        room_id, markdown="**Gate**", files=[str(tmp_path / "gate.jpg")]
    )
    (url,) = sent.files
    assert url.startswith(f"{world.url}/v1/contents/")
    assert world.webex.messages[0].files[0].data == content.getvalue()
    with pytest.raises(world.package.ApiError, match="cannot be edited"):
        world.put(sent.id, roomId=room_id, text="x")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"text": "x"}, "Provide only one destination"),
        ({"roomId": "R", "toPersonEmail": ANN, "text": "x"}, "only one destination"),
        ({"roomId": "R"}, "Both text and file cannot be empty"),
        ({"roomId": "R", "text": "x" * 7440}, "7439"),
        ({"toPersonEmail": "nobody@example.com", "text": "x"}, "Failed to find user"),
        ({"roomId": "R", "text": "x", "files": ["http://127.0.0.1:9/"]}, "retrieve"),
    ],
    ids=["no destination", "two", "empty", "long", "nobody", "unreachable file"],
)
def test_a_message_that_is_refused(
    world: World, body: dict[str, Any], reason: str
) -> None:
    if body.get("roomId"):
        body = body | {"roomId": world.webex.rooms[0].id}
    with pytest.raises(world.package.ApiError, match=reason):
        world.sdk.messages.create(**body)


def test_a_limit_is_waited_for(world: World) -> None:
    world.webex.faults.add(Fault("429", path="/rooms", seconds=1))
    began = time.monotonic()
    with pytest.warns(world.package.RateLimitWarning):
        assert len(list(world.sdk.rooms.list())) == 5
    assert time.monotonic() - began >= 1


def test_a_wrong_token(world: World) -> None:
    world.webex.bot_token = "another"
    with pytest.raises(world.package.ApiError, match="valid access token"):
        world.sdk.people.me()
