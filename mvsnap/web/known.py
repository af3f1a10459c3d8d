"""Tells the server in front who asks: what nobody known asks for, it slows down."""

from __future__ import annotations

from flask import request

# In the WSGI environment.
KNOWN = "mvsnap.known"


def note_known() -> None:
    """The request has a right key, token or secret, or is of somebody logged in."""
    request.environ[KNOWN] = True
