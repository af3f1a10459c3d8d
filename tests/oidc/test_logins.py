"""Logging in with a provider, honest and otherwise, through the pages."""

from __future__ import annotations

import base64
import html
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from mvsnap.core.users import LOG_IN
from mvsnap.domain import Change, Role, User
from mvsnap.simulator.ports import free_port
from mvsnap.store.audit import AuditFilter
from tests.changes import log_line
from tests.oidc.odd_provider import (
    CLIENT,
    SECRET,
    OddProvider,
    new_key,
    odd_provider,
    signed_with_public_key,
    unsigned,
)
from tests.servers.processes import wait_until
from tests.web.build import HASHED, PASSWORD, Web, send, token_of, words

PUBLIC = "https://gate.example/mvsnap"
NUMBERS = itertools.count()
ROLES = {"admin": ["it"], "reviewer": ["guards"], "viewer": ["staff"]}


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return new_key()


@pytest.fixture(scope="module")
def running(key: RSAKey) -> Iterator[OddProvider]:
    with odd_provider(key) as found:
        yield found


@pytest.fixture(scope="module")
def database(
    running: OddProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    made = web_of(running.url, tmp_path_factory.mktemp("web"))
    yield made
    made.close()


@pytest.fixture
def odd(running: OddProvider, key: RSAKey) -> OddProvider:
    """Return the provider as it is before a test makes it misbehave."""
    fresh = OddProvider(key, running.url, person("anna", "staff"))
    vars(running).update(vars(fresh))
    return running


@pytest.fixture
def web(odd: OddProvider, database: Web) -> Web:
    """Return a gateway that has not asked the provider yet, and knows nobody."""
    for user in database.users.users():
        database.users.remove(user.name, change(f"user {user.name}"))
    database.app = database.fresh_app()
    return database


def web_of(issuer: str, folder: Path, **more: Any) -> Web:
    ours = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET}
    oidc = {**ours, "roles": ROLES, **more}
    login = {"backend": "oidc", "oidc": oidc}
    return Web(folder, login=login, site={"public_url": PUBLIC})


def change(what: str) -> Change:
    return log_line(datetime.now(UTC), "tests", what, "", "")


def person(name: str, *groups: str, sub: str | None = None) -> dict[str, Any]:
    # A provider never gives the id of a session again.
    said = {"preferred_username": name, "groups": [*groups], "sid": f"s{next(NUMBERS)}"}
    return {"sub": sub or f"sub-{name}", **said}


def start(client: FlaskClient, next_page: str = "") -> str:
    """Return where the browser is sent to."""
    answer = client.get("/login/oidc", query_string={"next": next_page})
    assert answer.status_code == 303, answer.text
    return answer.location


def back(client: FlaskClient, **answer: str) -> TestResponse:
    return client.get("/login/oidc/callback", query_string=answer)


def come(odd: OddProvider, client: FlaskClient, next_page: str = "") -> TestResponse:
    """Go to the provider and come back with a code."""
    code, state = odd.code_for(start(client, next_page))
    return back(client, code=code, state=state)


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def audited(web: Web) -> list[tuple[str, str, str]]:
    lines = [line.change for line in web.audit.lines(AuditFilter(), 99)]
    return [(c.who, c.what, c.after) for c in lines]


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


def _other(**claims: Any) -> Callable[[dict[str, Any]], None]:
    def edit(said: dict[str, Any]) -> None:
        for name, value in claims.items():
            if value is None:
                said.pop(name, None)
            else:
                said[name] = value

    return edit


NOW = int(time.time())


