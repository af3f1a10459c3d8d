"""Who may send observations: a token in the address, then the secret in the message.

Wrong tokens count as wrong API keys, in the same counters. Wrong secrets count for
their endpoint alone: whoever has the token is no stranger, and a network with an
outdated secret must not lock out the others behind the same proxy. With both there is
no rate limit: hundreds of access points send every minute.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import current_app, g
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.config.scanning import ScanningEndpoint
from mvsnap.config.values import Secret
from mvsnap.errors import Unauthorized
from mvsnap.values import replace
from mvsnap.web import auth
from mvsnap.web.auth.keys import Authenticator, Counters
from mvsnap.web.auth.url_secrets import admit_secret, admit_token, as_key
from mvsnap.web.limit import Limit, Limiter

_EXTENSION = "mvsnap_scanning_guards"
# More than all access points together would send.
_PER_MINUTE = 60_000
_WRONG_PER_MINUTE = 20


class Endpoint(Struct, frozen=True):
    """One of scanning.endpoints; name: for the log, never its token."""

    name: str
    settings: ScanningEndpoint
    _secret: Authenticator

    def require_secret(self, secret: str) -> None:
        """Check the secret of a message, in constant time.

        Raises:
            Unauthorized, TooManyRequests
        """
        try:
            admit_secret(self._secret, secret)
        except Unauthorized:
            why = (
                "Wrong secret in the message" if secret else "No secret in the message"
            )
            raise Unauthorized(f"{why} (scanning.endpoints)") from None


class _ScanningAuthenticators(Struct, frozen=True):
    tokens: Authenticator
    endpoints: dict[str, Endpoint]


def prepare(app: App, endpoints: tuple[ScanningEndpoint, ...]) -> None:
    """Register the endpoints with the app; call `auth.prepare` before."""
    counters = replace(
        auth.key_authenticator(app).counters,
        rate=Limit(Limiter(), _PER_MINUTE, "Too many requests"),
    )
    named = {f"scanning endpoint {n}": e for n, e in enumerate(endpoints, start=1)}
    app.extensions[_EXTENSION] = _ScanningAuthenticators(
        Authenticator([as_key(name, e.token) for name, e in named.items()], counters),
        {
            name: Endpoint(
                name, e, _secret_authenticator(f"{name} secret", e.secret, counters)
            )
            for name, e in named.items()
        },
    )


def _secret_authenticator(
    name: str, secret: Secret, counters: Counters
) -> Authenticator:
    wrong = Limit(Limiter(), _WRONG_PER_MINUTE, "Too many wrong secrets")
    return Authenticator([as_key(name, secret)], replace(counters, wrong=wrong))


def scanning_token(
    view: Callable[[], ResponseReturnValue],
) -> Callable[..., ResponseReturnValue]:
    """The view's address ends with an endpoint's token; available as `endpoint()`."""

    @wraps(view)
    def admitted(token: str) -> ResponseReturnValue:
        authenticators: _ScanningAuthenticators = current_app.extensions[_EXTENSION]
        caller = admit_token(authenticators.tokens, token)
        g.scanning_endpoint = authenticators.endpoints[caller.name]
        return view()

    return auth.public(admitted)


def knows_address(app: App, path: str) -> bool:
    """Whether a path is that of an endpoint; for the server, before a body is read.

    Nothing is counted: the view does that.
    """
    _, _, token = path.partition("/scanning/")
    authenticators: _ScanningAuthenticators | None = app.extensions.get(_EXTENSION)
    # Without any, the start still waits for its database.
    return authenticators is not None and authenticators.tokens.knows(token.strip("/ "))


def endpoint() -> Endpoint:
    """Return the endpoint of the request; for views with the decorator above."""
    found: Endpoint = g.scanning_endpoint
    return found
