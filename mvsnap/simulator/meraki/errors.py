"""Dashboard errors: refusals of the Meraki Dashboard."""

from __future__ import annotations

from flask import Response, jsonify


class DashboardError(Exception):
    """The Dashboard refuses: {"errors": [message]}; an empty body without a message."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def refusal(error: DashboardError) -> Response:
    if not error.message:
        return Response(b"", error.status, content_type="text/plain")
    response = jsonify(errors=[error.message])
    response.status_code = error.status
    return response


def bad_key() -> Response:
    return refusal(DashboardError(401, "Invalid API key"))


def too_many() -> Response:
    return refusal(DashboardError(429, "API rate limit exceeded for organization"))
