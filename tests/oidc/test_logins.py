"""Logging in with a provider, honest and otherwise, through the pages."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap.core.users import LOG_IN
from mvsnap.domain import Role, User
from mvsnap.simulator.ports import free_port
from tests.oidc.build import (
    PUBLIC,
    audited,
    back,
    change,
    come,
    is_in,
    person,
    start,
    tell,
    web_of,
)
from tests.oidc.odd_provider import (
    SECRET,
    OddProvider,
)
from tests.servers.processes import wait_until
from tests.web.build import HASHED, PASSWORD, Web, token_of, words


def test_a_person_logs_in_and_gets_the_page_that_was_asked_for(
    web: Web, odd: OddProvider
) -> None:
    client = web.browser()
    sent = client.get("/?day=2026-03-04")
    page = client.get(sent.location)
    assert 'href="/login/oidc?next=/?day%3D2026-03-04"' in page.text
    asked = {k: v[0] for k, v in parse_qs(urlsplit(start(client)).query).items()}
    assert asked["redirect_uri"] == f"{PUBLIC}/login/oidc/callback"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid profile email"
    answer = come(odd, client, "/?day=2026-03-04")
    assert (answer.status_code, answer.location) == (303, "/?day=2026-03-04")
    assert "anna (viewer)" in words(client.get("/").text)
    assert audited(web)[:1] == [("anna", LOG_IN, "from 127.0.0.1")]


def test_roles_come_from_groups_and_are_read_at_each_log_in(
    web: Web, odd: OddProvider
) -> None:
    first = web.browser()
    odd.person = person("anna", "staff", "guards")
    come(odd, first)
    assert "anna (reviewer)" in words(first.get("/").text)
    odd.person = person("anna", "it")
    second = web.browser()
    come(odd, second)
    assert "anna (admin)" in words(second.get("/").text)
    assert not is_in(first)  # with the role of before
    odd.person = person("anna")
    assert come(odd, web.browser()).status_code == 403
    assert not is_in(second)


def test_who_has_no_role_reads_so_and_it_is_in_the_audit_log(
    web: Web, odd: OddProvider
) -> None:
    odd.person = person("bob", "visitors")
    client = web.browser()
    answer = come(odd, client)
    assert answer.status_code == 403
    assert "127.0.0.1 knows you as bob, but you have no role here." in answer.text
    assert not is_in(client)
    assert audited(web)[:1] == [("bob", LOG_IN, "failed, no role, from 127.0.0.1")]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["x", "it"]}}),
        (
            "resource_access.my.app.roles",
            {"resource_access": {"my.app": {"roles": ["it"]}}},
        ),
        ("https://firm.example/roles", {"https://firm.example/roles": "it"}),
        ("email", {"email": "it", "email_verified": True}),
    ],
)
def test_roles_may_be_anywhere_in_the_token_or_the_userinfo(
    odd: OddProvider, tmp_path: Path, path: str, said: dict[str, Any]
) -> None:
    web = web_of(odd.url, tmp_path, roles_claim=path)
    for in_token in (True, False):
        odd.person = {"sub": "1", "preferred_username": "anna"}
        odd.person |= said if in_token else {}
        odd.info = {} if in_token else said
        client = web.browser()
        assert come(odd, client).status_code == 303
        assert "anna (admin)" in words(client.get("/").text)


@pytest.mark.parametrize(
    "said",
    [
        {"email": "it"},
        {"email": "it", "email_verified": "true"},
        {"email": {"it": 1}, "email_verified": True},
        {"email": [1, ["it"]], "email_verified": True},
    ],
)
def test_an_address_that_nobody_checked_gives_no_role(
    odd: OddProvider, tmp_path: Path, said: dict[str, Any]
) -> None:
    odd.person = {"sub": "1", **said}
    web = web_of(odd.url, tmp_path, roles_claim="email")
    assert come(odd, web.browser()).status_code == 403


def test_userinfo_of_somebody_else_does_not_count(web: Web, odd: OddProvider) -> None:
    odd.person, odd.info = {"sub": "1"}, {"sub": "2", "groups": ["it"]}
    assert come(odd, web.browser()).status_code == 403


def test_a_name_that_is_given_to_another_person_opens_nothing(
    web: Web, odd: OddProvider
) -> None:
    first = web.browser()
    odd.person = person("anna", "it", sub="1")
    come(odd, first)
    odd.person = person("anna", "staff", sub="2")
    second = web.browser()
    come(odd, second)
    assert "anna (admin)" in words(first.get("/").text)
    assert "anna (" not in words(second.get("/").text)
    assert "(viewer)" in words(second.get("/").text)
    assert len(web.users.users()) == 2


def test_a_local_user_of_the_same_name_stays_who_they_are(
    odd: OddProvider, tmp_path: Path
) -> None:
    web = web_of(odd.url, tmp_path, local_admins=True)
    local = web.add_user("anna")
    client = web.browser()
    come(odd, client)
    assert "anna-" in words(client.get("/").text)
    assert web.users.user("anna") == local
    other = web.browser()
    assert log_in_locally(other, "anna").status_code == 303
    assert "anna (admin)" in words(other.get("/").text)


def test_a_person_whose_name_changes_stays_the_same_person(
    web: Web, odd: OddProvider
) -> None:
    odd.person = person("anna.maier", "staff", sub="1")
    old = web.browser()
    come(odd, old)
    odd.person = person("Anna Müller", "staff", sub="1")
    client = web.browser()
    come(odd, client)
    assert "anna-muller (viewer)" in words(client.get("/").text)
    assert [user.name for user in web.users.users()] == ["anna-muller"]
    assert not is_in(old)


@pytest.mark.parametrize(
    "name", ["", "   ", "<script>", "x" * 5000, "名前", "a\nb", "#ext#", 7, None]
)
def test_any_name_becomes_one_that_users_can_have(
    web: Web, odd: OddProvider, name: object
) -> None:
    odd.person = person("anna", "staff") | {"preferred_username": name}
    client = web.browser()
    assert come(odd, client).status_code == 303
    assert is_in(client)


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(
    web: Web, odd: OddProvider
) -> None:
    odd.keeps_codes = True  # a provider should not: then we must not need it
    client = web.browser()
    code, state = odd.code_for(start(client))
    cookie = client.get_cookie("__Host-mvsnap")
    assert cookie is not None
    thief = web.browser()
    assert back(thief, code=code, state=state).status_code == 403
    assert back(client, code=code, state="another").status_code == 403
    assert back(client, code=code).status_code == 403
    assert back(client, code=code, state=state).status_code == 303
    assert is_in(client)
    assert back(client, code=code, state=state).status_code == 403
    thief.set_cookie("__Host-mvsnap", cookie.value, secure=True)
    assert back(thief, code=code, state=state).status_code == 403
    assert not is_in(thief)


def test_a_code_of_another_login_is_worth_nothing(web: Web, odd: OddProvider) -> None:
    victim, thief = web.browser(), web.browser()
    code, _ = odd.code_for(start(victim))
    _, state = odd.code_for(start(thief))
    answer = back(thief, code=code, state=state)
    assert answer.status_code == 403
    assert "expired or was used already" in answer.text


def test_an_answer_that_names_another_provider_is_refused(
    web: Web, odd: OddProvider
) -> None:
    client = web.browser()
    code, state = odd.code_for(start(client))
    wrong = back(client, code=code, state=state, iss="https://evil.example")
    assert wrong.status_code == 403
    code, state = odd.code_for(start(client))
    assert back(client, code=code, state=state, iss=odd.url).status_code == 303


def test_a_provider_that_always_names_itself_must_do_so(
    web: Web, odd: OddProvider
) -> None:
    odd.document = {"authorization_response_iss_parameter_supported": True}
    assert come(odd, web.browser()).status_code == 403


@pytest.mark.parametrize("error", ["access_denied", "server_error", "<b>", "x" * 9000])
def test_a_refusal_of_the_provider_is_shown_in_plain_words(
    web: Web, odd: OddProvider, error: str
) -> None:
    client = web.browser()
    _, state = odd.code_for(start(client))
    answer = back(client, state=state, error=error, error_description="<script>")
    assert answer.status_code == 403
    assert "<script>" not in answer.text.split("<main")[1]
    assert "Log in with 127.0.0.1" in answer.text


def test_two_tabs_may_log_in_at_the_same_time(web: Web, odd: OddProvider) -> None:
    client = web.browser()
    first, second = odd.code_for(start(client, "/clips")), odd.code_for(start(client))
    answer = back(client, code=first[0], state=first[1])
    assert (answer.status_code, answer.location) == (303, "/clips")
    assert back(client, code=second[0], state=second[1]).status_code == 403
    assert is_in(client)


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://10.0.0.1/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
    ],
)
def test_a_document_that_cannot_be_used_is_a_page_and_a_line_in_the_log(
    web: Web,
    odd: OddProvider,
    document: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = web.browser()
    odd.document = document
    answer = client.get("/login/oidc")
    if answer.status_code == 303:
        code, state = odd.code_for(answer.location)
        answer = back(client, code=code, state=state)
    assert answer.status_code == 503
    assert "Logins are not set up correctly; see the log." in answer.text
    assert "log-ins at 127.0.0.1: " in caplog.text
    assert SECRET not in caplog.text


def test_ten_megabytes_are_not_read(
    web: Web, odd: OddProvider, caplog: pytest.LogCaptureFixture
) -> None:
    odd.document = {"jwks_uri": f"{odd.url}/large"}
    assert web.browser().get("/login/oidc").status_code == 503
    assert "larger than 1 MB" in caplog.text


def test_a_provider_that_is_away_is_a_page_and_the_gateway_goes_on(
    tmp_path: Path,
) -> None:
    web = web_of(f"http://127.0.0.1:{free_port()}", tmp_path)
    client = web.browser()
    assert client.get("/login").status_code == 200
    answer = client.get("/login/oidc")
    assert answer.status_code == 503
    assert "127.0.0.1 is not responding. Try again later." in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert web.client().get("/api/v1.0/events").status_code == 200


def test_a_slow_provider_holds_few_requests(web: Web, odd: OddProvider) -> None:
    odd.slow = threading.Event()
    try:
        with ThreadPoolExecutor(10) as pool:
            waiting = [pool.submit(web.browser().get, "/login/oidc") for _ in range(10)]
            wait_until(lambda: sum(w.done() for w in waiting) >= 6, "six are refused")
            done = [w for w in waiting if w.done()]
            assert [w.result().status_code for w in done] == [503] * 6
            assert "Too many logins at once." in done[0].result().text
            odd.slow.set()
            assert {w.result().status_code for w in waiting} == {303, 503}
    finally:
        odd.slow.set()


def test_who_fails_again_and_again_has_to_wait(web: Web, odd: OddProvider) -> None:
    client = web.browser()
    answers = []
    for _ in range(21):
        _, state = odd.code_for(start(client))
        answers.append(back(client, code="wrong", state=state).status_code)
    assert answers == [403] * 20 + [429]
    assert come(odd, elsewhere(web)).status_code == 303


def test_answers_that_nobody_asked_for_lock_nobody_out(
    web: Web, odd: OddProvider
) -> None:
    for _ in range(30):
        assert back(web.browser(), code="a", state="b").status_code == 403
        assert tell(web, "x").status_code == 400
    client = web.browser()
    assert come(odd, client).status_code == 303
    assert tell(web, odd.notice(sid=odd.person["sid"])).status_code == 200
    assert not is_in(client)


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post"])
def test_the_secret_is_sent_as_the_provider_takes_it(
    web: Web, odd: OddProvider, way: str
) -> None:
    odd.document = {"token_endpoint_auth_methods_supported": [way]}
    assert come(odd, web.browser()).status_code == 303
    assert odd.ways == [way]


def elsewhere(web: Web) -> FlaskClient:
    client = web.browser()
    client.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    return client


def test_nobody_logs_in_with_a_password_unless_it_is_allowed(web: Web) -> None:
    web.add_user("root-user")
    client = web.browser()
    assert client.get("/login/local").status_code == 404
    assert client.post("/login", data={"name": "x"}).status_code == 404


def test_of_local_users_only_admins_can_log_in(
    odd: OddProvider, tmp_path: Path
) -> None:
    web = web_of(odd.url, tmp_path, local_admins=True)
    web.add_user("chief")
    web.add_user("guard", Role.REVIEWER)
    come(odd, web.browser())
    assert "Log in as a local admin" in web.browser().get("/login").text
    chief = web.browser()
    assert log_in_locally(chief, "chief").status_code == 303
    assert log_in_locally(web.browser(), "guard").status_code == 401
    # An account of the provider has no password, also not what stands in its place.
    account = web.users.user("anna")
    assert account is not None
    for password in (PASSWORD, "", account.password_hash):
        answer = log_in_locally(web.browser(), "anna", password)
        assert answer.status_code == 401
    guard = User("chief", Role.REVIEWER, HASHED, datetime.now(UTC))
    web.users.put(guard, change("user chief"))
    assert not is_in(chief)


def log_in_locally(
    client: FlaskClient, name: str, password: str = PASSWORD
) -> TestResponse:
    token = token_of(client.get("/login/local"))
    fields = {"csrf_token": token, "name": name, "password": password}
    return client.post("/login", data=fields)


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"],
)
def test_a_log_in_leads_to_no_other_host(
    web: Web, odd: OddProvider, wanted: str
) -> None:
    answer = come(odd, web.browser(), wanted)
    assert (answer.status_code, answer.location) == (303, "/")


def test_what_belongs_to_sessions_is_forgotten_with_them(
    web: Web, odd: OddProvider
) -> None:
    later = datetime.now(UTC) + timedelta(hours=13)
    web.users.purge(later)
    come(odd, web.browser())
    assert web.users.purge(datetime.now(UTC)).removed == 0
    assert web.users.purge(later).removed == 2
