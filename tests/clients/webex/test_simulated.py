"""The Webex client against the simulated Webex: rooms, messages, and what fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mvsnap.clients.webex.client import Webex
from mvsnap.domain import Destination, Room, RoomId
from mvsnap.errors import UpstreamError
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.webex import FakeWebex
from tests.clients.fakes import SECRET_TOKEN, picture

TITLES = ("Site A - Alarms", "Site B - Alarms", "Garage", "Gate", "Hall")


@pytest.fixture
def cloud() -> FakeWebex:
    return FakeWebex(bot_token=SECRET_TOKEN, rooms=TITLES)


@contextmanager
def bot(cloud: FakeWebex, *, token: str, timeout_s: int = 5) -> Iterator[Webex]:
    with (
        serve(webex_app(cloud)) as origin,
        closing(Webex(f"{origin}/v1", token, timeout_s=timeout_s)) as client,
    ):
        yield client


@pytest.fixture
def webex(cloud: FakeWebex) -> Iterator[Webex]:
    with bot(cloud, token=SECRET_TOKEN) as client:
        yield client


def room_id(cloud: FakeWebex, title: str) -> RoomId:
    return next(RoomId(room.id) for room in cloud.rooms if room.title == title)


def to(cloud: FakeWebex, title: str = "Gate") -> Destination:
    return Destination(room_id=room_id(cloud, title))


def test_the_bot_says_who_it_is(webex: Webex) -> None:
    assert webex.me() == "mvsnap <mvsnap@webex.bot>"


def test_all_rooms_are_listed_over_pages_of_which_the_last_is_empty(
    cloud: FakeWebex, webex: Webex
) -> None:
    sealed = cloud.add_room("sealed", broken=True)
    cloud.add_room("not its room", member=False)
    cloud.page_max, cloud.empty_last_page = 2, True
    assert webex.rooms() == [
        *(Room(room_id(cloud, title), title, "group") for title in TITLES),
        Room(RoomId(sealed), "", "unknown"),
    ]
    assert len(cloud.asked) == 4
    assert cloud.asked[0].query["max"] == "1000"


@pytest.mark.parametrize("page_max", [1, 2, 100], ids=["one", "two", "all on a page"])
@pytest.mark.parametrize(
    "room", ["Hall", " hALL ", "ID"], ids=["title", "case and blanks", "id"]
)
def test_a_room_is_found_on_any_page(
    cloud: FakeWebex, webex: Webex, room: str, page_max: int
) -> None:
    cloud.page_max = page_max
    wanted = room_id(cloud, "Hall")
    assert webex.resolve(room.replace("ID", wanted)) == Destination(room_id=wanted)


def test_an_address_is_a_person_who_then_gets_a_message(
    cloud: FakeWebex, webex: Webex
) -> None:
    person = webex.resolve("guard@example.com")
    assert person == Destination(to_person_email="guard@example.com")
    message_id = webex.post(person, "hello")
    (message,) = cloud.messages
    assert (message.id, message.to_person_email) == (message_id, "guard@example.com")
    assert webex.rooms()[-1].title == "Gil Guard"


def test_a_title_of_two_rooms_is_refused_with_both_ids(
    cloud: FakeWebex, webex: Webex
) -> None:
    ids = [room_id(cloud, "Gate"), cloud.add_room("GATE")]
    cloud.page_max = 5
    with pytest.raises(UpstreamError) as caught:
        webex.resolve("Gate")
    assert not caught.value.retry
    assert [one in caught.value.message for one in ids] == [True, True]
    assert webex.resolve(ids[1]).room_id == ids[1]


def test_a_sealed_room_is_found_by_its_id_and_may_be_readable_later(
    cloud: FakeWebex, webex: Webex
) -> None:
    sealed = cloud.add_room("Control room", broken=True)
    assert webex.resolve(sealed).room_id == sealed
    with pytest.raises(UpstreamError, match="cannot read the titles") as caught:
        webex.resolve("Control room")
    assert caught.value.retry


def test_a_text_arrives_as_it_was_given(cloud: FakeWebex, webex: Webex) -> None:
    message_id = webex.post(
        to(cloud), "**Gate** geöffnet ✓\n[Video](https://v.example)"
    )
    (message,) = cloud.messages
    assert message.id == message_id
    assert message.room_id == room_id(cloud, "Gate")
    assert message.markdown == "**Gate** geöffnet ✓\n[Video](https://v.example)"
    assert message.files == []


def test_a_message_that_is_too_long_is_truncated_and_accepted(
    cloud: FakeWebex, webex: Webex
) -> None:
    webex.post(to(cloud), "ä" * 5000)
    (message,) = cloud.messages
    assert len(message.markdown.encode()) in (7438, 7439)
    assert message.markdown.endswith("ä…")


def test_a_picture_arrives_byte_for_byte_in_its_thread(
    cloud: FakeWebex, webex: Webex, tmp_path: Path
) -> None:
    path = tmp_path / "Tor Süd.jpg"
    path.write_bytes(picture())
    head = webex.post(to(cloud), "Door open")
    webex.post(to(cloud), "**Tor Süd**", file=path, parent_id=head)
    first, reply = cloud.messages
    assert (first.parent_id, reply.parent_id) == (None, first.id)
    (file,) = reply.files
    assert (file.name, file.content_type) == ("Tor Süd.jpg", "image/jpeg")
    assert file.data == path.read_bytes()


def test_a_reply_to_a_message_of_another_room_is_refused_permanently(
    cloud: FakeWebex, webex: Webex
) -> None:
    head = webex.post(to(cloud, "Gate"), "x")
    with pytest.raises(UpstreamError, match="Unable to reply") as caught:
        webex.post(to(cloud, "Hall"), "y", parent_id=head)
    assert not caught.value.retry
    assert len(cloud.messages) == 1


def test_a_room_that_the_bot_left_is_refused_permanently(
    cloud: FakeWebex, webex: Webex
) -> None:
    cloud.rooms[0].member = False
    with pytest.raises(UpstreamError, match="is the bot in the room") as caught:
        webex.post(to(cloud, TITLES[0]), "x")
    assert (caught.value.retry, caught.value.unsure) == (False, False)


def test_a_wrong_token_is_reported_with_what_to_do_and_retried(
    cloud: FakeWebex,
) -> None:
    with (
        bot(cloud, token="mistyped-token") as webex,
        pytest.raises(UpstreamError, match=r"fix webex\.bot_token") as caught,
    ):
        webex.me()
    assert (caught.value.retry, caught.value.unsure) == (True, False)
    assert "tracking id ROUTERGW_" in caught.value.message
    assert "mistyped-token" not in caught.value.message


@pytest.mark.parametrize("with_picture", [False, True], ids=["text", "picture"])
@pytest.mark.parametrize(
    ("fault", "retry_after_s", "unsure", "arrived"),
    [
        pytest.param(Fault("429", seconds=7), 7.0, False, 0, id="429"),
        pytest.param(Fault("429", seconds=9000), 3600.0, False, 0, id="429 for hours"),
        pytest.param(Fault("429-no-retry-after"), None, False, 0, id="429 without"),
        pytest.param(
            Fault("429-garbage-retry-after"), None, False, 0, id="429 with garbage"
        ),
        pytest.param(Fault("401"), None, False, 0, id="401"),
        pytest.param(Fault("502"), None, False, 0, id="502"),
        pytest.param(Fault("503-html"), None, False, 0, id="503"),
        pytest.param(Fault("500-html"), None, True, 0, id="500"),
        pytest.param(Fault("500-html", after=True), None, True, 1, id="500 after"),
        pytest.param(Fault("html-200"), None, True, 0, id="a login page"),
        pytest.param(Fault("html-200", after=True), None, True, 1, id="a page after"),
        pytest.param(Fault("reset", after=True), None, True, 1, id="reset after"),
    ],
)
def test_a_message_that_failed_says_when_to_try_again_and_if_it_may_be_there(
    cloud: FakeWebex,
    webex: Webex,
    tmp_path: Path,
    fault: Fault,
    retry_after_s: float | None,
    unsure: bool,
    arrived: int,
    with_picture: bool,
) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(picture())
    cloud.faults.add(fault)
    with pytest.raises(UpstreamError) as caught:
        webex.post(to(cloud), "x", file=path if with_picture else None)
    told = caught.value
    assert (told.retry, told.retry_after_s, told.unsure) == (
        True,
        retry_after_s,
        unsure,
    )
    assert SECRET_TOKEN not in told.message
    # Once: the SDK must not have repeated it by itself.
    assert len(cloud.asked) == 1
    assert len(cloud.messages) == arrived
    webex.post(to(cloud), "y", file=path if with_picture else None)
    assert len(cloud.messages) == arrived + 1


def test_a_text_with_a_broken_connection_may_have_arrived(
    cloud: FakeWebex, webex: Webex
) -> None:
    cloud.faults.add(Fault("reset"))
    with pytest.raises(UpstreamError, match="connection broke") as caught:
        webex.post(to(cloud), "x")
    assert (caught.value.retry, caught.value.unsure) == (True, True)
    assert cloud.messages == []


def test_an_upload_that_broke_off_is_tried_again(
    cloud: FakeWebex, webex: Webex, tmp_path: Path
) -> None:
    """Whether all of it had left when the reset came is a matter of luck."""
    path = tmp_path / "x.jpg"
    path.write_bytes(picture())
    cloud.faults.add(Fault("reset"))
    with pytest.raises(UpstreamError) as caught:
        webex.post(to(cloud), "x", file=path)
    assert caught.value.retry
    webex.post(to(cloud), "x", file=path)
    assert len(cloud.messages) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_message_that_takes_too_long_may_have_arrived(
    cloud: FakeWebex, after: bool
) -> None:
    cloud.faults.add(Fault("slow", seconds=2, after=after))
    with (
        bot(cloud, token=SECRET_TOKEN, timeout_s=1) as webex,
        pytest.raises(UpstreamError, match="within 1 s") as caught,
    ):
        webex.post(to(cloud), "x")
    assert (caught.value.retry, caught.value.unsure) == (True, True)


@pytest.mark.parametrize("kind", ["reset", "502", "html-200", "empty-404"])
def test_a_list_that_breaks_off_is_no_list(
    cloud: FakeWebex, webex: Webex, kind: str
) -> None:
    cloud.page_max = 2
    assert len(webex.rooms()) == len(TITLES)
    cloud.faults.add(Fault("slow", seconds=0, path="GET /v1/rooms"))
    cloud.faults.add(Fault(kind, path="GET /v1/rooms"))
    with pytest.raises(UpstreamError) as caught:
        webex.rooms()
    assert not caught.value.unsure
    assert caught.value.retry is (kind != "empty-404")
    assert len(webex.rooms()) == len(TITLES)


def test_a_person_is_reached_by_display_name(webex: Webex, cloud: FakeWebex) -> None:
    cloud.people["gil.g@example.com"] = "Gil Guardian"
    webex.post(webex.resolve("gil guard"), "hello")
    (room,) = [r for r in cloud.rooms if r.person_email == "guard@example.com"]
    assert [m.room_id for m in cloud.messages] == [room.id]
