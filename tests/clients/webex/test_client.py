from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap.clients.webex.client import Webex
from mvsnap.clients.webex.rooms import ambiguous
from mvsnap.domain import Destination, MessageId, Room, RoomId
from mvsnap.errors import UpstreamError
from tests.clients.fakes import SECRET_TOKEN, picture, unused_origin
from tests.clients.webex.stub import GROUP_A, GROUP_B, StubWebex, as_json, served

TO_A = Destination(room_id=RoomId("ROOM-A"))
CIPHERED = {
    "id": "ROOM-K",
    "title": "Site A - Alarms",
    "errors": {"title": {"code": "kms_failure"}},
}


@pytest.fixture
def stub() -> StubWebex:
    return StubWebex()


@pytest.fixture
def webex(stub: StubWebex) -> Iterator[Webex]:
    with served(stub) as client:
        yield client


def test_the_bot_says_who_it_is(webex: Webex, stub: StubWebex) -> None:
    assert webex.me() == "mvsnap <mvsnap@webex.bot>"
    assert stub.tokens == {f"Bearer {SECRET_TOKEN}"}


def test_rooms_of_all_pages_are_listed_also_behind_an_empty_one(
    webex: Webex, stub: StubWebex
) -> None:
    stub.pages[1] = [CIPHERED]
    assert webex.rooms() == [
        Room(RoomId("ROOM-A"), "Site A - Alarms", "group"),
        Room(RoomId("ROOM-K"), "", "unknown"),
        Room(RoomId("ROOM-B"), "Site B - Alarms", "group"),
    ]


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        pytest.param("Site B - Alarms", "ROOM-B", id="title on the last page"),
        pytest.param("  site b - ALARMS ", "ROOM-B", id="case and blanks"),
        pytest.param("ROOM-K", "ROOM-K", id="id of a room without title"),
        pytest.param("Site A - Alarms", "ROOM-A", id="cipher text is no title"),
    ],
)
def test_a_room_is_found_by_title_or_id(
    webex: Webex, stub: StubWebex, room: str, expected: str
) -> None:
    stub.pages[1] = [CIPHERED]
    assert webex.resolve(room) == Destination(room_id=RoomId(expected))


def test_an_address_means_the_person_and_asks_nobody(
    webex: Webex, stub: StubWebex
) -> None:
    found = webex.resolve(" a.b@example.com ")
    assert found == Destination(to_person_email="a.b@example.com")
    assert stub.asked == []


def test_a_hit_is_remembered_and_a_miss_asks_again(
    webex: Webex, stub: StubWebex
) -> None:
    webex.resolve("Site A - Alarms")
    webex.resolve("Site B - Alarms")
    assert len(stub.asked) == 3
    stub.pages.append([{"id": "ROOM-N", "title": "New", "type": "group"}])
    assert webex.resolve("new").room_id == "ROOM-N"
    assert len(stub.asked) == 7


def test_many_threads_share_one_listing(webex: Webex, stub: StubWebex) -> None:
    found: list[Destination] = []
    go = threading.Barrier(20)

    def resolve() -> None:
        go.wait()
        found.append(webex.resolve("Site B - Alarms"))

    threads = [threading.Thread(target=resolve) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {destination.room_id for destination in found} == {"ROOM-B"}
    assert len(found) == 20
    assert len(stub.asked) <= 6


def test_a_title_of_two_groups_is_refused_with_their_ids(
    webex: Webex, stub: StubWebex
) -> None:
    stub.pages = [[GROUP_A, GROUP_B | {"title": "SITE A - alarms"}]]
    with pytest.raises(UpstreamError, match="ROOM-A, ROOM-B") as caught:
        webex.resolve("Site A - Alarms")
    assert not caught.value.retry


def test_a_person_named_like_a_group_does_not_take_its_pictures(
    webex: Webex, stub: StubWebex
) -> None:
    direct = {"id": "ROOM-P", "title": "Site A - Alarms", "type": "direct"}
    stub.pages = [[direct, GROUP_A]]
    assert webex.resolve("Site A - Alarms").room_id == "ROOM-A"


def test_an_unknown_room_is_refused_with_near_titles(webex: Webex) -> None:
    with pytest.raises(UpstreamError, match="similar: 'Site . - Alarms'") as caught:
        webex.resolve("Site - Alarm")
    assert not caught.value.retry
    with pytest.raises(UpstreamError, match="correct the title$"):
        webex.resolve("   ")


CAFE = {"id": "ROOM-C", "title": "Cafe\u0301  Bu\u0308hne", "type": "group"}


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("Caf\u00e9 B\u00fchne", id="composed"),
        pytest.param("CAF\u00c9 B\u00dcHNE", id="capitals"),
        pytest.param("Cafe\u0301\u00a0Bu\u0308hne", id="a no-break blank"),
        pytest.param(" Caf\u00e9 \u2009\t B\u00fchne ", id="blanks"),
        pytest.param("Caf\u00e9\u200b B\u00fch\u00adne\ufe0f", id="signs unseen"),
        pytest.param("\uff23af\u00e9 B\u00fchne", id="a wide sign"),
    ],
)
def test_titles_that_look_the_same_are_the_same(
    webex: Webex, stub: StubWebex, typed: str
) -> None:
    stub.pages = [[GROUP_A, CAFE]]
    assert webex.resolve(typed).room_id == "ROOM-C"


