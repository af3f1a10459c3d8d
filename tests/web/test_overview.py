from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.core.mutes import new_mute
from mvsnap.domain import (
    Camera,
    EventId,
    EventKind,
    Listener,
    Role,
    Serial,
    Trigger,
    TriggerKind,
    Zone,
)
from mvsnap.program import program
from mvsnap.texts.broker_wordings import CONNECTED, LOST, NOT_CONNECTED
from mvsnap.texts.wording import Reason
from tests.clients.fakes import NOON, FakeClock, picture
from tests.core.build import event
from tests.web.build import DOOR, GATE, Web, words

HALL = "Q2SM-0000-0003"
URL = "rtsp://192.0.2.10/"


def made(folder: Path, **sections: object) -> Web:
    return Web(folder, clock=FakeClock(), **sections)


def listen(
    web: Web, *, seconds_ago: float = 5, connected: bool = True, refused: int = 0
) -> None:
    seen_at = NOON - timedelta(seconds=seconds_ago)
    state = (
        CONNECTED(place="127.0.0.1:1883") if connected else NOT_CONNECTED(why=LOST())
    )
    web.sense.describe_listener(
        Listener("mvsnap-1", seen_at, connected, state, 3.25, 2, refused)
    )


def text_of(client: FlaskClient) -> str:
    """Return the words of the page, blanks folded."""
    answer = client.get("/")
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2]
    return words(main).replace(" ,", ",")


def row_of(client: FlaskClient, name: str) -> str:
    rows = re.findall(r"<tr>.*?</tr>", client.get("/").text, re.DOTALL)
    (found,) = [row for row in rows if name in row]
    return words(found)


def test_with_nothing_configured_the_page_says_what_to_configure(
    tmp_path: Path,
) -> None:
    web = made(tmp_path, meraki={}, webex={}, api_keys=[])
    text = text_of(web.log_in(Role.VIEWER))
    assert "MV Sense" not in text  # a card for what is not there would be half empty
    assert "No jobs wait. Nothing is muted." in text
    assert f"{program()} snapshot" in text
    assert f"{program()} init" in text


ON: dict[str, Any] = {"sense": {"enabled": True}}


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({}, "Connected 127.0.0.1:1883 3.2 messages per second · 2 zones"),
        ({"refused": 1234}, "1,234 more not watched: above sense.max_zones"),
        ({"connected": False}, "Not connected the connection was lost 3.2"),
        ({"seconds_ago": 50}, "Connected 127.0.0.1"),
        ({"seconds_ago": 51}, "No heartbeat"),
    ],
    ids=["connected", "too many", "refused", "just alive", "stale"],
)
def test_the_state_of_mv_sense_is_shown(
    tmp_path: Path, how: dict[str, float], says: str
) -> None:
    web = made(tmp_path, sense={"enabled": True})
    listen(web, **how)  # type: ignore[arg-type]  # the one bool is one
    assert says in text_of(web.log_in())


@pytest.mark.parametrize("values", [{}, {"place": "<b>", "by": "x"}, {"why": 3}])
def test_the_state_of_a_listener_of_another_release_is_shown(
    tmp_path: Path, values: dict[str, str | int]
) -> None:
    web = made(tmp_path, sense={"enabled": True})
    for code, is_connected in ((CONNECTED.code, True), (NOT_CONNECTED.code, False)):
        state = Reason("in its words", code, values)
        seen_at = NOON - timedelta(seconds=5)
        web.sense.describe_listener(Listener(code, seen_at, is_connected, state, 1, 2))
    text = text_of(web.log_in())
    assert "in its words" in text
    assert ("&lt;b&gt;" in text) == ("place" in values)


def test_crowds_are_counted_where_they_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "on").mkdir()
    for folder, sense, says in ((tmp_path, {}, False), (tmp_path / "on", ON, True)):
        web = made(folder, **sense)
        client = web.log_in()
        assert ("0 crowd events" in text_of(client)) is says
        link = '/crowd-events?day=2026-03-04&amp;kind=crowd"'
        assert (link in client.get("/").text) is says
        web.close()


def test_a_listener_of_yesterday_is_forgotten(tmp_path: Path) -> None:
    web = made(tmp_path, sense={"enabled": True})
    listen(web, seconds_ago=24 * 3600 + 1)
    assert "Not listening" in text_of(web.log_in())


def test_sense_switched_off_on_the_page_is_off(tmp_path: Path) -> None:
    web = made(tmp_path, sense={"enabled": True})
    listen(web, connected=False)
    web.site.choose({"sense.enabled": False}, "anna", NOON, [])
    text = text_of(web.log_in())
    assert "Off not connected: the connection was lost" in text
    assert "Not connected" not in text


