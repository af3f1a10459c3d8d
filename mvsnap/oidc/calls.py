"""Calls to a provider: all within one deadline, of limited size, and over TLS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from mvsnap import __version__
from mvsnap.clients.hosts import is_loopback, origin
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.config.login import OidcSection
from mvsnap.errors import AccountsAway, LoginRefused
from mvsnap.upstreams import Upstream

# A person waits for all of it, and so does the thread that serves the request.
_LIMIT_S = 6.0
_MOST_BYTES = 1024 * 1024
_FAILURES = (requests.RequestException, OSError, ValueError)


class Calls:
    """The calls of one log-in; a context manager that closes their connections."""

    def __init__(self, settings: OidcSection) -> None:
        issuer = settings.issuer or ""
        self._name = settings.shown_name
        self._until = time.monotonic() + _LIMIT_S
        self._verify: str | bool = str(settings.ca_file) if settings.ca_file else True
        self._issuer = origin(issuer)
        secret = settings.client_secret
        session = OAuth2Session(
            settings.client_id,
            secret.get_secret_value() if secret else None,
            code_challenge_method="S256",
            scope=" ".join(dict.fromkeys(("openid", *settings.scopes))),
        )
        self.session: Any = guard(
            session,
            issuer,
            refuse=self._refuse,
            max_body_bytes=_MOST_BYTES,
            upstream=Upstream.PROVIDER,
        )
        self.session.headers["User-Agent"] = f"mvsnap/{__version__}"

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.session.close()

    def json(self, url: str, *, access_token: str = "") -> dict[str, Any]:
        """Return the JSON object at an address of the provider.

        Raises:
            AccountsAway
        """
        sent = {"Accept": "application/json"}
        if access_token:
            sent["Authorization"] = f"Bearer {access_token}"
        try:
            answer = self.session.get(
                url,
                headers=sent,
                withhold_token=True,
                allow_redirects=False,
                timeout=self._left_s(),
                verify=self._verify,
            )
        except _FAILURES as exc:
            raise self._away(exc) from None
        if answer.status_code != 200:
            raise self.unfit(f"{_place(url)} answered {answer.status_code}")
        return self._object(answer, url)

    def tokens(self, url: str, *, basic: bool, **fields: str) -> tuple[str, str]:
        """Return the ID token and the access token for a code.

        Raises:
            AccountsAway, LoginRefused: the provider does not take the code.
        """
        if self.session.client_secret and not basic:
            self.session.token_endpoint_auth_method = "client_secret_post"
        try:
            found = self.session.fetch_token(
                url,
                grant_type="authorization_code",
                allow_redirects=False,
                timeout=self._left_s(),
                verify=self._verify,
                **fields,
            )
        except OAuthError as exc:
            raise self._refused(str(exc.error)[:60]) from None
        except (*_FAILURES, RecursionError) as exc:
            raise self._away(exc) from None
        id_token, access_token = found.get("id_token"), found.get("access_token", "")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise self.unfit("no ID token: is openid among login.oidc.scopes?")
        return id_token, access_token

    def require_secure(self, url: object) -> str:
        """Return an endpoint that the provider names, if it may be used.

        Raises:
            AccountsAway
        """
        place = origin(url) if isinstance(url, str) and len(url) <= 2000 else None
        if place is None or not self._is_secure(place):
            raise self.unfit("an endpoint is missing, or is no https address")
        return str(url)

    def unfit(self, why: str) -> AccountsAway:
        """Return the error for people; the reason is for an admin."""
        words = "Logins are not set up correctly; see the log."
        return AccountsAway(words, why=why)

    def _refused(self, error: str) -> LoginRefused | AccountsAway:
        if error != "invalid_grant":
            return self.unfit(f"the token endpoint refused: {error!r}")
        return LoginRefused("This login has expired or was used already. Try again.")

    def _away(self, exc: Exception) -> AccountsAway:
        # A library's own text may contain the address with a code.
        why = exc.words if isinstance(exc, ExchangeFailed) else type(exc).__name__
        words = f"{self._name} is not responding. Try again later."
        return AccountsAway(words, why=why)

    def _left_s(self) -> float:
        return max(0.1, self._until - time.monotonic())

    def _refuse(self, request: requests.PreparedRequest) -> str | None:
        place = origin(request.url or "")
        if place is None or not self._is_secure(place):
            return "not an https address"
        return None

    def _is_secure(self, place: tuple[str, str, int]) -> bool:
        if place[0] == "https":
            return True
        # Without TLS only between programs of this machine.
        is_plain = self._issuer is not None and self._issuer[0] == "http"
        return is_plain and is_loopback(place[1])

    def _object(self, answer: requests.Response, url: str) -> dict[str, Any]:
        try:
            found = answer.json()
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, Mapping):
            raise self.unfit(f"{_place(url)} gave no JSON object")
        return dict(found)


def _place(url: str) -> str:
    """Return an address without its query, for the log."""
    return url.partition("?")[0][:200]
