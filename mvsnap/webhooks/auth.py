"""Who may send alarms: a token in the address, an API key, or Meraki's shared secret.

Any of the three suffices. Wrong ones count as wrong API keys do, together with them.
A view is public for the check before the request and checked by its decorator here,
because the proof may be part of the address or of the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from typing import Any

from flask import Request, current_app, g, request
from flask.typing import ResponseReturnValue

from mvsnap.config.model import ApiKey
from mvsnap.config.values import Secret
from mvsnap.config.webhooks import Webhooks, WebhookToken
from mvsnap.core import http_body
from mvsnap.errors import Unauthorized
from mvsnap.web import auth
from mvsnap.web.auth.keys import Caller, Guard, key_of, message_of

_EXTENSION = "mvsnap_hook_guards"
_SHARED = "Meraki"  # whose name an alarm with the shared secret carries
_ADMISSION = "An API key is needed, the shared secret of Meraki, or /webhook/TOKEN"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent the alarm; `token` is None for an API key and the shared secret."""

    caller: Caller
    token: WebhookToken | None = None

    @property
    def name(self) -> str:
        return self.caller.name


class HookGuard(Guard):
    """A guard for other secrets, with the counters and the lock-out of `shared`."""

    def __init__(self, keys: Iterable[ApiKey], shared: Guard) -> None:
        super().__init__(tuple(keys), rate_per_minute=1)
        self._rate, self._wrong = shared._rate, shared._wrong
        self._known_good, self._lock = shared._known_good, shared._lock

    def admit_secret(self, secret: str) -> Caller:
        """Return whose secret it is; the address is that of the request.

        Raises:
            Unauthorized, TooManyRequests
        """
        # The guard looks for a key in a request: in this one there is nothing else.
        alone = {
            "HTTP_X_API_KEY": secret,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": "0",
            "wsgi.input": BytesIO(),
        }
        return self.admit(Request(request.environ | alone))


@dataclass(frozen=True, slots=True)
class _Guards:
    tokens: HookGuard
    keys: HookGuard
    by_name: dict[str, WebhookToken]


def prepare(
    extensions: dict[str, Any], webhooks: Webhooks, keys: Iterable[ApiKey]
) -> None:
    """Make the app know who may send alarms; `auth.prepare` comes before."""
    shared: Guard = extensions[auth._GUARD]
    secret = webhooks.meraki_shared_secret
    cloud = [] if secret is None else [_as_key(_SHARED, secret)]
    extensions[_EXTENSION] = _Guards(
        tokens=HookGuard([_as_key(t.name, t.token) for t in webhooks.tokens], shared),
        keys=HookGuard([*keys, *cloud], shared),
        by_name={token.name: token for token in webhooks.tokens},
    )


def hook_token(
    view: Callable[[], ResponseReturnValue],
) -> Callable[..., ResponseReturnValue]:
    """The view's address ends with one of webhooks.tokens; it finds `sender()`."""

    @wraps(view)
    def admitted(token: str) -> ResponseReturnValue:
        guards = _guards()
        try:
            caller = guards.tokens.admit_secret(token)
        except Unauthorized:
            # Without the token: an error's text is stored, shown and sent on.
            raise Unauthorized("Wrong token in the address") from None
        g.sender = Sender(caller, guards.by_name[caller.name])
        return view()

    return auth.public(admitted)


def hook_key(
    view: Callable[[], ResponseReturnValue],
) -> Callable[..., ResponseReturnValue]:
    """The view needs a key with the scope webhook, or Meraki's shared secret."""

    @wraps(view)
    def admitted() -> ResponseReturnValue:
        secret = _secret_of(request)
        try:
            caller = _guards().keys.admit_secret(secret)
        except Unauthorized:
            why = "Wrong API key or shared secret" if secret else _ADMISSION
            raise Unauthorized(why) from None
        caller.must_have("webhook")
        g.sender = Sender(caller)
        return view()

    return auth.public(admitted)


def sender() -> Sender:
    """Return who sent the request; for views with one of the decorators above."""
    found: Sender = g.sender
    return found


def _secret_of(asked: Request) -> str:
    """Return the secret of the header, else of the query, else of the message."""
    in_query = [
        value.strip().rstrip("?")
        for name, value in asked.args.items(multi=True)
        if name.strip().lstrip("?").lower() == "apikey"
    ]
    given = key_of(asked) or next(iter(in_query), "")
    if given:
        return given
    message = message_of(asked)
    return http_body.api_key(message) or http_body.shared_secret(message)


def _as_key(name: str, secret: Secret) -> ApiKey:
    # Made without the checks of a key: Meraki's secret may be shorter than one.
    return ApiKey.model_construct(
        name=name, key=secret, cameras=("*",), rooms=("*",), scopes=("webhook",)
    )


def _guards() -> _Guards:
    found: _Guards = current_app.extensions[_EXTENSION]
    return found
