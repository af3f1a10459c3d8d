"""The simulated Webex as a web application."""

from __future__ import annotations

from flask import Flask, Response, request

from mvsnap.simulator.calls import new_app
from mvsnap.simulator.webex import routes
from mvsnap.simulator.webex.errors import WebexError, refusal, tracking_id
from mvsnap.simulator.webex.webex import FakeWebex


def webex_app(webex: FakeWebex) -> Flask:
    app = new_app(
        __name__,
        asked=webex.asked,
        faults=webex.faults,
        is_api=lambda path: path.startswith("/v1/"),
        finish=_track,
    )
    app.before_request(webex.admit)
    app.register_error_handler(WebexError, refusal)
    routes.add(app, webex)
    return app


def _track(response: Response) -> Response:
    if request.path.startswith("/v1/"):
        response.headers.setdefault("TrackingID", tracking_id())
        response.headers.setdefault("Cache-Control", "no-cache")
        if response.mimetype == "application/json":
            response.content_type = "application/json;charset=UTF-8"
    return response
