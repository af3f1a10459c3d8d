"""A provider: its discovery document and keys, fetched when the first person comes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from authlib.common.urls import add_params_to_uri
from joserfc.jwk import KeySet
from msgspec import Struct

from mvsnap.config.login import OidcSection
from mvsnap.errors import AccountsAway, LoginRefused
from mvsnap.oidc import tokens
from mvsnap.oidc.calls import Calls
from mvsnap.oidc.claims import Identity, name_of, values_of
from mvsnap.oidc.tokens import TokenRefused

log = logging.getLogger(__name__)

Read = TypeVar("Read")

_DISCOVERY = "/.well-known/openid-configuration"
_FRESH_S = 3600.0
_AGAIN_S = 60.0  # after it did not answer
# Wrong tokens must not make us fetch the keys all the time.
_KEYS_APART_S = 10.0
# Of an ID token that a person's session refers to.
LONGEST_TOKEN = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person was sent to the provider with; only the answer to it counts."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    redirect_uri: str


class LoggedOut(Struct, frozen=True):
    """A session that the provider has ended; without one: all of a person."""

    id: str
    issuer: str
    subject: str
    provider_session: str


class _Known(Struct, frozen=True):
    """The discovery document and the keys, as they were at a time."""

    document: dict[str, Any]
    keys: KeySet
    at: float


class Provider:
    """at_once: how many requests may wait for the provider at the same time."""

    def __init__(self, settings: OidcSection, *, at_once: int = 3) -> None:
        self._settings = settings
        self._free = threading.BoundedSemaphore(at_once)
        self._known: _Known | None = None
        self._keys_at = -_KEYS_APART_S

    @property
    def name(self) -> str:
        return self._settings.shown_name

    def login_url(self, asked: Asked) -> str:
        """Return where a person logs in.

        Raises:
            AccountsAway
        """
        with self.calls() as calls:
            url = self._endpoint(calls, "authorization_endpoint")
            made: tuple[str, str] = calls.session.create_authorization_url(
                url,
                state=asked.state,
                nonce=asked.nonce,
                code_verifier=asked.verifier,
                redirect_uri=asked.redirect_uri,
            )
        return made[0]

    def identity(
        self, calls: Calls, code: str, asked: Asked, answered_by: str | None
    ) -> Identity:
        """Return whom the provider has logged in.

        answered_by: the issuer that the answer names, if it names one.

        Raises:
            AccountsAway, LoginRefused
        """
        document = self._fresh(calls).document
        self._require_ours(document, answered_by)
        id_token, access_token = calls.tokens(
            self._endpoint(calls, "token_endpoint"),
            basic=_takes_basic(document),
            code=code,
            code_verifier=asked.verifier,
            redirect_uri=asked.redirect_uri,
        )
        claims = self._checked(
            calls,
            lambda known: tokens.id_token_claims(
                id_token[:LONGEST_TOKEN],
                known.keys,
                _algorithms(known.document),
                issuer=known.document["issuer"],
                client_id=self._settings.client_id or "",
                nonce=asked.nonce,
                access_token=access_token,
            ),
        )
        return self._identity(calls, claims, id_token, access_token)

    def logged_out(self, token: str) -> LoggedOut:
        """Return what a notice of the provider says has ended.

        Raises:
            AccountsAway, LoginRefused
        """
        with self.calls() as calls:
            claims = self._checked(
                calls,
                lambda known: tokens.logout_claims(
                    token,
                    known.keys,
                    _algorithms(known.document),
                    issuer=known.document["issuer"],
                    client_id=self._settings.client_id or "",
                ),
            )
        subject, sid = claims.get("sub", ""), claims.get("sid", "")
        return LoggedOut(claims["jti"], claims["iss"], subject, sid)

    def logout_url(self, id_token: str, back_to: str) -> str | None:
        """Return where the session at the provider ends, None if it offers none.

        Raises:
            AccountsAway
        """
        with self.calls() as calls:
            found = self._fresh(calls).document.get("end_session_endpoint")
            if found is None:
                return None
            fields = {
                "client_id": self._settings.client_id or "",
                "post_logout_redirect_uri": back_to,
            }
            hint = {"id_token_hint": id_token} if id_token else {}
            url: str = add_params_to_uri(calls.require_secure(found), hint | fields)
            return url

    def describe(self) -> str:
        """Fetch discovery document and keys now; return in a few words what was found.

        Raises:
            AccountsAway
        """
        with self.calls() as calls:
            known = self._fresh(calls)
            for name in ("authorization_endpoint", "token_endpoint"):
                self._endpoint(calls, name)
        listed = _algorithms(known.document)
        used = ", ".join(name for name in tokens.ALGORITHMS if name in listed)
        if not used:
            raise calls.unfit("it signs in no way that is accepted")
        return f"signs with {used}"

    @contextmanager
    def calls(self) -> Iterator[Calls]:
        """Wait for the provider in the block.

        Raises:
            AccountsAway: too many do.
        """
        if not self._free.acquire(blocking=False):
            raise AccountsAway("Too many logins at once. Try again.")
        try:
            with Calls(self._settings) as calls:
                yield calls
        finally:
            self._free.release()

    def _endpoint(self, calls: Calls, name: str) -> str:
        return calls.require_secure(self._fresh(calls).document.get(name))

    def _fresh(self, calls: Calls) -> _Known:
        """Return what is known of the provider: an hour old, older if it is away."""
        known = self._known
        if known is not None and time.monotonic() - known.at < _FRESH_S:
            return known
        try:
            return self._fetch(calls)
        except AccountsAway as exc:
            if known is None:
                raise
            log.warning("log-ins at %s: %s", self.name, exc.why)
            asked_again_at = time.monotonic() - _FRESH_S + _AGAIN_S
            self._known = _Known(known.document, known.keys, asked_again_at)
            return known

    def _fetch(self, calls: Calls) -> _Known:
        issuer = self._settings.issuer or ""
        document = calls.json(f"{issuer}{_DISCOVERY}")
        found = document.get("issuer")
        # Some have a slash at the end; tokens must have exactly what it says here.
        if not isinstance(found, str) or found.rstrip("/") != issuer:
            there = str(found)[:200]
            raise calls.unfit(f"the issuer there is {there!r}, not {issuer!r}")
        listed = calls.json(calls.require_secure(document.get("jwks_uri")))
        try:
            keys = tokens.keys_of(listed)
        except TokenRefused as exc:
            raise calls.unfit(str(exc)) from None
        self._known = _Known(document, keys, time.monotonic())
        return self._known

    def _checked(self, calls: Calls, read: Callable[[_Known], Read]) -> Read:
        """Check a token; with fresh keys if it may be signed with a new one."""
        known = self._fresh(calls)
        try:
            try:
                return read(known)
            except TokenRefused as exc:
                now = time.monotonic()
                if not exc.stale or now - self._keys_at < _KEYS_APART_S:
                    raise
                self._keys_at = now
                return read(self._fetch(calls))
        except TokenRefused as exc:
            words = f"The answer of {self.name} was not accepted; see the log."
            raise LoginRefused(words, why=f"a token was refused: {exc}") from None

    def _require_ours(self, document: dict[str, Any], issuer: str | None) -> None:
        """Refuse an answer that names another provider, or none where it should."""
        must = document.get("authorization_response_iss_parameter_supported") is True
        if issuer != document["issuer"] and (must or issuer is not None):
            raise LoginRefused("The answer came from another provider. Try again.")

    def _identity(
        self, calls: Calls, claims: dict[str, Any], id_token: str, access_token: str
    ) -> Identity:
        path = self._settings.roles_claim
        values = values_of(claims, path)
        if values is None:
            more = self._userinfo(calls, claims["sub"], access_token)
            values, claims = values_of(more, path), more | claims
        sid = claims.get("sid")
        return Identity(
            issuer=claims["iss"],
            subject=claims["sub"],
            name=name_of(claims),
            values=values or (),
            provider_session=sid if isinstance(sid, str) else "",
            id_token=id_token,
        )

    def _userinfo(
        self, calls: Calls, subject: str, access_token: str
    ) -> dict[str, Any]:
        """Return what the provider says beside the ID token, {} if nothing."""
        document = self._fresh(calls).document
        if not access_token or "userinfo_endpoint" not in document:
            return {}
        url = self._endpoint(calls, "userinfo_endpoint")
        found = calls.json(url, access_token=access_token)
        if found.get("sub") != subject:  # of somebody else
            words = f"The answer of {self.name} was not accepted; see the log."
            raise LoginRefused(words, why="userinfo of another person")
        return found


def _algorithms(document: dict[str, Any]) -> list[Any]:
    listed = document.get("id_token_signing_alg_values_supported")
    return listed[:100] if isinstance(listed, list) else ["RS256"]


def _takes_basic(document: dict[str, Any]) -> bool:
    listed = document.get("token_endpoint_auth_methods_supported")
    return "client_secret_basic" in listed if isinstance(listed, list) else True
