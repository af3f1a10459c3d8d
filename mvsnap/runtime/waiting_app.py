"""The application while a start waits for its database."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.typing import ResponseReturnValue

from mvsnap import __version__
from mvsnap.runtime.answers import HealthAnswer, ReadinessAnswer
from mvsnap.web.answers import ErrorAnswer, ErrorDetails, json_response

_AGAIN_S = 5


def waiting_app(why: Callable[[], str]) -> Flask:
    """why: what it waits for, as anybody may read it."""
    app = Flask("mvsnap", static_folder=None)

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return json_response(HealthAnswer("ok", __version__))

    @app.get("/readyz")
    def readyz() -> ResponseReturnValue:
        parts = {"store": f"waiting for the database: {why()}"}
        return json_response(ReadinessAnswer("not ready", parts), 503)

    @app.errorhandler(404)
    @app.errorhandler(405)
    def away(_error: Exception) -> ResponseReturnValue:
        message = "The database is unavailable; nothing was accepted"
        details = ErrorDetails("storage_unavailable", message)
        answer = json_response(ErrorAnswer(details), 503)
        answer.headers["Retry-After"] = str(_AGAIN_S)
        return answer

    return app
