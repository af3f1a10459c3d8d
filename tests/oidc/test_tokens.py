"""Tokens that a provider, or somebody else, signed; through the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.oidc.build import (
    NOW,
    come,
    deep,
    is_in,
)
from tests.oidc.odd_provider import (
    CLIENT,
    OddProvider,
    new_key,
    signed_with_public_key,
    unsigned,
)
from tests.web.build import Web


def _other(**claims: Any) -> Callable[[dict[str, Any]], None]:
    def edit(said: dict[str, Any]) -> None:
        for name, value in claims.items():
            if value is None:
                said.pop(name, None)
            else:
                said[name] = value

    return edit


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
