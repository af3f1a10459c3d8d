"""Authenticator apps: set up, asked for, replaced, lost, required."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import Role
from mvsnap.store.audit import AuditFilter
from tests.clients.fakes import FakeClock
from tests.web.build import PASSWORD, Web, log_in, token_of
from tests.web.second_factor_build import (
    PAGE,
    App,
    begin,
    codes_on,
    enrol,
    send_code,
    submit,
)
from tests.web.test_login import is_in


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def web(tmp_path: Path, clock: FakeClock) -> Web:
    return Web(tmp_path, clock=clock, site={"name": "Hall 7"})


@pytest.fixture
def anna(web: Web) -> FlaskClient:
    web.add_user("anna")
    client = web.browser()
    assert log_in(client, "anna").status_code == 303
    return client


@pytest.fixture
def app(anna: FlaskClient, clock: FakeClock) -> App:
    return enrol(anna, clock)


def asked_for_code(web: Web) -> FlaskClient:
    """Return a browser that has given anna's password."""
    client = web.browser()
    answer = log_in(client, "anna", url="/login?next=/clips")
    assert (answer.status_code, answer.location) == (303, "/login/code?next=/clips")
    return client


def newest_change(web: Web) -> tuple[str, str, str]:
    line = web.audit.lines(AuditFilter(), 1)[0].change
    return line.who, line.what, line.after


def test_a_password_alone_does_not_log_in_and_the_code_does(web: Web, app: App) -> None:
    client = asked_for_code(web)
    assert not is_in(client)
    token = token_of(client.get("/login/code?next=/clips"))
    fields = {"csrf_token": token, "code": f" {app.code()[:3]} {app.code()[3:]} "}
    answer = client.post("/login/code?next=/clips", data=fields)
    assert (answer.status_code, answer.location) == (303, "/clips")
    assert is_in(client)
    assert newest_change(web) == ("anna", "login", "from 127.0.0.1")


def test_a_code_is_accepted_once(web: Web, app: App, clock: FakeClock) -> None:
    first, second = asked_for_code(web), asked_for_code(web)
    assert send_code(first, app.code()).status_code == 303
    answer = send_code(second, app.code())
    assert answer.status_code == 401
    assert "used already" in answer.text
    assert not is_in(second)
    assert send_code(second, app.code(-30)).status_code == 401
    clock.pass_time(30)
    assert send_code(second, app.code()).status_code == 303


@pytest.mark.parametrize(
    ("later_s", "status"), [(-30, 303), (30, 303), (-60, 401), (60, 401)]
)
def test_clocks_may_be_half_a_minute_apart(
    web: Web, app: App, clock: FakeClock, later_s: float, status: int
) -> None:
    clock.pass_time(90)
    answer = send_code(asked_for_code(web), app.code(later_s))
    assert answer.status_code == status
    if status == 401:
        assert f"It is {clock.now():%H:%M:%S} here" in answer.text


@pytest.mark.parametrize(
    "code", ["", "000", "abcdef", "١٢٣٤٥٦", "1" * 5000, "' OR 1=1", "\0"]
)
def test_what_is_no_code_is_refused(web: Web, app: App, code: str) -> None:
    client = asked_for_code(web)
    answer = send_code(client, code)
    assert answer.status_code == 401
    assert "Wrong code" in answer.text
    assert newest_change(web)[2] == "failed (code), from 127.0.0.1"


def test_wrong_codes_lock_out_like_wrong_passwords(web: Web, app: App) -> None:
    client = asked_for_code(web)
    for _ in range(10):
        assert send_code(client, "12345").status_code == 401
    answer = send_code(client, app.code())
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    # Not only from there: this browser is known, and guesses the code alone.
    other = web.browser()
    other.environ_base["REMOTE_ADDR"] = "10.0.0.9"
    assert log_in(other, "anna").location.startswith("/login/code")
    assert send_code(other, app.code()).status_code == 429
    web.add_user("ben")
    assert log_in(other, "ben").location == "/"


def test_a_recovery_code_replaces_the_app_once(web: Web, app: App) -> None:
    assert len(set(app.recovery_codes)) == 10
    code = app.recovery_codes[3]
    client = asked_for_code(web)
    assert send_code(client, code.upper().replace("-", " ")).status_code == 303
    assert "You used a recovery code; 9 are left." in client.get("/").text
    assert newest_change(web)[2] == "from 127.0.0.1, with a recovery code, 9 left"
    again = asked_for_code(web)
    assert send_code(again, code).status_code == 401
    assert not is_in(again)


def test_nothing_of_the_app_is_stored_or_shown_in_the_clear(
    web: Web, app: App, anna: FlaskClient, tmp_path: Path
) -> None:
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("mvsnap.db*"))
    assert not any(code.encode() in stored for code in app.recovery_codes)
    for url in ("/account", PAGE, "/audit"):
        page = anna.get(url)
        assert app.secret not in page.text.replace(" ", "")
        assert not any(code in page.text for code in app.recovery_codes)


def test_the_password_lets_nobody_in_who_waits_too_long_or_is_changed(
    web: Web, app: App, clock: FakeClock
) -> None:
    client = asked_for_code(web)
    clock.pass_time(301)
    answer = client.get("/login/code?next=/clips")
    assert (answer.status_code, answer.location) == (303, "/login?next=/clips")
    client = asked_for_code(web)
    web.add_user("anna")  # a new password, say
    assert client.get("/login/code").status_code == 303
    assert web.browser().get("/login/code").status_code == 303
    assert web.browser().post("/login/code").status_code == 303


