"""Who may send observations: a token in the address, then the secret in the message.

Wrong tokens count as wrong API keys do, together with them. Wrong secrets count for
their endpoint alone: who knows the token is no stranger, and a network whose secret is
out of date must not lock out the others behind the same proxy. There is no rate for
those who know both: hundreds of access points send each minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import current_app, g
from flask.typing import ResponseReturnValue

from mvsnap.config.model import ApiKey
from mvsnap.config.scanning import ScanningEndpoint
from mvsnap.config.values import Secret
from mvsnap.errors import Unauthorized
from mvsnap.web import auth
from mvsnap.web.auth.keys import Guard
from mvsnap.web.auth.limit import Limit, Limiter
from mvsnap.webhooks.auth import HookGuard

_EXTENSION = "mvsnap_scanning_guards"
# More would be no access points.
_PER_MINUTE = 60_000
_WRONG_PER_MINUTE = 20


class _ScanningGuard(HookGuard):
    def __init__(self, entries: dict[str, Secret], shared: Guard) -> None:
        keys = [
            ApiKey.model_construct(
                name=name, key=secret, cameras=("*",), rooms=("*",), scopes=()
            )
            for name, secret in entries.items()
        ]
        super().__init__(keys, shared)
        self._rate = Limit(Limiter(), _PER_MINUTE, "Too many requests")


class _SecretGuard(_ScanningGuard):
    def __init__(self, entries: dict[str, Secret], shared: Guard) -> None:
        super().__init__(entries, shared)
        self._wrong = Limit(Limiter(), _WRONG_PER_MINUTE, "Too many wrong secrets")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of scanning.endpoints; name: as the log calls it, never its token."""

    name: str
    settings: ScanningEndpoint
    _secret: _SecretGuard

    def must_be(self, secret: str) -> None:
        """Check the secret of a message, in constant time.

        Raises:
            Unauthorized, TooManyRequests
        """
        try:
            self._secret.admit_secret(secret)
        except Unauthorized:
            why = "Wrong secret in the message" if secret else "No secret in it"
            raise Unauthorized(f"{why} (scanning.endpoints)") from None


@dataclass(frozen=True, slots=True)
class _Guards:
    tokens: _ScanningGuard
    endpoints: dict[str, Endpoint]


def prepare(
    extensions: dict[str, Any], endpoints: tuple[ScanningEndpoint, ...]
) -> None:
    """Make the app know the endpoints; `auth.prepare` comes before."""
    shared: Guard = extensions[auth._GUARD]
    named = {f"scanning endpoint {n}": e for n, e in enumerate(endpoints, start=1)}
    extensions[_EXTENSION] = _Guards(
        _ScanningGuard({name: e.token for name, e in named.items()}, shared),
        {
            name: Endpoint(name, e, _SecretGuard({f"{name} secret": e.secret}, shared))
            for name, e in named.items()
        },
    )


def scanning_token(
    view: Callable[[], ResponseReturnValue],
) -> Callable[..., ResponseReturnValue]:
    """The view's address ends with the token of an endpoint; it finds `endpoint()`."""

    @wraps(view)
    def admitted(token: str) -> ResponseReturnValue:
        guards: _Guards = current_app.extensions[_EXTENSION]
        try:
            caller = guards.tokens.admit_secret(token)
        except Unauthorized:
            # Without the token: an error's text is stored, shown and sent on.
            raise Unauthorized("Wrong token in the address") from None
        g.scanning_endpoint = guards.endpoints[caller.name]
        return view()

    return auth.public(admitted)


def endpoint() -> Endpoint:
    """Return whom the request is for; for views with the decorator above."""
    found: Endpoint = g.scanning_endpoint
    return found
