"""Secrets that are part of an address or message, checked like API keys."""

from __future__ import annotations

from flask import request

from mvsnap.config.model import ApiKey, Scope
from mvsnap.config.values import Secret
from mvsnap.errors import Unauthorized
from mvsnap.web.auth.keys import Authenticator, Caller


def as_key(name: str, secret: Secret, *scopes: Scope) -> ApiKey:
    """Return a secret as a key that may use every camera and room."""
    # Not validated as a key: another party's secret may be shorter than ours.
    return ApiKey.model_construct(
        name=name, key=secret, cameras=("*",), rooms=("*",), scopes=scopes
    )


def admit_secret(authenticator: Authenticator, secret: str) -> Caller:
    """Return the owner of the secret; for the client of the current request.

    Space around it does not count: it comes along when people copy a secret.

    Raises:
        Unauthorized, TooManyRequests
    """
    return authenticator.admit_key(secret.strip(), request.remote_addr or "unknown")


def admit_token(authenticator: Authenticator, token: str) -> Caller:
    """Return the owner of the token that ends the current request's address.

    Raises:
        Unauthorized, TooManyRequests
    """
    try:
        return admit_secret(authenticator, token)
    except Unauthorized:
        # Without the token: an error's text is stored, shown and forwarded.
        raise Unauthorized("Wrong token in the address") from None
