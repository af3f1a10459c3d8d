"""Settings that people change on the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap import texts
from mvsnap.config.notify import hours_text
from mvsnap.config.setting_overrides import with_room_hours
from mvsnap.domain import Listener, Role, Serial
from mvsnap.simulator.server import serve
from mvsnap.texts.broker_wordings import CONNECTED
from mvsnap.texts.wording import Reason
from mvsnap.web.pages import settings_text
from tests.changes import log_line
from tests.clients.fakes import FakeClock
from tests.servers.visitor import log_in as visit
from tests.servers.visitor import visitor
from tests.web.build import DOOR, GATE, PASSWORD, Web, send, words
from tests.web.settings_build import (
    IN_FILE,
    PAGE,
    ZONE,
    audited,
    field,
    open_web,
    sense,
)
from tests.web.settings_build import web as web

RULE = {
    "people": "3",
    "dwell_s": "60",
    "min_messages": "1",
    "dropout_s": "5",
    "cooldown_s": "300",
}
PATHS = (
    *("rule", "rooms", "hours", "room-hours", "enabled", "back"),
    *("place", "place/remove"),
)


def save_rule(client: FlaskClient, **given: str) -> TestResponse:
    shown = {f"was.{name}": text for name, text in RULE.items()}
    return send(client, f"{PAGE}/rule", **(RULE | shown | given))


def test_the_page_shows_what_holds_and_never_the_password(
    web: Web, admin: FlaskClient
) -> None:
    html = admin.get(PAGE).text
    assert {name: field(html, name) for name in RULE} == RULE
    assert "mqtt.shop.example:1883" in html
    assert "the-password-of-the-broker" not in html
    assert "within two seconds" in html
    assert "From the file" not in html


def test_a_saved_value_holds_and_is_audited(web: Web, admin: FlaskClient) -> None:
    answer = save_rule(admin, people="5")
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert web.site.setting_overrides() == {"sense.people": 5}
    assert sense(web).people == 5
    assert audited(web) == [("sense.people", "3", "5")]
    text = words(admin.get(PAGE).text)
    assert text.count("Reset to the file") == 1  # the others are the file's, as is said
    assert "Saved. sense.people: 3 → 5." in text
    assert re.search(
        r"Set by admin, \w+ \d+ \w+ [\d:]+\. Reset to the file’s value \(3\)", text
    )


def test_each_changed_value_has_its_line(web: Web, admin: FlaskClient) -> None:
    save_rule(admin, people="5", dwell_s="90.5", cooldown_s="300.0")
    assert audited(web) == [
        ("sense.dwell_s", "60 s", "90.5 s"),
        ("sense.people", "3", "5"),
    ]


def test_saving_without_a_change_stores_nothing(web: Web, admin: FlaskClient) -> None:
    assert save_rule(admin).status_code == 303
    assert (web.site.setting_overrides(), audited(web)) == ({}, [])
    assert "No changes." in admin.get(PAGE).text


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("people", "many", "Enter a whole number."),
        ("people", "", "Enter a whole number."),
        ("people", "2.5", "Enter a whole number."),
        ("people", "0", "Must be greater than or equal to 1."),
        ("dwell_s", "long", "Enter a number."),
        ("dwell_s", "-1", "greater than or equal to 0"),
        ("dwell_s", "nan", "0"),
        ("cooldown_s", "1e9", "less than or equal to 86400"),
        ("people", "9" * 5000, "Enter a whole number."),
    ],
)
def test_a_mistake_is_shown_at_its_field_with_what_was_typed(
    web: Web, admin: FlaskClient, name: str, text: str, said: str
) -> None:
    answer = save_rule(admin, min_messages="7", **{name: text})
    assert answer.status_code == 400
    html = answer.text
    found = re.search(f'id="{name}-mistake">([^<]*)<', html)
    assert found, html
    assert said in found[1]
    assert field(html, name) == text
    assert field(html, "min_messages") == "7"
    assert (web.site.setting_overrides(), audited(web)) == ({}, [])


def test_thresholds_of_begin_and_end_may_stay_empty(
    web: Web, admin: FlaskClient
) -> None:
    save_rule(admin, people_to_start="2", people_to_end="1")
    assert (sense(web).people_to_start, sense(web).people_to_end) == (2, 1)
    shown = {"was.people_to_start": "2", "was.people_to_end": "1"}
    save_rule(admin, people_to_start="", people_to_end="1", **shown)
    assert (sense(web).people_to_start, sense(web).people_to_end) == (None, 1)
    assert audited(web)[0] == ("sense.people_to_start", "2", "default")


def test_a_threshold_of_the_file_cannot_be_emptied_here(tmp_path: Path) -> None:
    web = open_web(tmp_path, sense=IN_FILE | {"people_to_start": 2})
    shown = {"was.people_to_start": "2"}
    answer = save_rule(web.log_in(Role.ADMIN), people_to_start="", **shown)
    assert answer.status_code == 400
    assert "Enter a whole number." in answer.text
    web.close()


def test_two_people_who_change_different_fields_keep_both(
    web: Web, admin: FlaskClient
) -> None:
    save_rule(admin, people="5")
    save_rule(admin, dwell_s="90")  # from a page opened before
    assert (sense(web).people, sense(web).dwell_s) == (5, 90)


def test_of_two_people_who_change_the_same_field_the_last_wins_and_both_are_audited(
    web: Web, admin: FlaskClient
) -> None:
    save_rule(admin, people="5")
    save_rule(admin, people="6")
    assert sense(web).people == 6
    assert audited(web) == [("sense.people", "5", "6"), ("sense.people", "3", "5")]


def test_a_value_goes_back_to_the_one_of_the_file(web: Web, admin: FlaskClient) -> None:
    save_rule(admin, people="5")
    assert send(admin, f"{PAGE}/back", name="people").status_code == 303
    assert web.site.setting_overrides() == {}
    assert audited(web)[0] == ("sense.people", "5", "3 (from the file)")


@pytest.mark.parametrize("name", ["", "password", "sense.people"])
def test_only_what_can_be_chosen_goes_back(admin: FlaskClient, name: str) -> None:
    assert send(admin, f"{PAGE}/back", name=name).status_code == 400


def save_hours(client: FlaskClient, when: str, **given: str) -> TestResponse:
    shown = {"was.when": "", "outside": "never", "was.outside": "never"}
    return send(client, f"{PAGE}/hours", when=when, **(shown | given))


def test_hours_are_one_span_a_line(web: Web, admin: FlaskClient) -> None:
    when = "mon-fri 18:00-06:00\r\n sat "
    assert save_hours(admin, when, outside="later").status_code == 303
    held = sense(web)
    assert hours_text(held.when) == "mon-fri 18:00-06:00\nsat"
    assert held.outside == "later"
    assert sorted(audited(web)) == [
        ("sense.outside", "never", "later"),
        ("sense.when", "always", "mon-fri 18:00-06:00, sat"),
    ]
    assert ">mon-fri 18:00-06:00\nsat</textarea>" in admin.get(PAGE).text
    shown = {"was.when": "mon-fri 18:00-06:00\nsat", "outside": "later"}
    save_hours(admin, "mon, tue, wed-fri 18:00-6:00\nsat", **shown)
    assert len(audited(web)) == 2, "the same hours, written in another way"
    save_hours(admin, "", **shown)
    assert sense(web).when is None
    send(admin, f"{PAGE}/back", name="outside")
    assert (sense(web).outside, web.site.setting_overrides()) == ("never", {})


def test_hours_of_the_file_can_be_switched_off_here(tmp_path: Path) -> None:
    web = open_web(tmp_path, sense=IN_FILE | {"when": {"days": "sat"}})
    admin = web.log_in(Role.ADMIN)
    save_hours(admin, "", **{"was.when": "sat"})
    assert hours_text(sense(web).when) == "mon-sun"
    assert "Reset to the file’s value (sat)" in words(admin.get(PAGE).text)
    save_hours(admin, "", **{"was.when": ""}, outside="later")
    said = "Reset to the file’s value (Nobody is notified)"
    assert said in words(admin.get(PAGE).text)
    web.close()


def test_webex_rooms_have_hours_of_their_own(tmp_path: Path) -> None:
    bot = {"bot_token": "a-token-of-a-bot", "outside": "never"}
    web = open_web(tmp_path, webex=bot)
    admin, file = web.log_in(Role.ADMIN), web.settings.webex
    assert 'id="rooms_when"' in admin.get(PAGE).text
    given = {"rooms_when": "mon-fri 08:00-18:00\r\n", "rooms_outside": "later"}
    send(admin, f"{PAGE}/room-hours", **given)
    held = with_room_hours(file, web.site.setting_overrides())
    assert (hours_text(held.when), held.outside) == ("mon-fri 08:00-18:00", "later")
    assert sorted(audited(web)) == [
        ("webex.outside", "never", "later"),
        ("webex.when", "always", "mon-fri 08:00-18:00"),
    ]
    assert ">mon-fri 08:00-18:00</textarea>" in admin.get(PAGE).text
    answer = send(admin, f"{PAGE}/room-hours", rooms_when="someday")
    assert answer.status_code == 400
    assert 'id="rooms_when-mistake">Days: &#39;someday&#39;, exp' in answer.text
    send(admin, f"{PAGE}/room-hours", rooms_when="")
    send(admin, f"{PAGE}/back", name="webex.outside")
    assert web.site.setting_overrides() == {}
    web.close()


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"when": "someday 8:00-9:00"}, "when", "Days: &#39;someday&#39;, expected"),
        ({"when": "mon 8:00-25:00"}, "when", "To: expected a time like"),
        ({"when": "sat\n" * 21}, "when", "Enter at most 20 lines."),
        ({"when": "s" * 4001}, "when", "Enter at most 20 lines."),
        ({"when": "", "outside": "soon"}, "outside", "Must be"),
    ],
)
def test_a_mistake_in_the_hours_is_shown_at_its_field(
    web: Web, admin: FlaskClient, given: dict[str, str], name: str, said: str
) -> None:
    answer = save_hours(admin, **given)
    assert answer.status_code == 400
    found = re.search(f'id="{name}-mistake">([^<]*)<', answer.text)
    assert found, answer.text
    assert said in found[1]
    assert web.site.setting_overrides() == {}


def test_mv_sense_is_switched_on_and_off(web: Web, admin: FlaskClient) -> None:
    send(admin, f"{PAGE}/enabled", enabled="on")
    assert sense(web).enabled
    send(admin, f"{PAGE}/enabled", enabled="off")
    assert not sense(web).enabled
    assert audited(web) == [
        ("sense.enabled", "on", "off"),
        ("sense.enabled", "off", "on"),
    ]


def test_without_a_broker_mv_sense_cannot_be_switched_on(tmp_path: Path) -> None:
    web = open_web(tmp_path)
    admin = web.log_in(Role.ADMIN)
    assert re.search(r'value="on" disabled', admin.get(PAGE).text)
    answer = send(admin, f"{PAGE}/enabled", enabled="on")
    assert answer.status_code == 400
    assert "The broker is not configured." in answer.text
    assert web.site.setting_overrides() == {}
    web.close()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_only_an_admin_changes_settings(web: Web, role: Role) -> None:
    client = web.log_in(role)
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}/place").status_code == 403
    for path in PATHS:
        answer = send(client, f"{PAGE}/{path}", people="9", enabled="on")
        assert answer.status_code == 403, path
    assert web.site.setting_overrides() == {}


def test_the_last_fifty_changes_are_listed(web: Web, admin: FlaskClient) -> None:
    now = datetime.now(UTC)
    for number in range(60):
        line = log_line(now, "anna", f"change {number}.", "<b>", "")
        web.site.choose({}, "anna", now, [line])
    html = admin.get(PAGE).text
    assert "change 59." in html
    assert "change 10." in html
    assert "change 9." not in html
    assert "<b>" not in html


def test_an_outdated_override_is_reported_and_the_file_applies(
    web: Web, admin: FlaskClient
) -> None:
    web.site.choose({"sense.people": -1}, "anna", datetime.now(UTC), [])
    html = admin.get(PAGE).text
    assert "no longer valid" in html
    assert field(html, "people") == "3"
    assert send(admin, f"{PAGE}/back", name="people").status_code == 303
    assert "no longer valid" not in admin.get(PAGE).text


def test_outdated_hours_of_rooms_are_reported_too(web: Web, admin: FlaskClient) -> None:
    web.site.choose({"webex.when": "someday"}, "anna", datetime.now(UTC), [])
    assert "so the file applies: webex.when: " in admin.get(PAGE).text
    assert send(admin, f"{PAGE}/back", name="webex.when").status_code == 303
    assert "no longer valid" not in admin.get(PAGE).text


def test_cameras_are_offered_by_name(web: Web, admin: FlaskClient) -> None:
    web.sense.note_last_seen({Serial(DOOR): datetime.now(UTC)}, datetime.now(UTC))
    for path in ("place", "mutes"):
        html = admin.get(f"{PAGE}/{path}").text
        assert (
            f'<option value="{GATE} {ZONE}">Gate north, Waiting area</option>' in html
        )
        assert f'<option value="{DOOR} *">{DOOR}, all zones</option>' in html


def test_whether_a_listener_is_running_is_shown(web: Web, admin: FlaskClient) -> None:
    now, long_ago = datetime.now(UTC), datetime.now(UTC) - timedelta(hours=1)
    web.site.choose({"sense.enabled": True}, "admin", long_ago, [])
    web.sense.describe_listener(Listener("a", long_ago, True, Reason("gone"), 1.0, 1))
    text = words(admin.get(PAGE).text)
    assert "No process is listening" in text
    assert "gone" not in text
    web.sense.describe_listener(
        Listener("b", now, True, CONNECTED(place="MQTT"), 1.0, 1)
    )
    assert "Connected to MQTT" in words(admin.get(PAGE).text)
    texts.use("de")
    assert "Verbunden mit MQTT" in words(admin.get(PAGE).text)


def listener(connected: bool, state: str) -> Listener:
    return Listener("a", datetime.now(UTC), connected, Reason(state), 1.0, 1)


@pytest.fixture
def takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch is on its way for longer than a page takes on a busy machine."""
    monkeypatch.setattr(settings_text, "_SWITCHING", timedelta(hours=1))


