"""The page of one's own account: password and sessions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap.domain import Role
from mvsnap.store.audit import AuditFilter
from tests.clients.fakes import FakeClock
from tests.web.build import PASSWORD, Web, log_in, send
from tests.web.test_login import is_in

PAGE = "/account"
NEW = "another good password"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def set_password(client: FlaskClient, **fields: str) -> TestResponse:
    filled = {"old": PASSWORD, "new": NEW, "again": NEW} | fields
    return send(client, f"{PAGE}/password", **filled)


def newest_change(web: Web) -> tuple[str, str, str]:
    line = web.audit.lines(AuditFilter(), 1)[0].change
    return line.who, line.what, line.after


def test_a_person_changes_the_password_and_other_sessions_end(web: Web) -> None:
    client, phone = web.log_in(Role.VIEWER), web.browser()
    log_in(phone, "viewer")
    before = client.get_cookie("mvsnap")
    assert before is not None
    answer = set_password(client)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert newest_change(web) == ("viewer", "user viewer", "role viewer, new password")
    assert "Your password is changed." in client.get(PAGE).text
    assert not is_in(phone)
    thief = web.browser()
    thief.set_cookie("mvsnap", before.value)
    assert not is_in(thief)
    assert log_in(web.browser(), "viewer").status_code == 401
    assert log_in(web.browser(), "viewer", NEW).status_code == 303


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"old": "wrong"}, "Wrong password."),
        ({"old": ""}, "Wrong password."),
        ({"again": "another good passwort"}, "Not the same."),
        ({"new": PASSWORD, "again": PASSWORD}, "This is your old password."),
        ({"new": "short", "again": "short"}, "Too short (expected at least 10"),
        ({"new": "x" * 5000}, "Too long (expected at most 256"),
        ({"new": "password1234"}, "a common password"),
        ({"new": "viewer-2026!!", "again": "viewer-2026!!"}, "the name of the user"),
        ({"new": "hall seven 12", "again": "hall seven 12"}, "the name of the user"),
    ],
)
def test_what_cannot_be_the_new_password_is_said_below_its_field(
    tmp_path: Path, fields: dict[str, str], says: str
) -> None:
    web = Web(tmp_path, site={"name": "Hall Seven"})
    client = web.log_in(Role.VIEWER)
    answer = set_password(client, **fields)
    assert answer.status_code == 400
    assert says in answer.text
    assert is_in(client)
    assert log_in(web.browser(), "viewer").status_code == 303


def test_a_stolen_session_cannot_guess_the_password(web: Web) -> None:
    client = web.log_in()
    for _ in range(10):
        assert set_password(client, old="wrong").status_code == 400
    answer = set_password(client)
    assert answer.status_code == 429
    assert newest_change(web)[2] == "failed (own account), from 127.0.0.1"


def test_the_sessions_of_a_person_are_listed(tmp_path: Path) -> None:
    clock = FakeClock()
    web = Web(tmp_path, clock=clock)
    client = web.log_in(Role.VIEWER)
    web.add_user("ben")
    log_in(web.browser(), "ben")
    phone = web.browser()
    phone.environ_base["HTTP_USER_AGENT"] = FIREFOX
    phone.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    log_in(phone, "viewer")
    clock.pass_time(600)
    page = client.get(PAGE).text
    assert page.count("list-group-item") == 2
    assert re.search(r"Firefox on Windows</div>\s*<div[^>]*>\s*From 10\.0\.0\.7", page)
    assert page.count("this one") == 1
    clock.pass_time(12 * 3600 - 600)
    assert log_in(client, "viewer").status_code == 303
    assert client.get(PAGE).text.count("list-group-item") == 1


def ids(client: FlaskClient) -> list[str]:
    return re.findall(r'name="id" value="([0-9a-f]+)"', client.get(PAGE).text)


def test_one_session_is_ended_from_another(web: Web) -> None:
    client, phone, tablet = web.log_in(), web.browser(), web.browser()
    log_in(phone, "admin")
    [of_phone] = ids(client)
    log_in(tablet, "admin")
    assert send(client, f"{PAGE}/sessions/end", id=of_phone).status_code == 303
    assert [is_in(one) for one in (client, phone, tablet)] == [True, False, True]
    send(client, f"{PAGE}/sessions/end", id=of_phone)
    assert "That session had ended already." in client.get(PAGE).text


def test_nobody_ends_the_session_of_somebody_else(web: Web) -> None:
    client, phone = web.log_in(), web.browser()
    log_in(phone, "admin")
    viewer = web.log_in(Role.VIEWER)
    for one in (*ids(client), "", "x" * 5000, "\0"):
        send(viewer, f"{PAGE}/sessions/end", id=one)
    assert is_in(client)
    assert is_in(phone)


def test_logging_out_everywhere_ends_this_session_too(web: Web) -> None:
    client, phone, viewer = web.log_in(), web.browser(), web.log_in(Role.VIEWER)
    log_in(phone, "admin")
    answer = send(client, f"{PAGE}/sessions/end-all")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert [is_in(one) for one in (client, phone, viewer)] == [False, False, True]
    assert newest_change(web) == ("admin", "user admin", "logout everywhere")


def test_another_login_in_the_same_browser_leaves_one_session(web: Web) -> None:
    client = web.log_in()
    log_in(client, "admin")
    assert client.get(PAGE).text.count("list-group-item") == 1


def test_a_session_that_one_process_ends_is_over_in_all(tmp_path: Path) -> None:
    one, two = Web(tmp_path), Web(tmp_path)
    client = one.log_in()
    cookie = client.get_cookie("mvsnap")
    assert cookie is not None
    elsewhere = two.browser()
    elsewhere.set_cookie("mvsnap", cookie.value)
    assert is_in(elsewhere)
    send(elsewhere, f"{PAGE}/sessions/end-all")
    assert not is_in(client)
