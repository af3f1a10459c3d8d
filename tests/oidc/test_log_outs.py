"""Logging out here and at the provider, and notices of it that are none."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.oidc.build import (
    NOW,
    PUBLIC,
    come,
    deep,
    is_in,
    person,
    tell,
)
from tests.oidc.odd_provider import (
    CLIENT,
    OddProvider,
    unsigned,
)
from tests.web.build import Web, send


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