@pytest.mark.parametrize(
    "edit",
    [
        _other(aud="another-client"),
        _other(aud=["another-client"]),
        _other(aud=[CLIENT, "another-client"], azp="another-client"),
        _other(aud=None),
        _other(nonce="another"),
        _other(nonce=None),
        _other(exp=NOW - 3600),
        _other(exp=None),
        _other(exp="never"),
        _other(exp=float("nan")),
        _other(iat=NOW + 3600),
        _other(iat=None),
        _other(nbf=NOW + 3600),
        _other(iss="https://evil.example"),
        _other(iss=None),
        _other(sub=None),
        _other(sub=""),
        _other(sub=7),
        _other(sub="x" * 5000),
        _other(at_hash="another"),
    ],
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_refused(
    web: Web,
    odd: OddProvider,
    edit: Callable[[dict[str, Any]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd.edit = edit
    client = web.browser()
    answer = come(odd, client)
    assert answer.status_code == 403
    assert "was not accepted; see the log." in answer.text
    assert "a token was refused" in caplog.text
    assert not is_in(client)


def deep() -> str:
    """Return a part of a token with more brackets than a parser can open."""
    text = '{"alg":' + "[" * 4000
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def without_signature(claims: dict[str, Any]) -> str:
    signed = OddProvider(new_key()).signed(claims)
    return signed.rpartition(".")[0] + "."


def test_a_token_that_nobody_or_anybody_could_have_signed_is_refused(
    web: Web, odd: OddProvider, key: RSAKey
) -> None:
    stranger = new_key("one")
    for sign in (
        unsigned,
        signed_with_public_key(key),
        lambda claims: OddProvider(stranger).signed(claims),
        without_signature,
        lambda claims: "a.b.c",
        lambda claims: f"{deep()}.{deep()}.x",
        lambda claims: "",
        lambda claims: "x" * 500_000,
    ):
        odd.sign = sign
        client = web.browser()
        assert come(odd, client).status_code in (403, 503)
        assert not is_in(client)


def test_keys_may_change_and_be_of_another_kind(web: Web, odd: OddProvider) -> None:
    assert come(odd, web.browser()).status_code == 303
    odd.key = new_key("two")
    assert come(odd, web.browser()).status_code == 303
    odd.asked.clear()
    odd.key, odd.alg = ECKey.generate_key("P-256", {"kid": "three"}), "ES256"
    # Too soon to ask for the keys again: wrong tokens must not make us ask each time.
    assert come(odd, web.browser()).status_code == 403
    assert "/keys" not in odd.asked
    fresh = web.fresh_app().test_client()
    assert come(odd, fresh).status_code == 303


def test_an_algorithm_that_the_provider_does_not_name_is_refused(
    web: Web, odd: OddProvider
) -> None:
    odd.document = {"id_token_signing_alg_values_supported": ["HS256", "none"]}
    assert come(odd, web.browser()).status_code == 403


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


def test_a_log_out_here_leads_on_to_the_provider(web: Web, odd: OddProvider) -> None:
    client = web.browser()
    come(odd, client)
    answer = send(client, "/logout")
    assert answer.status_code == 200
    assert not is_in(client)
    assert "Log out</button>" not in answer.text
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)
    assert found
    url = urlsplit(html.unescape(found[1]))
    asked = {k: v[0] for k, v in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{odd.url}/end"
    assert asked.pop("id_token_hint").count(".") == 2
    assert asked == {
        "client_id": CLIENT,
        "post_logout_redirect_uri": f"{PUBLIC}/login",
    }
    assert "You have logged out." in client.get("/login").text


def test_a_log_out_is_one_here_if_the_provider_offers_none(
    web: Web, odd: OddProvider
) -> None:
    odd.document = {"end_session_endpoint": None}
    client = web.browser()
    come(odd, client)
    answer = send(client, "/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert not is_in(client)


def tell(web: Web, token: str) -> TestResponse:
    return web.app.test_client().post(
        "/login/oidc/logout", data={"logout_token": token}
    )


def test_a_log_out_at_the_provider_ends_the_session_here_and_no_other(
    web: Web, odd: OddProvider
) -> None:
    one, two = web.browser(), web.browser()
    come(odd, one)
    first = odd.person["sid"]
    odd.person = person("anna", "staff")
    come(odd, two)
    answer = tell(web, odd.notice(sid=first))
    assert (answer.status_code, answer.data) == (200, b"")
    assert not is_in(one)
    assert is_in(two)


def test_a_log_out_of_the_person_ends_all_sessions_once(
    web: Web, odd: OddProvider
) -> None:
    one, two = web.browser(), web.browser()
    for client in (one, two):
        come(odd, client)
    notice = odd.notice(sub="sub-anna")
    assert tell(web, notice).status_code == 200
    assert not is_in(one)
    assert not is_in(two)
    come(odd, one)
    assert tell(web, notice).status_code == 200  # a replay
    assert is_in(one)


@pytest.mark.parametrize(
    "said",
    [
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"iat": NOW - 3600},
        {"iat": None},
        {"exp": NOW - 3600},
        {"jti": None},
        {"events": None},
        {"events": {}},
        {"events": "http://schemas.openid.net/event/backchannel-logout"},
        {"nonce": "n"},
        {"sid": None},
        {"sid": 7},
    ],
)
def test_a_notice_that_is_none_ends_nothing(
    web: Web, odd: OddProvider, said: dict[str, Any]
) -> None:
    client = web.browser()
    come(odd, client)
    answer: Any = tell(web, odd.notice(**{"sid": odd.person["sid"]} | said))
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "invalid_request"
    assert is_in(client)


def test_an_id_token_or_a_forged_notice_ends_nothing(
    web: Web, odd: OddProvider
) -> None:
    client = web.browser()
    come(odd, client)
    id_token = odd.signed(odd.claims({"nonce": "n"}))
    odd.sign = unsigned
    forged = odd.notice(sid=odd.person["sid"])
    for token in (id_token, forged, "", "x", "x" * 60_000, f"{deep()}.{deep()}.x"):
        assert tell(web, token).status_code == 400
    assert is_in(client)


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