def test_two_titles_that_look_the_same_are_refused_with_their_ids(
    webex: Webex, stub: StubWebex
) -> None:
    stub.pages = [[CAFE, CAFE | {"id": "ROOM-D", "title": "Caf\u00e9 B\u00fchne"}]]
    with pytest.raises(UpstreamError, match="ROOM-C, ROOM-D"):
        webex.resolve("Caf\u00e9 B\u00fchne")


def test_a_title_with_a_sign_that_looks_the_same_is_named_with_its_id(
    webex: Webex,
) -> None:
    with pytest.raises(UpstreamError, match="'Site A - Alarms', id ROOM-A"):
        webex.resolve("Site \u0410 - Alarms")  # a Cyrillic letter


ANNA = {"displayName": "Anna Bergström", "emails": ["a@b.example"], "type": "person"}


@pytest.mark.parametrize("name", ["Anna Bergström", " anna  BERGSTRO\u0308M"])
def test_a_person_without_a_room_is_found_by_display_name(
    webex: Webex, stub: StubWebex, name: str
) -> None:
    other = ANNA | {"displayName": "Anna Bergström-Li", "emails": ["li@b.example"]}
    robot = ANNA | {"type": "bot", "emails": ["anna@webex.bot"]}
    stub.people = [other, ANNA, robot, {"displayName": None}]
    assert webex.resolve(name) == Destination(to_person_email="a@b.example")
    asked = [path for path in stub.asked if "/people?" in path]
    webex.resolve(name)
    assert [path for path in stub.asked if "/people?" in path] == asked


def test_two_people_of_one_name_are_refused_with_their_addresses(
    webex: Webex, stub: StubWebex
) -> None:
    stub.people = [ANNA, ANNA | {"emails": ["a2@b.example"]}]
    with pytest.raises(UpstreamError, match=r"a@b.example, a2@b.example") as caught:
        webex.resolve("Anna Bergström")
    assert not caught.value.retry


def test_a_room_is_meant_before_a_person_of_the_same_name(
    webex: Webex, stub: StubWebex
) -> None:
    stub.people = [ANNA | {"displayName": "Site B - Alarms"}]
    assert webex.resolve("Site B - Alarms").room_id == "ROOM-B"


@pytest.mark.parametrize(("status", "retry"), [(400, False), (403, False), (503, True)])
def test_people_that_webex_does_not_list_are_no_one(
    webex: Webex, stub: StubWebex, status: int, retry: bool
) -> None:
    stub.pages = [[GROUP_A]]
    stub.instead = [as_json({"items": [GROUP_A]}), as_json({}, status)]
    with pytest.raises(UpstreamError) as caught:
        webex.resolve("Anna Bergström")
    assert caught.value.retry is retry


def test_a_message_goes_to_a_room_below_its_thread(
    webex: Webex, stub: StubWebex
) -> None:
    message_id = webex.post(TO_A, "**Gate**", parent_id=MessageId("M0"))
    assert message_id == "MESSAGE-1"
    assert stub.posted == [
        {"roomId": "ROOM-A", "markdown": "**Gate**", "parentId": "M0"}
    ]


def test_a_message_goes_to_a_person(webex: Webex, stub: StubWebex) -> None:
    webex.post(Destination(to_person_email="a@b.example"), "hello")
    assert stub.posted == [{"toPersonEmail": "a@b.example", "markdown": "hello"}]


def test_a_message_is_cut_to_what_webex_takes(webex: Webex, stub: StubWebex) -> None:
    webex.post(TO_A, "ü" * 9000)
    assert len(stub.posted[0]["markdown"].encode()) <= 7439


def test_a_picture_is_uploaded_under_its_name(
    webex: Webex, stub: StubWebex, tmp_path: Path
) -> None:
    path = tmp_path / "Büro 1.jpg"
    path.write_bytes(picture())
    webex.post(TO_A, "Grüße", file=path)
    assert stub.posted == [{"roomId": "ROOM-A", "markdown": "Grüße"}]
    assert stub.files == [("Büro 1.jpg", "image/jpeg", picture_bytes(path))]


def picture_bytes(path: Path) -> bytes:
    return path.read_bytes()


def test_a_missing_picture_is_reported_without_its_path(
    webex: Webex, stub: StubWebex, tmp_path: Path
) -> None:
    with pytest.raises(UpstreamError, match="is gone") as caught:
        webex.post(TO_A, "x", file=tmp_path / "gone.jpg")
    assert not caught.value.retry
    assert str(tmp_path) not in str(caught.value)
    assert stub.asked == []


def test_one_client_serves_many_threads(
    webex: Webex, stub: StubWebex, tmp_path: Path
) -> None:
    ids: list[MessageId] = []

    def post(number: int) -> None:
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(picture() + b"%d" % number)
        ids.append(webex.post(TO_A, f"{number}", file=path))

    threads = [threading.Thread(target=post, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 20
    assert sorted(p["markdown"] for p in stub.posted) == sorted(map(str, range(20)))
    assert {name: data[-len(name or "") + 4 :] for name, _, data in stub.files} == {
        f"{n}.jpg": str(n).encode() for n in range(20)
    }


def test_the_environments_proxy_is_not_asked_for_loopback(
    webex: Webex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", unused_origin())
    assert webex.me()


def test_ids_of_rooms_that_are_called_alike_are_whole() -> None:
    found = [Room(RoomId(f"{n}" * 76), "Hall", "group") for n in range(9)]
    said = ambiguous("Hall", found).message
    assert said.startswith("9 Webex rooms are called 'Hall'")
    assert {len(one) for one in said.partition("ids ")[2].split(", ")} == {76}
