from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from mvsnap.core.users import LOG_IN, LOG_OUT
from mvsnap.domain import Change, EventId, Role, User
from mvsnap.errors import TooManyRequests
from mvsnap.program import program
from mvsnap.simulator.server import serve
from mvsnap.store.audit import AuditFilter
from mvsnap.values import replace
from mvsnap.web import login, passwords
from tests.changes import log_line
from tests.clients.fakes import FakeClock
from tests.core.build import event
from tests.servers.browser import dump_dom
from tests.servers.processes import wait_until
from tests.web.build import (
    DOOR,
    GATE,
    HASHED,
    PASSWORD,
    Web,
    log_in,
    send,
    token_of,
    words,
)

EVENTS = "/api/v1.0/events"
WRONG = "Wrong name or password."


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def cookie(web: Web, **how: Any) -> str:
    """Return the session cookie of a login, with its attributes."""
    web.add_user("anna")
    client = web.browser()
    page = client.get("/login", **how)
    form = {"csrf_token": token_of(page), "name": "anna", "password": PASSWORD}
    answer = client.post("/login", data=form, **how)
    assert answer.status_code == 303
    return answer.headers["Set-Cookie"]


def audited(web: Web) -> list[tuple[str, str, str, str]]:
    """Return the lines of logins and logouts, newest first."""
    lines = [line.change for line in web.audit.lines(AuditFilter(), 99)]
    return [
        (c.who, c.what, c.before, c.after) for c in lines if c.what in (LOG_IN, LOG_OUT)
    ]


