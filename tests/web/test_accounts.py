"""Logins with real system accounts, through the machine's own PAM."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mvsnap.domain import SYSTEM_ACCOUNT, Role, User
from mvsnap.errors import AccountsAway
from mvsnap.store.audit import AuditFilter
from mvsnap.web import accounts
from tests.changes import log_line
from tests.servers import pam
from tests.servers.no_threads import no_more_threads
from tests.servers.pam import PASSWORD, Account
from tests.web.build import Web, log_in, send, words
from tests.web.test_login import WRONG, is_in

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def account() -> Iterator[Account]:
    yield from pam.account()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    yield from pam.service()


@pytest.fixture
def web(tmp_path: Path, service: str) -> Web:
    return Web(tmp_path, login={"backend": "pam", "pam_service": service})


def admit(web: Web, name: str, role: Role = Role.VIEWER) -> None:
    """Do what `users add` does with login.backend pam."""
    now = datetime.now(UTC)
    user = User(name, role, SYSTEM_ACCOUNT, now)
    web.users.put(user, log_line(now, "tests", f"user {name}", "", role))


def test_a_person_logs_in_with_the_password_of_the_system_account(
    web: Web, account: Account
) -> None:
    admit(web, account.name, Role.REVIEWER)
    client = web.browser()
    assert log_in(client, f" {account.name.upper()}", PASSWORD).status_code == 303
    assert f"{account.name} (reviewer)" in words(client.get("/").text)
    line = web.audit.lines(AuditFilter(), 1)[0].change
    assert (line.who, line.what) == (account.name, "login")


@pytest.mark.parametrize("password", ["wrong", "", "nul\0", "x" * 5000, "ä" * 600])
def test_a_wrong_password_keeps_out(web: Web, account: Account, password: str) -> None:
    admit(web, account.name)
    client = web.browser()
    answer = log_in(client, account.name, password)
    assert (answer.status_code, WRONG in answer.text) == (401, True)
    assert not is_in(client)


def test_an_account_that_nobody_named_stays_out_and_its_password_is_not_tried(
    web: Web, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    began = time.monotonic()
    answer = log_in(web.browser(), account.name, PASSWORD)
    assert (answer.status_code, WRONG in answer.text) == (401, True)
    # PAM accepts at once: a quick refusal would reveal that the password is right.
    assert time.monotonic() - began > 0.7
    assert account.name not in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("how", ["lock", "expire", "demand_new_password"])
def test_the_state_of_the_account_is_respected(
    web: Web, account: Account, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    caplog.set_level(logging.INFO)
    admit(web, account.name)
    getattr(account, how)()
    answer = log_in(web.browser(), account.name, PASSWORD)
    assert (answer.status_code, WRONG in answer.text) == (401, True)
    assert f"PAM refused {account.name}: " in caplog.text


def test_an_account_without_a_password_stays_out_even_where_nullok_lets_it_in(
    tmp_path: Path, account: Account
) -> None:
    account.take_password_away()
    for options in ("", "nullok"):
        text = f"auth required pam_unix.so {options}\naccount required pam_unix.so\n"
        for service in pam.service(text):
            asked = accounts.SystemAccounts(service)
            assert not asked.fits(account.name, "anything")
            assert not asked.fits(account.name, "")


def test_unknown_names_get_the_same_answer_in_the_same_order_of_time(
    web: Web, account: Account
) -> None:
    admit(web, account.name)
    admit(web, "mvsnap-who-has-gone")
    took_s = {}
    for name in (account.name, "mvsnap-who-never-was", "mvsnap-who-has-gone", "ä"):
        began = time.monotonic()
        answer = log_in(web.browser(), name, "wrong")
        took_s[name] = time.monotonic() - began
        assert (answer.status_code, WRONG in answer.text) == (401, True)
    # PAM itself waits for 1 to 3 seconds, at random.
    assert max(took_s.values()) < 10 * min(took_s.values()), took_s
    assert min(took_s.values()) > 0.5, took_s


def test_root_never_gets_in_by_whatever_name(web: Web, account: Account) -> None:
    admit(web, "root", Role.ADMIN)
    admit(web, account.name, Role.ADMIN)
    client = web.browser()
    assert log_in(client, account.name, PASSWORD).status_code == 303
    account.become_root()
    assert not is_in(client)
    assert log_in(web.browser(), account.name, PASSWORD).status_code == 401
    assert log_in(web.browser(), "root", PASSWORD).status_code == 401


@pytest.mark.parametrize("how", ["role", "removed", "the account is removed"])
def test_who_may_no_longer_is_out_at_the_next_request(
    web: Web, account: Account, how: str
) -> None:
    admit(web, account.name, Role.ADMIN)
    client = web.browser()
    log_in(client, account.name, PASSWORD)
    assert is_in(client)
    match how:
        case "role":
            admit(web, account.name, Role.VIEWER)
        case "removed":
            gone = log_line(datetime.now(UTC), "tests", "user", "", "removed")
            web.users.remove(account.name, gone)
        case _:
            account.remove()
    assert not is_in(client)


def test_a_user_with_a_password_of_mvsnap_is_not_the_account_of_that_name(
    tmp_path: Path, service: str, account: Account
) -> None:
    local = Web(tmp_path)
    local.add_user(account.name)
    client = local.browser()
    assert log_in(client, account.name).status_code == 303
    found = client.get_cookie("mvsnap")
    assert found is not None
    web = Web(tmp_path, login={"backend": "pam", "pam_service": service})
    assert log_in(web.browser(), account.name, PASSWORD).status_code == 401
    other = web.browser()
    other.set_cookie("mvsnap", found.value)
    assert not is_in(other)
    admit(web, account.name)
    assert log_in(web.browser(), account.name, PASSWORD).status_code == 303
    for password in (PASSWORD, SYSTEM_ACCOUNT):  # back to passwords of mvsnap
        assert log_in(local.browser(), account.name, password).status_code == 401


def test_the_page_of_the_own_account_has_the_sessions_alone(
    web: Web, account: Account
) -> None:
    admit(web, account.name)
    client, phone = web.browser(), web.browser()
    for one in (client, phone):
        log_in(one, account.name, PASSWORD)
    page = client.get("/account").text
    assert page.count("list-group-item") == 2
    assert "Your password is not kept here" in page
    fields = {"old": PASSWORD, "new": "another good password"}
    assert send(client, "/account/password", **fields).status_code == 400
    factor = {"action": "app", "password": PASSWORD}
    assert send(client, "/account/second-factor", **factor).status_code == 403
    send(client, "/account/sessions/end-all")
    assert not is_in(phone)


def test_ten_failures_lock_out_here_too(web: Web, account: Account) -> None:
    admit(web, account.name)
    with ThreadPoolExecutor(3) as several:
        wrong = [
            several.submit(log_in, web.browser(), f"nobody-{number}", "wrong")
            for number in range(10)
        ]
    assert {answer.result().status_code for answer in wrong} == {401}
    assert log_in(web.browser(), account.name, PASSWORD).status_code == 429


def test_few_threads_wait_for_pam_and_the_others_are_refused_at_once(
    service: str, account: Account
) -> None:
    asked = accounts.SystemAccounts(service)
    with ThreadPoolExecutor(4) as four:
        tries = [four.submit(asked.fits, account.name, "wrong") for _ in range(4)]
        first, *others = as_completed(tries)
    assert isinstance(first.exception(), AccountsAway)
    assert "Too many logins at once" in str(first.exception())
    assert [other.result() for other in others] == [False] * 3
    assert asked.fits(account.name, PASSWORD)


def test_logins_are_checked_once_threads_can_begin_again(
    service: str, account: Account
) -> None:
    asked = accounts.SystemAccounts(service)
    with no_more_threads():
        for _ in range(4):
            with pytest.raises(RuntimeError, match="thread"):
                asked.fits(account.name, PASSWORD)
    assert asked.fits(account.name, PASSWORD)


def test_a_silent_pam_is_reported_and_delays_nobody(
    service: str, account: Account
) -> None:
    # A wrong password takes longer.
    asked = accounts.SystemAccounts(service, limit_s=0.1)
    with pytest.raises(AccountsAway, match="not responding"):
        asked.fits(account.name, "wrong")
    for thread in threading.enumerate():
        if thread.name == "pam":
            thread.join()


def test_without_its_file_nobody_is_asked_and_the_page_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    web = Web(tmp_path, login={"backend": "pam", "pam_service": "mvsnap-no-such"})
    answer = log_in(web.browser(), "anna", "x")
    assert answer.status_code == 503
    assert "Logins are not set up yet" in answer.text
    assert "there is no /etc/pam.d/mvsnap-no-such" in caplog.text


# --- what an account that is not root may do, and what `check` says of it


AS_NOBODY = """
import os, sys
from mvsnap.web import accounts
assert len(accounts.mistakes("mvsnap-no-such", [])) == 1  # loads the library, as root
os.setgroups([int(g) for g in sys.argv[4:]]); os.setgid(65534); os.setuid(65534)
name, password, service = sys.argv[1:4]
print(accounts.SystemAccounts(service).fits(name, password))
print(accounts.mistakes(service, [name]))
"""


def as_nobody(account: Account, service: str, *groups: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, account.name, PASSWORD, service]
        + [str(group) for group in groups],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_ordinary_account_must_be_in_the_group_shadow(
    service: str, account: Account
) -> None:
    said = as_nobody(account, service)
    assert said.startswith("False\n")
    assert "sudo adduser nobody shadow" in said
    shadow = Path("/etc/shadow").stat().st_gid
    assert as_nobody(account, service, shadow) == "True\n[]\n"


WITHOUT_PYTHON_PAM = """
import sys
sys.modules["pam"] = None  # as if it were not installed
from mvsnap.errors import AccountsAway
from mvsnap.web import accounts
print(accounts.mistakes("other", []))
try:
    accounts.SystemAccounts("other").fits("anna", "x")
except AccountsAway as exc:
    print(exc)
"""


def test_a_missing_library_is_reported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYTHON_PAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout.splitlines()
    assert said == [
        "[\"python-pam is missing: pip install 'python-pam>=2.1'\"]",
        "Logins cannot be checked at the moment; see the log.",
    ]


def test_what_is_missing_is_named(service: str, account: Account) -> None:
    assert accounts.mistakes(service, [account.name]) == []
    (no_file,) = accounts.mistakes("mvsnap-no-such", [account.name])
    assert "sudo cp init.d/mvsnap.pam /etc/pam.d/mvsnap-no-such" in no_file
    (gone,) = accounts.mistakes(service, ["root", "mvsnap-gone", account.name])
    assert gone == "no such system account, or root: root, mvsnap-gone"
