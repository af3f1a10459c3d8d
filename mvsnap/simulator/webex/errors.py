"""Webex errors: refusals of Webex, with its own texts as observed."""

from __future__ import annotations

import uuid

from flask import Response, g, jsonify

_NO_TOKEN = (
    "The request requires a valid access token set in the Authorization request header."
)


class WebexError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def refusal(error: WebexError) -> Response:
    response = jsonify(
        message=error.message,
        errors=[{"description": error.message}],
        trackingId=tracking_id(),
    )
    response.status_code = error.status
    response.headers["TrackingID"] = tracking_id()
    return response


def bad_token() -> Response:
    return refusal(WebexError(401, _NO_TOKEN))


def tracking_id() -> str:
    """Return the id of the current call, the same in its header and its body."""
    if "tracking_id" not in g:
        g.tracking_id = f"ROUTERGW_{uuid.uuid4()}"
    found: str = g.tracking_id
    return found


def scanning() -> Response:
    """Return the answer while a file is scanned for malware."""
    text = "The requested resource is temporarily unavailable."
    response = refusal(WebexError(423, text))
    response.headers["Retry-After"] = "1"
    return response
