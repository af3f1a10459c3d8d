"""IXON errors: refusals of the IXON Cloud. The statuses are not documented."""

from __future__ import annotations

from flask import Response, jsonify


class IxonError(Exception):
    """IXON refuses: {"type": "Error", "data": [{"message"}], "status": "error"}."""

    def __init__(self, status: int, message: str, property_name: str | None = None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.property_name = property_name


def refusal(error: IxonError) -> Response:
    row = {
        "message": error.message,
        "propertyName": error.property_name,
        "listIndex": None,
    }
    response = jsonify(type="Error", data=[row], status="error")
    response.status_code = error.status
    return response


def unauthorized() -> Response:
    return refusal(IxonError(401, "Authentication failed"))


def too_many() -> Response:
    return refusal(IxonError(429, "Too many requests"))
