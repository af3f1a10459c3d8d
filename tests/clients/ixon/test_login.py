"""Signing in to the IXON Cloud, and staying signed in."""

from __future__ import annotations

import threading

import pytest

from mvsnap.clients.ixon.client import Account, Company, Ixon, ServiceToken
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.ixon.ixon import COMPANY_ID, FakeIxon
from tests.clients.fakes import (
    NOON,
    FakeClock,
)
from tests.clients.ixon.stub import (
    ACCOUNT,
    APPLICATION,
    TOKEN,
    as_json,
    client,
    redirect,
    refused,
    stub,
    success,
)


def logins(fake: FakeIxon) -> int:
    return sum("token" in a.path and a.method == "POST" for a in fake.asked)


@pytest.mark.parametrize(
    ("credentials", "signed_in"),
    [
        pytest.param(ServiceToken(TOKEN), 0, id="service account"),
        pytest.param(ACCOUNT, 1, id="e-mail and password"),
    ],
)
@pytest.mark.parametrize(("version", "base"), [(2, "/api"), (1, "/v1/")])
def test_both_logins_see_everything_in_both_versions(
    fake: FakeIxon,
    origin: str,
    credentials: ServiceToken | Account,
    signed_in: int,
    version: int,
    base: str,
) -> None:
    router, line = fake.agents
    with client(origin + base, credentials, api_version=version) as ixon:
        assert ixon.companies()[0] == Company(COMPANY_ID, "Simulated Works")
        seen = ixon.agents()
        assert [agent.name for agent in seen] == [router.name, line.name]
        assert [server.name for server in ixon.servers(seen[0])] == [
            "IP camera",
            "IP camera RTSP",
        ]
    assert logins(fake) == signed_in
    assert sum(asked.path in ("/api/", "/v1/") for asked in fake.asked) == 1


def test_headers_name_version_application_and_company(
    fake: FakeIxon, ixon: Ixon
) -> None:
    ixon.companies()
    ixon.agents()
    login, companies, agents = (asked.headers for asked in fake.asked[1:])
    assert login["Authorization"] == ACCOUNT.basic()
    assert {h["Api-Version"] for h in (login, companies, agents)} == {"2"}
    assert {h["Api-Application"] for h in (login, companies, agents)} == {APPLICATION}
    assert companies.get("Api-Company") is None
    assert agents["Api-Company"] == COMPANY_ID


def test_a_wrong_password_is_reported_and_not_sent_again_for_five_minutes(
    fake: FakeIxon, origin: str
) -> None:
    clock = FakeClock()
    wrong = Account("gateway@example.com", "not-the-password")
    with client(f"{origin}/api", wrong, clock=clock) as ixon:
        for _ in range(3):
            error = refused(ixon.companies)
            assert "check ixon.email, ixon.password" in error.message
            assert not error.retry
        assert logins(fake) == 1
        clock.pass_time(301)
        fake.password = "not-the-password"
        assert ixon.companies()
    assert logins(fake) == 2


def test_an_error_during_the_login_is_not_a_wrong_password(
    fake: FakeIxon, ixon: Ixon
) -> None:
    fake.faults.add(Fault("503-html", "POST /api/access-tokens"))
    assert refused(ixon.companies).retry
    assert ixon.companies()


def test_a_login_led_astray_is_no_wrong_password_either() -> None:
    answers = {"POST /login": redirect("https://192.0.2.1/")}
    with stub(answers) as url, client(url) as ixon:
        assert "redirect" in refused(ixon.companies).message
        answers.clear()
        assert ixon.companies()


def test_an_account_with_two_factor_login_is_explained(
    fake: FakeIxon, ixon: Ixon
) -> None:
    fake.otp = "123456"
    error = refused(ixon.companies)
    assert "one-time password" in error.message
    assert "set ixon.token" in error.message
    assert not error.retry


@pytest.mark.parametrize(
    "words",
    ["One-Time Password failed", "2FA is required", "Two factor code missing"],
)
def test_other_words_for_a_one_time_password_are_known(words: str) -> None:
    body = {"type": "Error", "data": [{"message": words}], "status": "error"}
    with stub({"POST /login": as_json(body, 401)}) as url, client(url) as ixon:
        assert "which a gateway cannot provide" in refused(ixon.companies).message


def test_a_token_that_ended_is_renewed_once_and_the_call_repeated(
    fake: FakeIxon, ixon: Ixon
) -> None:
    ixon.companies()
    fake.expire_tokens()
    assert ixon.companies()
    assert ixon.agents()
    assert logins(fake) == 2


def test_threads_that_lose_their_token_together_sign_in_once(
    fake: FakeIxon, ixon: Ixon
) -> None:
    ixon.companies()
    fake.expire_tokens()
    seen: list[Company] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(ixon.companies())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert logins(fake) == 2


def test_a_token_is_renewed_before_it_ends(fake: FakeIxon, origin: str) -> None:
    clock = FakeClock()
    with client(f"{origin}/api", clock=clock) as ixon:
        ixon.companies()
        clock.pass_time(11 * 3600)
        ixon.companies()
        assert logins(fake) == 1
        clock.pass_time(3600 - 299)
        ixon.companies()
    assert logins(fake) == 2


@pytest.mark.parametrize(
    ("ends", "after_s", "again"),
    [
        pytest.param("2026-03-04T13:00:00Z", 3301, 2, id="sooner than asked"),
        pytest.param("2026-03-04T13:00:00Z", 3299, 1, id="five minutes left"),
        pytest.param("2020-01-01T00:00:00Z", 3301, 1, id="in the past"),
        pytest.param("soon", 3301, 1, id="no time"),
    ],
)
def test_the_end_of_a_token_is_believed_when_it_can_be_true(
    ends: str, after_s: float, again: int
) -> None:
    asked: list[str] = []
    answers = {"POST /login": success({"secretId": "s", "expiresOn": ends})}
    clock = FakeClock()
    with stub(answers, asked) as url, client(url, clock=clock) as ixon:
        assert clock.now() == NOON
        ixon.companies()
        clock.pass_time(after_s)
        ixon.companies()
    assert asked.count("POST /login") == again


def test_a_new_token_that_is_refused_too_ends_the_call() -> None:
    asked: list[str] = []
    with (
        stub({"GET /companies": as_json({}, 401)}, asked) as url,
        client(url) as ixon,
    ):
        error = refused(ixon.companies)
    assert "token of a new login" in error.message
    assert not error.retry
    assert asked.count("POST /login") == 2


def test_a_refused_service_token_is_reported_and_not_sent_again(
    fake: FakeIxon, origin: str
) -> None:
    with client(f"{origin}/api", ServiceToken("other-token")) as ixon:
        error = refused(ixon.companies)
    assert "set ixon.token" in error.message
    assert not error.retry
    assert len(fake.asked) == 2


def test_closing_gives_the_token_of_a_login_back(fake: FakeIxon, origin: str) -> None:
    with client(f"{origin}/api") as ixon:
        ixon.companies()
        assert len(fake.tokens) == 1
    assert fake.tokens == []