def test_mutes_are_named_as_people_name_the_place(tmp_path: Path) -> None:
    web = made(tmp_path, site={"timezone": "Europe/Berlin"})
    web.site.keep_cameras([Camera(Serial(GATE), "Gate", "MV12W", "N_1")], NOON)
    web.site.keep_zones(Serial(GATE), [Zone("3", "Counter")])
    web.site.mute(*new_mute(GATE, "3", "5", "anna", NOON, UTC))
    web.site.mute(*new_mute(None, None, "60", "button", NOON, UTC))
    text = text_of(web.log_in(Role.VIEWER))
    assert "Gate, Counter until Wed 04 Mar 13:05:00, by anna" in text
    assert "All cameras until Wed 04 Mar 14:00:00, by button" in text
    assert "Unmute" not in text
    page = web.log_in(Role.REVIEWER).get("/").text
    assert 'href="/settings/mutes#holding"' in page
    assert 'aria-label="Unmute Gate, Counter"' in page


def test_today_is_the_day_of_the_site_and_the_database_counts(tmp_path: Path) -> None:
    # Noon in UTC is 1 o'clock of the next day there.
    web = made(tmp_path, site={"timezone": "Pacific/Tongatapu"})
    midnight = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
    before = midnight - timedelta(seconds=1)
    for moment in (before, midnight, NOON):
        web.store.add_event(event(kind=EventKind.CROWD, occurred_at=moment))
        web.store.add_event(event(occurred_at=moment, snapshot_path="a.jpg"))
    web.store.add_event(event(occurred_at=NOON, error="The camera is offline"))
    text = text_of(web.log_in())
    assert "2 crowd events 2 snapshots 1 failure" in text


def test_the_latest_six_snapshots_are_shown_with_their_pictures(
    tmp_path: Path,
) -> None:
    web = made(tmp_path)
    for number in range(7):
        event_id, at = EventId(f"event-{number}"), NOON + timedelta(seconds=number)
        path = web.files.save_snapshot(event_id, at, picture())
        web.store.add_event(
            event(
                id=event_id, occurred_at=at, camera_name="Gate <1>", snapshot_path=path
            )
        )
    client = web.log_in(Role.VIEWER)
    page = client.get("/").text
    shown = re.findall(r'src="(/api[^"]+)"', page)
    assert shown == [
        f"/api/v1.0/events/event-{n}/thumbnail.jpg" for n in (6, 5, 4, 3, 2, 1)
    ]
    full = re.findall(r'href="(/api[^"]+)"', page)
    assert full[0] == "/api/v1.0/events/event-6/snapshot.jpg"
    for address in (shown[0], full[0]):
        answer = client.get(address, buffered=True)
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert "Gate &lt;1&gt;, Wed 04 Mar 12:00:06" in page


def test_snapshots_of_a_clock_that_was_ahead_hide_no_later_ones(tmp_path: Path) -> None:
    web = made(tmp_path)
    for number, days in enumerate((366, 365, 0)):
        at = NOON + timedelta(days=days)
        web.store.add_event(
            event(occurred_at=at, recorded_at=at, camera_name=f"Gate {number}")
        )
        text = text_of(web.log_in(Role.VIEWER))
        assert f"Gate {number}" in text
    assert "Gate 0" not in text


def test_a_snapshot_without_a_title_says_who_asked_for_it(tmp_path: Path) -> None:
    web = made(tmp_path)
    guard = Trigger(TriggerKind.WEBEX, "guard@example.com")
    at = NOON - timedelta(minutes=1)
    web.store.add_event(event(occurred_at=at, title="", trigger=guard))
    assert "guard@example.com in Webex" in text_of(web.log_in())
    web.close()


def test_a_snapshot_that_failed_says_why(tmp_path: Path) -> None:
    web = made(tmp_path)
    web.store.add_event(event(error="The camera is offline"))
    assert "The camera is offline" in text_of(web.log_in())


def test_cameras_are_listed_with_what_is_known_of_them(tmp_path: Path) -> None:
    web = made(tmp_path, meraki={"cameras": [DOOR]}, sense={"enabled": True})
    gate = Camera(Serial(GATE), "Gate", "MV12W", "N_1", "online")
    web.site.keep_cameras([gate], NOON)
    web.sense.note_last_seen({Serial(GATE): NOON}, NOON)
    client = web.log_in(Role.VIEWER)
    known = row_of(client, "Gate")
    assert f"{GATE} MV12W online Wed 04 Mar 12:00:00" in known
    assert row_of(client, DOOR).endswith("unknown never")


