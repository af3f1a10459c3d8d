"""Tokens: a provider's signed statements, checked before anything in them counts."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet
from joserfc.jws import JWSRegistry

# Signed with a private key. Those with a shared secret (HS256) could be forged with
# what everybody knows, the public key, and "none" by anybody.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
_LEEWAY_S = 60
# A notice of a log-out is sent at once; older ones are replays.
_NOTICE_S = 300
_LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"
# RecursionError: a header of thousands of brackets, which comes before any signature.
_UNUSABLE = (
    *(JoseError, ArithmeticError, LookupError, RecursionError),
    *(TypeError, ValueError),
)


class TokenRefused(Exception):
    """Why a token does not count, for the log.

    stale: the keys may have changed since they were fetched.
    """

    def __init__(self, why: str, *, stale: bool = False) -> None:
        super().__init__(why)
        self.stale = stale


class _Registry(JWSRegistry):
    max_header_length = 8 * 1024  # some providers add their certificate


def keys_of(document: Mapping[str, Any]) -> KeySet:
    """Return the public keys of a JWK set; what is no such key is left out.

    Raises:
        TokenRefused: there is none.
    """
    keys = []
    listed = document.get("keys")
    for entry in listed[:100] if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or entry.get("kty") == "oct":
            continue
        if entry.get("use", "sig") != "sig":
            continue
        try:
            keys.append(JWKRegistry.import_key(entry))
        except _UNUSABLE:
            continue
    if not keys:
        raise TokenRefused("the provider has no keys that can be used")
    return KeySet(keys)


def id_token_claims(
    token: str,
    keys: KeySet,
    allowed: Collection[str],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
) -> dict[str, Any]:
    """Return the claims of an ID token that is for us and for this log-in.

    Raises:
        TokenRefused
    """
    decoded = _decoded(token, keys, allowed)
    params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    try:
        claims = CodeIDToken(
            decoded.claims, decoded.header, _ours(issuer, client_id), params
        )
        claims.validate(leeway=_LEEWAY_S)
    except _UNUSABLE as exc:
        raise TokenRefused(_words(exc)) from None
    return _with_subject(dict(claims))


def logout_claims(
    token: str, keys: KeySet, allowed: Collection[str], *, issuer: str, client_id: str
) -> dict[str, Any]:
    """Return the claims of a notice that a session of the provider has ended.

    Raises:
        TokenRefused
    """
    claims = _decoded(token, keys, allowed).claims
    needed = _ours(issuer, client_id)
    needed |= {name: {"essential": True} for name in ("iat", "jti", "events")}
    now = int(time.time())
    try:
        registry = jwt.JWTClaimsRegistry(now, _LEEWAY_S, **needed)
        registry.validate(claims)
        is_old = claims["iat"] < now - _NOTICE_S
    except _UNUSABLE as exc:
        raise TokenRefused(_words(exc)) from None
    events = claims["events"]
    if not isinstance(events, dict) or _LOGGED_OUT not in events or "nonce" in claims:
        raise TokenRefused("it is no notice of a log-out")
    whose = [claims[name] for name in ("sid", "sub") if name in claims]
    if is_old or not whose or not all(isinstance(id_, str) and id_ for id_ in whose):
        raise TokenRefused("the notice is too old, or says nobody's session")
    return claims


def _decoded(token: str, keys: KeySet, allowed: Collection[str]) -> jwt.Token:
    algorithms = [name for name in ALGORITHMS if name in allowed]
    if not algorithms:  # the library would choose its own, HS256 among them
        raise TokenRefused("the provider signs in no way that is accepted")
    registry = _Registry(algorithms=algorithms, strict_check_header=False)
    try:
        return jwt.decode(token, keys, registry=registry)
    except _UNUSABLE as exc:
        stale = getattr(exc, "error", "") in ("bad_signature", "invalid_key_id")
        raise TokenRefused(_words(exc), stale=stale) from None


def _ours(issuer: str, client_id: str) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
    }


def _with_subject(claims: dict[str, Any]) -> dict[str, Any]:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise TokenRefused("sub is not a text of 1 to 255 characters")
    return claims


def _words(exc: Exception) -> str:
    """Return the reason; a library's text may repeat the token."""
    claim = getattr(exc, "claim", "")
    reason = getattr(exc, "error", "") or type(exc).__name__
    return f"{reason} {claim}".strip()[:100]
