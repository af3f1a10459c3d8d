"""The menu has what is set up; one page says what the rest takes; plain errors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import EventKind, Role
from mvsnap.web import auth, plain_errors
from mvsnap.web.context import EXTENSION
from mvsnap.web.pages.pages_in_use import NEEDS, KeepsData
from tests.core.build import NOON, event
from tests.web.build import HTML, Web, send
from tests.web.clip_build import add_clip

NOTHING: dict[str, Any] = {"meraki": {}, "webex": {}, "api_keys": []}
ALWAYS = ["Overview", "Events", "Status"]
ENDPOINT = {"token": "t" * 16, "validator": "v", "secret": "s" * 8}
GATE = {"cameras": {"Gate": {"url": "rtsp://192.0.2.10/"}}}


def menu(client: FlaskClient, address: str = "/") -> list[str]:
    """Return the entries of the menu, those below another one too."""
    page = client.get(address).text.partition("</nav>")[0]
    lists = page.partition("<ul")[2].partition("<form")[0]
    return re.findall(r">([^<>]+)</a>", lists)


@pytest.mark.parametrize(
    ("sections", "entries"),
    [
        ({}, []),
        ({"meraki": {"api_key": "a-key"}}, ["Cameras", "Visitors"]),
        ({"recorder": GATE}, ["Cameras", "Clips"]),
        ({"sense": {"enabled": True}}, ["Crowd events", "Cameras"]),
        ({"sense": {"host": "192.0.2.1"}}, ["Crowd events", "Cameras"]),
        ({"sense": {}}, []),
        ({"scanning": {"endpoints": [ENDPOINT]}}, ["Wi-Fi"]),
        ({"badges": {"directory": "people.csv"}}, ["Badges"]),
    ],
    ids=["nothing", "meraki", "clips", "sense", "off", "after init", "wifi", "badges"],
)
def test_the_menu_has_what_is_set_up(
    tmp_path: Path, sections: dict[str, Any], entries: list[str]
) -> None:
    web = Web(tmp_path, **(NOTHING | sections))
    found = menu(web.log_in(Role.VIEWER))
    assert sorted(found) == sorted(ALWAYS + entries)


def test_sense_switched_on_in_the_browser_is_in_the_menu(tmp_path: Path) -> None:
    web = Web(tmp_path, **(NOTHING | {"sense": {}}))
    client = web.log_in()
    assert "Crowd events" not in menu(client)
    assert send(client, "/settings/enabled", enabled="on").status_code == 303
    assert "Crowd events" in menu(client)


def test_a_key_that_may_send_badge_events_is_enough(tmp_path: Path) -> None:
    key = {"name": "door", "key": "k" * 16, "scopes": ["badges"]}
    web = Web(tmp_path, **(NOTHING | {"api_keys": [key]}))
    assert "Badges" in menu(web.log_in(Role.VIEWER))


def test_what_was_recorded_before_stays_in_the_menu(tmp_path: Path) -> None:
    web = Web(tmp_path, **NOTHING)
    client = web.log_in(Role.VIEWER)
    assert menu(client) == ALWAYS
    add_clip(web, NOON)
    web.store.add_event(event(kind=EventKind.CROWD))
    assert sorted(menu(client)) == sorted([*ALWAYS, "Clips", "Crowd events"])


def test_each_room_with_a_page_knows_whether_it_has_data(tmp_path: Path) -> None:
    web = Web(tmp_path)
    rooms = web.app.extensions[EXTENSION].features
    assert all(isinstance(room, KeepsData) for room in rooms)
    assert {room.page for room in rooms} <= set(NEEDS)
    assert [room.has_data() for room in rooms] == [False] * len(rooms)


def test_the_page_that_is_open_is_in_the_menu(tmp_path: Path) -> None:
    web = Web(tmp_path, **NOTHING)
    client = web.log_in(Role.VIEWER)
    for address, text in (("/wifi", "Wi-Fi"), ("/visitors", "Visitors")):
        assert text in menu(client, address)
        assert text not in menu(client)


@pytest.mark.parametrize(
    ("role", "entries"),
    [
        (Role.VIEWER, []),
        (Role.REVIEWER, ["Mutes"]),
        (
            Role.ADMIN,
            ["Mutes", "Settings", "Accounts", "Audit log", "Set up ..."],
        ),
    ],
)
def test_each_role_reaches_what_it_may_open(
    tmp_path: Path, role: Role, entries: list[str]
) -> None:
    web = Web(tmp_path, **NOTHING)
    client = web.log_in(role)
    assert menu(client) == ALWAYS + entries
    page = client.get("/").text.partition("<form")[0]
    for address in re.findall(r'class="nav-link[^"]*" href="([^"]+)"', page):
        assert client.get(address).status_code == 200
        marked = client.get(address).text.partition("</nav>")[0]
        assert marked.count('aria-current="page"') == 1, address


def test_with_everything_set_up_no_entry_asks_for_more(tmp_path: Path) -> None:
    web = Web(
        tmp_path,
        recorder=GATE,
        sense={"enabled": True},
        scanning={"endpoints": [ENDPOINT]},
        badges={"directory": "people.csv"},
    )
    admin = web.log_in(Role.ADMIN)
    assert "Set up ..." not in menu(admin)
    assert admin.get("/set-up").status_code == 200


# --- the page


def test_the_page_says_what_each_part_takes(tmp_path: Path) -> None:
    web = Web(tmp_path, **NOTHING)
    page = web.log_in(Role.ADMIN).get("/set-up").text
    for name in (
        *("meraki.api_key", "webex.bot_token", "recorder.cameras", "sense.host"),
        *("scanning.endpoints", "badges.camera_of_reader", "webhooks.tokens"),
        *("alerts.channel", "home_assistant.enabled", "ffmpeg"),
    ):
        assert f"<code>{name}</code>" in page or name in page, name
    assert "http://localhost/webhook/TOKEN" in page
    assert "http://localhost/scanning/TOKEN" in page
    assert "Set up already" not in page


def test_what_is_set_up_is_listed_with_its_page(tmp_path: Path) -> None:
    web = Web(tmp_path, recorder=GATE)
    missing, _, there = (
        web.log_in(Role.ADMIN).get("/set-up").text.partition("Set up already")
    )
    assert '<a href="/clips">Clips</a>' in there
    assert "Messages" in there
    assert 'id="part-clips"' not in missing
    assert 'id="part-wifi"' in missing


def test_each_document_it_names_is_there() -> None:
    root = Path(__file__).parents[2]
    for path in (root / "templates/set_up").glob("_*.html"):
        text = path.read_text("utf-8")
        for name in re.findall(r"<code>(docs/[^<]+)</code>", text):
            assert (root / name).is_file(), name
        assert text.count("docs/") == 1, path.name


# --- errors


@pytest.mark.parametrize(
    ("role", "address", "says"),
    [
        (Role.VIEWER, "/settings", "Only admins can open this page."),
        (Role.REVIEWER, "/audit", "Only admins can open this page."),
        (Role.REVIEWER, "/set-up", "Only admins can open this page."),
        (Role.VIEWER, "/settings/mutes", "Only reviewers and admins can open this"),
        (Role.ADMIN, "/nothing", "There is nothing at this address."),
        (Role.ADMIN, "/settings/rule", "This address is not a page"),
    ],
)
def test_an_error_is_said_in_plain_words(
    tmp_path: Path, role: Role, address: str, says: str
) -> None:
    web = Web(tmp_path)
    page = web.log_in(role).get(address).text
    assert says in page
    assert 'href="/events"' in page  # the menu, to go on


def test_an_old_form_says_what_to_do(tmp_path: Path) -> None:
    web = Web(tmp_path)
    admin = web.log_in(Role.ADMIN)
    for token in ({}, {"csrf_token": "from another login"}):
        answer = admin.post("/settings/mutes", data=token)
        assert answer.status_code == 400
        assert "This form is no longer valid" in answer.text
        assert "CSRF" not in answer.text


def test_programs_get_the_words_of_before(tmp_path: Path) -> None:
    web = Web(tmp_path)
    answer = web.client().get("/api/v1.0/nothing")
    assert answer.get_json()["error"]["code"] == "not_found"
    answer = web.client().post("/api/v1.0/events")
    assert "not allowed" in answer.get_json()["error"]["message"]


def test_a_lost_database_says_whether_something_was_changed(tmp_path: Path) -> None:
    web = Web(tmp_path)
    with web.app.test_request_context("/", headers={"Accept": HTML}):
        assert auth.for_a_person()
        assert "Try again" in plain_errors.no_database()
        assert "changed" not in plain_errors.no_database()
    with web.app.test_request_context("/", method="POST"):
        assert "nothing was changed" in plain_errors.no_database()


# --- the theme


def test_the_theme_can_be_chosen_also_before_the_login(tmp_path: Path) -> None:
    web = Web(tmp_path)
    for page in (
        web.browser().get("/login").text,
        web.log_in(Role.VIEWER).get("/").text,
    ):
        assert page.count("data-theme-choice") == 1
        values = re.findall(r'<option value="(\w+)">', page.partition("</nav>")[0])
        assert values == ["system", "light", "dark"]
