"""Recipients that people choose: rooms and people, as Webex knows them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import Role
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.webex.webex import FakeWebex
from mvsnap.web.recipients import RecipientCheck
from tests.servers.processes import wait_until
from tests.web.build import GATE, Web, send
from tests.web.settings_build import PAGE, ZONE, audited, sense
from tests.web.settings_build import web as web


def test_recipients_are_one_a_line(web: Web, admin: FlaskClient) -> None:
    rooms = " Security \r\n\r\nanna@example.com\r\nSecurity\r\n"
    send(admin, f"{PAGE}/rooms", rooms=rooms)
    assert sense(web).rooms == ("Security", "anna@example.com")
    assert audited(web) == [("sense.rooms", "webex.room", "Security, anna@example.com")]
    send(admin, f"{PAGE}/rooms", **{"rooms": "", "was.rooms": "Security"})
    assert web.site.setting_overrides() == {"sense.rooms": []}


@pytest.mark.parametrize(
    ("rooms", "said"),
    [
        pytest.param("a" * 401, "is longer than 400 characters", id="long"),
        pytest.param("a\x00b", "contains control characters", id="NUL"),
        pytest.param(
            "\n".join("abcdefghijklmnopqrstuv"), "at most 20 rooms or people", id="many"
        ),
    ],
)
def test_a_recipient_that_cannot_be_one_is_refused(
    web: Web, admin: FlaskClient, rooms: str, said: str
) -> None:
    answer = send(admin, f"{PAGE}/rooms", rooms=rooms)
    assert answer.status_code == 400
    assert said in answer.text
    assert web.site.setting_overrides() == {}


def test_a_room_the_bot_is_not_in_is_refused_with_similar_names(
    web: Web, asking: FlaskClient
) -> None:
    rooms = "Reception\nSecurity Taem"
    answer = send(asking, f"{PAGE}/rooms", rooms=rooms)
    assert answer.status_code == 400
    assert "not in a Webex room called &#39;Security Taem&#39;" in answer.text
    assert "similar: &#39;Security Team&#39;" in answer.text
    assert sense(web).rooms == ()
    place = {"place": f"{GATE} {ZONE}", "new": "1", "rooms": "Nowhere"}
    answer = send(asking, f"{PAGE}/place", **place)
    assert answer.status_code == 400
    assert "not in a Webex room called &#39;Nowhere&#39;" in answer.text
    assert sense(web).overrides == ()


def test_rooms_and_people_that_webex_knows_are_saved_without_a_warning(
    web: Web, asking: FlaskClient
) -> None:
    rooms = "security team\nguard@example.com"
    assert send(asking, f"{PAGE}/rooms", rooms=rooms).status_code == 303
    assert sense(web).rooms == ("security team", "guard@example.com")
    assert "may not arrive" not in asking.get(PAGE).text


def test_a_person_webex_does_not_know_is_saved_with_a_warning(
    web: Web, asking: FlaskClient
) -> None:
    send(asking, f"{PAGE}/rooms", rooms="gaurd@example.com")
    assert sense(web).rooms == ("gaurd@example.com",)
    shown = asking.get(PAGE).text
    assert "Messages to gaurd@example.com may not arrive" in shown
    assert "check the spelling" in shown


def test_without_webex_rooms_are_saved_with_a_warning(
    web: Web, webex: FakeWebex, asking: FlaskClient
) -> None:
    webex.faults.add(Fault("503-html", "GET /v1/rooms", times=-1))
    assert send(asking, f"{PAGE}/rooms", rooms="Gate").status_code == 303
    assert sense(web).rooms == ("Gate",)
    assert "Messages to Gate may not arrive. Webex reports" in asking.get(PAGE).text


def test_a_room_that_was_saved_before_is_shown_and_stops_no_other_change(
    web: Web, asking: FlaskClient
) -> None:
    now = datetime.now(UTC)
    web.site.choose({"sense.rooms": ["Gone"]}, "anna", now, [])

    def shown() -> bool:
        text = asking.get(PAGE).text
        return "Messages to Gone may not arrive. The bot is not in" in text

    wait_until(shown, "the page says so")
    assert send(asking, f"{PAGE}/rooms", rooms="Gone\nReception").status_code == 303
    assert sense(web).rooms == ("Gone", "Reception")


def test_many_who_ask_at_once_do_not_all_wait(web: Web) -> None:
    answered = threading.Event()

    def require(_name: str) -> None:
        answered.wait(60)

    check = RecipientCheck(require, wait_s=60)
    with ThreadPoolExecutor(2) as waiting:
        first = [waiting.submit(check.ask, [name]) for name in ("Gate", "Door")]
        wait_until(lambda: not check._turn_to_wait._value, "both wait", 20)
        # The answer comes while the others still wait: these have their threads back.
        found = check.ask(["Gate", "Yard"])
        assert [each.is_pending for each in found.values()] == [True, True]
        assert not any(one.done() for one in first)
        answered.set()
    assert [one.result() for one in first] == [{}, {}]
    wait_until(lambda: check.ask(["Yard"]) == {}, "it was asked", 20)


def test_a_request_does_not_wait_for_a_slow_webex(web: Web) -> None:
    answered = threading.Event()

    def require(_name: str) -> None:
        answered.wait(60)

    web.recipients = RecipientCheck(require, wait_s=0.1)
    web.app = web.fresh_app()
    admin = web.log_in(Role.ADMIN)
    assert send(admin, f"{PAGE}/rooms", rooms="Gate").status_code == 303
    assert sense(web).rooms == ("Gate",)
    page = admin.get(PAGE).text
    assert "Checking whether Gate can be reached …" in page
    assert "may not arrive" not in page
    answered.set()
    wait_until(lambda: "Checking" not in admin.get(PAGE).text, "it has answered")
