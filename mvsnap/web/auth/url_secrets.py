"""Secrets that are part of an address or of a message, checked as API keys are."""

from __future__ import annotations

from flask import request

from mvsnap.config.model import ApiKey, Scope
from mvsnap.config.values import Secret
from mvsnap.errors import Unauthorized
from mvsnap.web.auth.keys import Authenticator, Caller


def as_key(name: str, secret: Secret, *scopes: Scope) -> ApiKey:
    """Return a secret as a key that reaches every camera and room."""
    # Made without the checks of a key: another party's secret may be shorter than one.
    return ApiKey.model_construct(
        name=name, key=secret, cameras=("*",), rooms=("*",), scopes=scopes
    )


def admit_secret(authenticator: Authenticator, secret: str) -> Caller:
    """Return whose secret it is, for the address of the current request.

    Space around it does not count: it comes along when people copy a secret.

    Raises:
        Unauthorized, TooManyRequests
    """
    return authenticator.admit_key(secret.strip(), request.remote_addr or "unknown")


def admit_token(authenticator: Authenticator, token: str) -> Caller:
    """Return whose token ends the address of the current request.

    Raises:
        Unauthorized, TooManyRequests
    """
    try:
        return admit_secret(authenticator, token)
    except Unauthorized:
        # Without the token: an error's text is stored, shown and sent on.
        raise Unauthorized("Wrong token in the address") from None