@pytest.mark.usefixtures("takes_its_time")
def test_until_the_listener_has_followed_the_switch_its_old_state_is_not_shown(
    web: Web, admin: FlaskClient
) -> None:
    web.sense.describe_listener(listener(False, "not listened to"))
    send(admin, f"{PAGE}/enabled", enabled="on")
    text = words(admin.get(PAGE).text)
    assert "Switching on …" in text
    assert "Not listened to" not in text
    web.sense.describe_listener(listener(True, "connected to the broker"))
    assert "Connected to the broker" in words(admin.get(PAGE).text)
    send(admin, f"{PAGE}/enabled", enabled="off")
    text = words(admin.get(PAGE).text)
    assert "Switching off …" in text
    assert "Connected to" not in text


def test_a_listener_that_does_not_follow_is_shown_as_is_after_some_seconds(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    web = open_web(tmp_path, sense=IN_FILE, clock=clock)
    admin = web.log_in(Role.ADMIN)
    send(admin, f"{PAGE}/enabled", enabled="on")
    assert "Switching on …" in words(admin.get(PAGE).text)
    clock.pass_time(11)
    assert "No process is listening" in words(admin.get(PAGE).text)
    web.close()


@pytest.mark.usefixtures("takes_its_time")
def test_the_page_shows_the_new_state_without_a_reload(web: Web) -> None:
    web.add_user("anna")
    web.sense.describe_listener(listener(False, "not listened to"))
    with serve(web.app) as url, visitor() as page:
        visit(page, f"{url}{PAGE}", "anna", PASSWORD)
        page.get_by_role("button", name="Switch on").click()
        page.get_by_text("Switching on …").wait_for()
        page.get_by_label("People", exact=True).fill("7")
        web.sense.describe_listener(listener(True, "connected to the broker"))
        page.get_by_text("Connected to the broker").wait_for()
        assert page.get_by_label("People", exact=True).input_value() == "7"