def test_the_page_of_the_code_needs_its_token(web: Web, app: App) -> None:
    client = asked_for_code(web)
    answer = client.post("/login/code", data={"code": app.code()})
    assert (answer.status_code, is_in(client)) == (400, False)


def test_the_key_is_a_picture_a_link_and_a_text(
    anna: FlaskClient, clock: FakeClock
) -> None:
    page = submit(anna, PAGE, action="app", password=PASSWORD)
    link = re.search(r'href="(otpauth://totp/[^"]+)"', page.text)
    assert link
    assert "Hall%207:anna?secret=" in link[1]
    assert "issuer=Hall%207" in link[1]
    picture = re.search(r'src="data:image/svg[^,]*,([^"]+)"', page.text)
    assert picture
    assert "script" not in picture[1]
    assert page.headers["Cache-Control"] == "private, no-store"


def test_it_begins_with_the_password(anna: FlaskClient, web: Web) -> None:
    answer = submit(anna, PAGE, action="app", password="wrong")
    assert (answer.status_code, "Wrong password." in answer.text) == (400, True)
    assert "otpauth" not in answer.text
    assert newest_change(web)[2] == "failed (own account), from 127.0.0.1"


def test_only_a_right_code_sets_it_up_and_only_for_some_minutes(
    web: Web, anna: FlaskClient, clock: FakeClock
) -> None:
    app = begin(anna, clock)
    wrong = submit(anna, f"{PAGE}/confirm", code=app.code(-90))
    assert wrong.status_code == 400
    assert "here" in wrong.text
    assert log_in(web.browser(), "anna").location == "/"
    other = web.browser()
    log_in(other, "anna")
    stolen = submit(other, f"{PAGE}/confirm", code="123456")
    assert stolen.status_code == 303
    clock.pass_time(601)
    assert submit(anna, f"{PAGE}/confirm", code=app.code()).status_code == 303
    assert log_in(web.browser(), "anna").location == "/"


def test_setting_it_up_ends_the_other_sessions(
    web: Web, anna: FlaskClient, clock: FakeClock
) -> None:
    phone = web.browser()
    log_in(phone, "anna")
    enrol(anna, clock)
    assert is_in(anna)
    assert not is_in(phone)


def test_another_phone_needs_a_code_of_the_old_one_or_a_recovery_code(
    web: Web, anna: FlaskClient, app: App, clock: FakeClock
) -> None:
    refused = submit(anna, PAGE, action="app", password=PASSWORD, code="000000")
    assert (refused.status_code, "otpauth" in refused.text) == (400, False)
    new = begin(anna, clock, code=app.recovery_codes[0])
    assert submit(anna, f"{PAGE}/confirm", code=new.code()).status_code == 200
    clock.pass_time(60)
    assert send_code(asked_for_code(web), app.code()).status_code == 401
    assert send_code(asked_for_code(web), app.recovery_codes[1]).status_code == 401
    assert send_code(asked_for_code(web), new.code()).status_code == 303


def test_new_recovery_codes_replace_the_old_ones(
    web: Web, anna: FlaskClient, app: App
) -> None:
    fields = {"action": "codes", "password": PASSWORD, "code": app.code()}
    fresh = codes_on(submit(anna, PAGE, **fields))
    assert len(fresh) == 10
    assert send_code(asked_for_code(web), app.recovery_codes[0]).status_code == 401
    assert send_code(asked_for_code(web), fresh[0]).status_code == 303


def test_the_app_is_removed_with_a_code(web: Web, anna: FlaskClient, app: App) -> None:
    fields = {"action": "remove", "password": PASSWORD, "code": app.code()}
    assert submit(anna, PAGE, **fields).location == "/account"
    assert log_in(web.browser(), "anna").location == "/"


REQUIRED: dict[str, Any] = {"login": {"second_factor": {"admin": "required"}}}


def test_who_must_have_it_can_do_nothing_else_before(
    tmp_path: Path, clock: FakeClock
) -> None:
    web = Web(tmp_path, clock=clock, **REQUIRED)
    client = web.log_in()
    for url in ("/", "/clips", "/account", "/settings", "/audit"):
        answer = client.get(url)
        assert (answer.status_code, answer.location) == (303, PAGE)
    data = client.get("/api/v1.0/events", headers={"Accept": "application/json"})
    assert (data.status_code, data.get_json()["error"]["code"]) == (403, "forbidden")
    assert submit(client, "/account/password").status_code == 403
    page = client.get(PAGE).text
    assert "Admins need a second factor here." in page
    assert 'href="/clips"' not in page
    app = enrol(client, clock)
    assert client.get("/").status_code == 200
    fields = {"action": "remove", "password": PASSWORD, "code": app.code()}
    assert submit(client, PAGE, **fields).status_code == 403
    assert web.log_in(Role.VIEWER).get("/").status_code == 200


def test_who_must_have_it_can_log_out_before(tmp_path: Path) -> None:
    web = Web(tmp_path, **REQUIRED)
    client = web.log_in()
    assert submit(client, "/logout").location == "/login"
    assert client.get("/").location == "/login?next=/"
