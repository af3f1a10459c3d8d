"""Who may send alarms: a token in the address, an API key, or Meraki's shared secret.

Any of the three is enough. Wrong ones count as wrong API keys, in the same counters.
These views are public to the general check and are checked by the decorators here,
because the secret may be part of the address or of the message.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Request, current_app, g, request
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.config.webhooks import WebhookToken
from mvsnap.core import http_body
from mvsnap.core.keys import KeyKind
from mvsnap.errors import BadInput, Unauthorized
from mvsnap.web import auth
from mvsnap.web.auth.keys import Authenticator, Caller, FindCaller, key_of
from mvsnap.web.auth.stored_keys import StoredKeys, caller_of
from mvsnap.web.auth.url_secrets import admit_secret, admit_token, as_key
from mvsnap.web.content_coding import unpacked
from mvsnap.web.context import Gateway
from mvsnap.web.known import note_known

_EXTENSION = "mvsnap_hook_guards"
_SHARED = "Meraki"  # the sender's name for an alarm with the shared secret
_ADMISSION = "Use an API key, Meraki's shared secret or /webhook/TOKEN"


class AlarmSender(Struct, frozen=True):
    """Who sent the alarm; `token` is None for an API key and the shared secret."""

    caller: Caller
    token: WebhookToken | None = None

    @property
    def name(self) -> str:
        return self.caller.name


class _AlarmAuthenticators(Struct, frozen=True):
    tokens: Authenticator
    keys: Authenticator
    by_name: dict[str, WebhookToken]


def prepare(app: App, here: Gateway) -> None:
    """Set the app up for these decorators; call `auth.prepare` before."""
    webhooks, keys = here.settings.webhooks, here.settings.api_keys
    counters = auth.key_authenticator(app).counters
    secret = webhooks.meraki_shared_secret
    cloud = [] if secret is None else [as_key(_SHARED, secret, "webhook")]
    tokens = [as_key(t.name, t.token, "webhook") for t in webhooks.tokens]
    app.extensions[_EXTENSION] = _AlarmAuthenticators(
        tokens=Authenticator(tokens, counters, _stored(here, KeyKind.TOKEN)),
        keys=Authenticator([*keys, *cloud], counters, _stored(here, KeyKind.KEY)),
        by_name={token.name: token for token in webhooks.tokens},
    )


def hook_token(
    view: Callable[[], ResponseReturnValue],
) -> Callable[..., ResponseReturnValue]:
    """The view's address ends with a webhook token; available as `sender()`."""

    @wraps(view)
    def admitted(token: str) -> ResponseReturnValue:
        authenticators = _authenticators()
        g.caller = caller = admit_token(authenticators.tokens, token)
        note_known()
        settings = caller.token or authenticators.by_name[caller.name]
        g.sender = AlarmSender(caller, settings)
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
            caller = admit_secret(_authenticators().keys, secret)
        except Unauthorized:
            why = "Wrong API key or shared secret" if secret else _ADMISSION
            raise Unauthorized(why) from None
        g.caller = caller
        note_known()
        caller.require_scope("webhook")
        g.sender = AlarmSender(caller)
        return view()

    return auth.public(admitted)


def sender() -> AlarmSender:
    """Return who sent the request; for views with one of the decorators above."""
    found: AlarmSender = g.sender
    return found


def senders(here: Gateway) -> dict[str, AlarmSender]:
    """Return everyone who may send alarms now, by name; no secret is looked at."""
    webhooks, now = here.settings.webhooks, here.clock.now()
    found = {
        token.name: AlarmSender(
            Caller.of_key(as_key(token.name, token.token, "webhook")), token
        )
        for token in webhooks.tokens
    }
    keys = [key for key in here.settings.api_keys if "webhook" in key.scopes]
    if webhooks.meraki_shared_secret is not None:
        keys.append(as_key(_SHARED, webhooks.meraki_shared_secret, "webhook"))
    found |= {key.name: AlarmSender(Caller.of_key(key)) for key in keys}
    kinds = (KeyKind.KEY, KeyKind.TOKEN)
    for stored in (key for kind in kinds for key in here.keys.all(kind)):
        is_token = stored.kind is KeyKind.TOKEN
        may_send = is_token or "webhook" in stored.limits["scopes"]
        if may_send and stored.state(now) == "active":
            caller = caller_of(stored)
            found.setdefault(stored.name, AlarmSender(caller, caller.token))
    return found


def _stored(here: Gateway, kind: KeyKind) -> FindCaller:
    return StoredKeys(here.keys, kind, here.clock).find


def _secret_of(asked: Request) -> str:
    """Return the secret from the header, else the query, else the message."""
    in_query = [
        value.strip().rstrip("?")
        for name, value in asked.args.items(multi=True)
        if name.strip().lstrip("?").lower() == "apikey"
    ]
    given = key_of(asked) or next(iter(in_query), "")
    if given:
        return given
    found = (http_body.api_key(m) or http_body.shared_secret(m) for m in _sent(asked))
    return next(filter(None, found), "")


def _sent(asked: Request) -> list[dict[str, Any]]:
    """Return the messages in the body, none if it is invalid."""
    try:
        body = unpacked(asked, http_body.MAX_BYTES)
        return http_body.read_all(body, asked.content_type or "")
    except BadInput:
        return []  # without a valid key, the error is about the key, not the body


def _authenticators() -> _AlarmAuthenticators:
    found: _AlarmAuthenticators = current_app.extensions[_EXTENSION]
    return found