@pytest.fixture
def quick_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody has costs what the users of tests cost, not 0.3 s."""
    monkeypatch.setattr(passwords, "NOBODYS", HASHED)


def change(what: str) -> Change:
    return log_line(datetime.now(UTC), "tests", what, "", "")


def test_a_person_logs_in_and_gets_the_page_that_was_asked_for(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    sent = client.get("/?day=2026-03-04")
    assert sent.status_code == 303
    answer = log_in(client, "anna", url=sent.location)
    assert (answer.status_code, answer.location) == (303, "/?day=2026-03-04")
    page = client.get(answer.location)
    assert page.status_code == 200
    assert "anna (admin)" in words(page.text)


def test_the_case_of_a_name_and_blanks_around_it_do_not_matter(web: Web) -> None:
    web.add_user("anna@site-1.example")
    assert log_in(web.browser(), " Anna@Site-1.example ").status_code == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", "wrong"),
        ("anna", PASSWORD.upper()),
        ("anna", PASSWORD + " "),
        ("anna", ""),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("a" * 5000, PASSWORD),
        ("anna\0", PASSWORD),
        ("änna", PASSWORD),
    ],
    ids=["wrong", "case", "blank", "none", "unknown", "no name", "long", "NUL", "ä"],
)
def test_who_is_not_known_by_name_and_password_stays_out(
    web: Web, name: str, password: str
) -> None:
    web.add_user("anna")
    client = web.browser()
    answer = log_in(client, name, password)
    assert answer.status_code == 401
    assert WRONG in answer.text
    assert not is_in(client)


def test_an_unknown_name_costs_the_same_work_as_a_wrong_password() -> None:
    method = passwords.hashed(PASSWORD).split("$")[0]
    assert passwords.NOBODYS.split("$")[0] == method
    assert not passwords.fits(passwords.NOBODYS, "")


def test_a_wrong_password_costs_the_same_with_an_older_hash() -> None:
    def cost_s(stored: str) -> float:
        began = time.process_time()
        assert not passwords.fits(stored, "wrong")
        return time.process_time() - began

    old = generate_password_hash(PASSWORD)  # of earlier versions
    took_s = min(cost_s(old) for _ in range(3))
    assert took_s == pytest.approx(
        min(cost_s(passwords.NOBODYS) for _ in range(3)), rel=0.5
    )


def test_an_older_hash_is_replaced_at_the_next_login_and_ends_no_session(
    web: Web,
) -> None:
    old = generate_password_hash(PASSWORD)
    user = replace(web.add_user("anna"), password_hash=old)
    web.users.put(user, change("user anna"))
    first, second = web.browser(), web.browser()
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda client: log_in(client, "anna"), (first, second))
        assert [answer.status_code for answer in answers] == [303, 303]
    fresh = web.users.user("anna")
    assert fresh is not None
    assert fresh.password_hash.startswith("scrypt:32768:8:3$")
    assert is_in(first)
    assert is_in(second)
    assert log_in(web.browser(), "anna").status_code == 303


def test_log_ins_are_in_the_log_and_no_password_is(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    web.add_user("anna")
    log_in(web.browser(), "anna", "a wrong one")
    log_in(web.browser(), "anna")
    assert "failed login as anna from 127.0.0.1" in caplog.text
    assert "anna logged in from 127.0.0.1" in caplog.text
    assert "a wrong one" not in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.usefixtures("quick_nobody")
def test_ten_failures_from_an_address_lock_it_out_for_a_while(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    for number in range(10):
        assert log_in(client, f"name-{number}", "wrong").status_code == 401
    answer = log_in(client, "anna")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Too many failed logins; try again in" in answer.text
    other = web.browser()
    other.environ_base["REMOTE_ADDR"] = "10.0.0.2"
    assert log_in(other, "anna").status_code == 303


@pytest.mark.usefixtures("quick_nobody")
def test_ten_failures_from_a_network_of_ipv6_lock_it_out(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    for number in range(10):
        client.environ_base["REMOTE_ADDR"] = f"2001:db8::{number + 1}"
        assert log_in(client, f"name-{number}", "wrong").status_code == 401
    client.environ_base["REMOTE_ADDR"] = "2001:db8::ffff"
    assert log_in(client, "anna").status_code == 429
    other = web.browser()
    other.environ_base["REMOTE_ADDR"] = "2001:db8:0:1::1"
    assert log_in(other, "anna").status_code == 303


def test_ten_failures_for_a_name_lock_it_for_minutes_and_no_other(web: Web) -> None:
    web.add_user("anna")
    web.add_user("ben")
    client = web.browser()
    for number in range(10):
        client.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        assert log_in(client, "Anna", "wrong").status_code == 401
    client.environ_base["REMOTE_ADDR"] = "10.0.1.1"
    answer = log_in(client, "anna")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    assert log_in(client, "ben").status_code == 303


def test_those_who_log_in_are_never_locked_out(web: Web) -> None:
    web.add_user("anna")
    for _ in range(12):
        assert log_in(web.browser(), "anna").status_code == 303


@pytest.mark.parametrize(
    ("login", "used_every_min", "ends_after_min"),
    [({"session_hours": 2}, 39, 3), ({"idle_minutes": 30}, 29, 30)],
    ids=["after its hours, however busy it is", "when nobody uses it"],
)
def test_a_session_ends(
    tmp_path: Path, login: dict[str, int], used_every_min: int, ends_after_min: int
) -> None:
    clock = FakeClock()
    client = Web(tmp_path, clock=clock, login=login).log_in()
    for _ in range(3):
        clock.pass_time(used_every_min * 60)
        assert is_in(client)
    clock.pass_time(ends_after_min * 60)
    assert not is_in(client)


@pytest.mark.parametrize("polled", ["/clips/rows", "/api/v1.0/events"])
def test_a_page_that_updates_itself_is_no_use(tmp_path: Path, polled: str) -> None:
    clock = FakeClock()
    web = Web(tmp_path, clock=clock, login={"idle_minutes": 30})
    client = web.log_in()
    for _ in range(2):
        clock.pass_time(14 * 60)
        answer = client.get(polled, headers={"Accept": "*/*"})
        assert answer.status_code == 200
    clock.pass_time(2 * 60)
    assert not is_in(client)


def test_a_session_in_use_is_seldom_written(tmp_path: Path) -> None:
    clock = FakeClock()
    web = Web(tmp_path, clock=clock)
    client = web.log_in()
    used = set()
    for _ in range(12):
        clock.pass_time(60)
        assert is_in(client)
        [session] = web.users.sessions.of_user("admin", clock.now(), timedelta(1))
        used.add(session.used_at)
    assert len(used) == 3  # at the login, and after 5 and 10 minutes


def test_the_cookie_is_for_this_site_only_and_out_of_reach_of_scripts(
    web: Web,
) -> None:
    text = cookie(web)
    assert "HttpOnly" in text
    assert "SameSite=Lax" in text
    assert "Secure" not in text
    assert "Expires" in text


def test_the_cookie_is_secure_when_the_site_is(tmp_path: Path) -> None:
    web = Web(tmp_path, site={"public_url": "https://mvsnap.example"})
    assert "Secure" in cookie(web, base_url="https://localhost")
    web.close()
    web = Web(tmp_path)
    assert "Secure" in cookie(web, base_url="https://localhost")


def test_nothing_of_the_session_before_the_log_in_stays(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    before = token_of(client.get("/login"))
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        planted = session["csrf_token"]
    log_in(client, "anna")
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["csrf_token"] != planted
    answer = client.post("/logout", data={"csrf_token": before})
    assert answer.status_code == 400
    assert is_in(client)


@pytest.mark.parametrize("how", ["password", "role", "removed"])
def test_a_user_who_is_changed_is_out_at_the_next_request(web: Web, how: str) -> None:
    client = web.log_in()
    user = web.users.user("admin")
    assert user is not None
    match how:
        case "password":
            fresh = User("admin", user.role, user.password_hash + "0", user.changed_at)
            web.users.put(fresh, change("user admin"))
        case "role":
            fresh = User("admin", Role.VIEWER, user.password_hash, user.changed_at)
            web.users.put(fresh, change("user admin"))
        case _:
            web.users.remove("admin", change("user admin"))
    assert not is_in(client)


def test_a_user_with_the_name_of_one_who_was_removed_does_not_get_the_session(
    web: Web,
) -> None:
    client = web.log_in()
    web.users.remove("admin", change("user admin"))
    web.users.put(
        User("admin", Role.ADMIN, HASHED, datetime.now(UTC) + timedelta(seconds=1)),
        change("user admin"),
    )
    assert not is_in(client)


def test_a_forged_session_is_ignored(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    client.set_cookie("mvsnap", "eyJfdXNlcl9pZCI6ImFubmEifQ.aaaaaa.bbbbbbbbbbbb")
    assert not is_in(client)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/a\r\nSet-Cookie: x=y",
        "",
    ],
)
def test_a_log_in_leads_to_no_other_host(web: Web, wanted: str) -> None:
    web.add_user("anna")
    client = web.browser()
    token = token_of(client.get("/login"))
    fields = {"csrf_token": token, "name": "anna", "password": PASSWORD}
    answer = client.post("/login", query_string={"next": wanted}, data=fields)
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/mvsnap/clips?day=2026-03-04", "/mvsnap/clips?day=2026-03-04"),
        ("/mvsnap/../admin", "/mvsnap/"),
        ("/mvsnap/%2e%2E/admin", "/mvsnap/"),
        ("/mvsnap/.%2e/.%2e/admin?x", "/mvsnap/"),
        ("/admin", "/mvsnap/"),
        ("/mvsnap.evil.example/", "/mvsnap/"),
        ("/mvsnap", "/mvsnap/"),
        ("//evil.example/mvsnap/", "/mvsnap/"),
        ("/\\evil.example/mvsnap/", "/mvsnap/"),
    ],
)
def test_below_a_path_a_log_in_leads_to_nothing_beside_it(
    web: Web, wanted: str, leads_to: str
) -> None:
    web.add_user("anna")
    client = web.browser()
    below = {"base_url": "http://localhost/mvsnap"}
    token = token_of(client.get("/login", **below))
    fields = {"csrf_token": token, "name": "anna", "password": PASSWORD}
    answer = client.post("/login", query_string={"next": wanted}, data=fields, **below)
    assert (answer.status_code, answer.location) == (303, leads_to)


def test_a_log_in_without_its_token_is_asked_for_again(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    fields = {"name": "anna", "password": PASSWORD}
    answer = client.post("/login", data=fields)
    assert answer.status_code == 400
    assert "The page has expired" in answer.text
    assert not is_in(client)


def test_logging_out_ends_the_session_and_says_so(web: Web) -> None:
    client = web.log_in()
    answer = send(client, "/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert not is_in(client)
    assert "You have logged out." in client.get("/login").text


def test_a_copied_cookie_opens_nothing_after_the_log_out_and_other_devices_stay(
    web: Web,
) -> None:
    client = web.log_in()
    phone = web.browser()
    assert log_in(phone, "admin").status_code == 303
    found = client.get_cookie("mvsnap")
    assert found is not None
    thief = web.browser()
    thief.set_cookie("mvsnap", found.value)
    assert is_in(thief)
    send(client, "/logout")
    assert not is_in(thief)
    assert is_in(phone)


def test_log_ins_failed_ones_and_log_outs_are_in_the_audit_log(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    log_in(client, "anna", "wrong")
    log_in(client, "Anna")
    send(client, "/logout")
    assert audited(web) == [
        ("anna", "logout", "", "from 127.0.0.1"),
        ("anna", "login", "", "from 127.0.0.1"),
        ("anna", "login", "", "failed, from 127.0.0.1"),
    ]


def test_what_was_typed_as_a_name_nobody_has_is_not_kept(web: Web) -> None:
    log_in(web.browser(), "my-secret-password", "anna")
    assert audited(web) == [("unknown name", "login", "", "failed, from 127.0.0.1")]


@pytest.mark.usefixtures("quick_nobody")
def test_guessing_without_end_fills_no_audit_log_and_hides_nobody(
    web: Web,
) -> None:
    web.add_user("anna")
    for number in range(25):
        client = web.browser()
        client.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        log_in(client, f"name-{number}", "wrong")
    log_in(web.browser(), "anna", "wrong")
    who = [line[0] for line in audited(web)]
    assert who == ["anna", *["unknown name"] * 20]


def test_a_link_cannot_log_anybody_out(web: Web) -> None:
    client = web.log_in()
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 400
    assert is_in(client)


def test_the_login_page_says_how_to_add_the_first_user(web: Web) -> None:
    hint = f"{program()} users add NAME"
    assert hint in web.browser().get("/login").text
    web.add_user("anna")
    assert hint not in web.browser().get("/login").text


def test_a_browser_runs_what_the_login_page_brings_and_nothing_is_blocked(
    web: Web,
) -> None:
    with serve(web.app) as url:
        page = dump_dom(f"{url}/login")
    assert 'data-bs-theme="light"' in page
    assert 'name="password"' in page


def test_a_person_sees_events_of_all_cameras(web: Web) -> None:
    for serial in (GATE, DOOR):
        web.store.add_event(event(id=EventId(f"of-{serial}"), serial=serial))
    client = web.log_in(Role.VIEWER)
    listed: Any = client.get(EVENTS).get_json()
    assert {found["serial"] for found in listed["events"]} == {GATE, DOOR}
    assert client.get(f"{EVENTS}/of-{DOOR}").status_code == 200
    assert client.get(f"{EVENTS}.csv").status_code == 200


def test_a_wrong_key_is_refused_even_with_a_session(web: Web) -> None:
    client = web.log_in()
    answer = client.get(EVENTS, headers={"X-API-Key": "wrong-key-of-somebody"})
    assert answer.status_code == 401


def test_a_session_is_no_key(web: Web) -> None:
    client = web.log_in()
    assert client.get("/api/v1.0/getSnapshot?wait_s=0").status_code == 401
    assert web.accepted == []


def test_all_processes_take_each_others_sessions(tmp_path: Path) -> None:
    one, two = Web(tmp_path), Web(tmp_path)
    client = one.log_in()
    found = client.get_cookie("mvsnap")
    assert found is not None
    other = two.browser()
    other.set_cookie("mvsnap", found.value)
    assert is_in(other)


def test_devices_get_no_cookie_and_need_no_secret(web: Web) -> None:
    answer = web.client().get(EVENTS)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "secret_key" not in vars(web.app)


def test_a_lost_database_is_a_503_page_for_those_with_a_session(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, database_url=f"sqlite:///{tmp_path}/mvsnap.db")
    client = web.log_in()
    found = client.get_cookie("mvsnap")
    assert found is not None
    fresh = web.fresh_app().test_client()
    for file in tmp_path.glob("mvsnap.db*"):
        file.unlink()
    web.close()
    fresh.set_cookie("mvsnap", found.value)
    answer = fresh.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert answer.headers["Retry-After"] == "30"


def test_one_address_cannot_lock_a_name_out_for_others(web: Web) -> None:
    web.add_user("anna")
    client = web.browser()
    statuses = [log_in(client, "anna", "wrong").status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    other = web.browser()
    other.environ_base["REMOTE_ADDR"] = "10.0.0.2"
    assert log_in(other, "anna").status_code == 303


def test_few_wait_for_a_password_check_and_of_one_address_fewer(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.add_user("anna")
    may_go_on = threading.Event()

    def slowly(stored: str, password: str) -> bool:
        assert may_go_on.wait(30)
        return password == PASSWORD

    monkeypatch.setattr(passwords, "fits", slowly)
    tries = web.app.extensions[login._LOGIN_ATTEMPTS]
    with ThreadPoolExecutor(4) as pool:
        flood = [pool.submit(tries.check, "x", "wrong", "10.0.0.9") for _ in range(3)]
        wait_until(lambda: tries._waiting._waiting.total() == 3, "three wait")
        with pytest.raises(TooManyRequests, match="at once"):
            tries.check("x", "wrong", "10.0.0.9")
        anna = pool.submit(tries.check, "anna", PASSWORD, "10.0.0.2")
        wait_until(lambda: tries._waiting._waiting.total() == 4, "so does she")
        may_go_on.set()
        assert anna.result() is not None
        assert [each.result() for each in flood] == [None] * 3


@pytest.mark.usefixtures("quick_nobody")
def test_neighbours_behind_an_address_lock_out_nobody_who_is_known_there(
    web: Web,
) -> None:
    web.add_user("anna")
    assert log_in(web.browser(), "anna").status_code == 303
    client = web.browser()
    for number in range(10):
        log_in(client, f"name-{number}", "wrong")
    assert log_in(client, "ben", "wrong").status_code == 429
    assert log_in(client, "anna").status_code == 303
    for _ in range(10):
        log_in(client, "anna", "wrong")
    assert log_in(web.browser(), "anna").status_code == 429