@pytest.mark.parametrize(
    ("sense", "seconds", "silent"),
    [
        ({}, 119, False),
        ({}, 121, True),
        ({}, None, False),
        ({"cameras": [GATE]}, 121, True),
        ({"cameras": [GATE]}, None, True),
        ({"cameras": [DOOR]}, 121, False),
        ({"enabled": False}, 121, False),
    ],
    ids=[
        "heard lately",
        "not heard for long",
        "never heard",
        "named",
        "named and never heard",
        "another is named",
        "sense is off",
    ],
)
def test_a_camera_that_should_publish_but_is_silent_is_marked(
    tmp_path: Path, sense: dict[str, object], seconds: float | None, silent: bool
) -> None:
    web = made(tmp_path, sense={"enabled": True} | sense)
    listen(web)
    web.site.keep_cameras([Camera(Serial(GATE), "Gate", "MV12W", "N_1")], NOON)
    if seconds is not None:
        seen_at = NOON - timedelta(seconds=seconds)
        web.sense.note_last_seen({Serial(GATE): seen_at}, NOON)
    assert ("silent" in row_of(web.log_in(), "Gate")) is silent


def test_no_camera_is_silent_while_nobody_listens(tmp_path: Path) -> None:
    web = made(tmp_path, sense={"enabled": True})
    listen(web, seconds_ago=300)
    web.sense.note_last_seen({Serial(HALL): NOON - timedelta(hours=1)}, NOON)
    assert "silent" not in row_of(web.log_in(), HALL)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_last_message_is_said_while_mv_sense_is_on(
    tmp_path: Path, enabled: bool
) -> None:
    web = made(tmp_path, sense={"enabled": enabled})
    client = web.log_in()
    assert ("Last MV Sense message" in text_of(client)) is enabled
    assert row_of(client, GATE).endswith("never") is enabled
    assert ("no message yet" in client.get(f"/cameras/{GATE}").text) is enabled
    web.close()


def test_the_menu_shows_the_pages_that_are_there_and_marks_this_one(
    tmp_path: Path,
) -> None:
    web = made(tmp_path, site={"name": "Harbour"})
    menu = web.log_in(Role.VIEWER).get("/").text.partition("</nav>")[0]
    assert "Harbour" in menu
    assert re.search(r'href="/"\s+aria-current="page">Overview<', menu)
    assert menu.count("aria-current") == 1
    assert "Settings" not in menu
    assert "Mutes" not in menu


def test_a_recording_only_site_does_not_mention_the_dashboard(tmp_path: Path) -> None:
    web = made(tmp_path, meraki={}, recorder={"cameras": {"Hall": {"url": URL}}})
    text = text_of(web.log_in(Role.VIEWER))
    assert "Recording cameras" in text
    for advice in ("No cameras yet", "mvsnap snapshot", "meraki.api_key"):
        assert advice not in text


def banner_of(client: FlaskClient) -> str:
    found = re.search(
        r'id="camera-troubles".*?</div>\s*</div>', client.get("/").text, re.S
    )
    return words(found[0]) if found else ""


def test_a_camera_in_trouble_is_shown_once_with_its_age_and_a_link(
    tmp_path: Path,
) -> None:
    web = made(tmp_path, sense={"enabled": True, "cameras": [GATE, DOOR]})
    web.site.keep_cameras(
        [Camera(Serial(GATE), "Gate", "MV12W", "N_1", "offline")], NOON
    )
    web.sense.note_last_seen({Serial(GATE): NOON - timedelta(minutes=5)}, NOON)
    client = web.log_in()
    page = client.get("/").text
    assert page.count(f'href="/cameras/{GATE}" data-key="trouble-{GATE}"') == 1
    assert "Gate : offline, says the Dashboard, seen 5 min ago" in banner_of(client)
    web.site.mute(*new_mute(GATE, None, "5", "anna", NOON, UTC))
    assert banner_of(client) == ""


@pytest.mark.parametrize(("status", "seen_days_ago"), [("dormant", 1), ("offline", 8)])
def test_the_banner_leaves_out_a_camera_that_is_known_to_be_off(
    tmp_path: Path, status: str, seen_days_ago: int
) -> None:
    web = made(tmp_path, sense={"enabled": True, "cameras": [GATE]})
    listen(web)
    web.site.keep_cameras([Camera(Serial(GATE), "Gate", "MV12W", "N_1", status)], NOON)
    web.sense.note_last_seen({Serial(GATE): NOON - timedelta(days=seen_days_ago)}, NOON)
    assert banner_of(web.log_in()) == ""


def test_of_many_cameras_in_trouble_some_are_named(tmp_path: Path) -> None:
    serials = [Serial(f"Q2AA-AAAA-000{n}") for n in range(5)]
    web = made(tmp_path, sense={"enabled": True, "cameras": list(serials)})
    web.site.keep_cameras(
        [Camera(s, s, "MV12W", "N_1", "offline") for s in serials], NOON
    )
    assert banner_of(web.log_in()).endswith("and 2 more")
