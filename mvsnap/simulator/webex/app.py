"""The simulated Webex as a web application."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask, Response, request

from mvsnap.simulator.calls import new_app
from mvsnap.simulator.webex import routes
from mvsnap.simulator.webex.errors import WebexError, refusal, tracking_id
from mvsnap.simulator.webex.sockets import FakeSockets
from mvsnap.simulator.webex.sockets import add as add_sockets
from mvsnap.simulator.webex.webex import FakeWebex, ReportSender
from mvsnap.simulator.webex.webhooks import report


def webex_app(webex: FakeWebex) -> Flask:
    app = new_app(
        __name__,
        asked=webex.asked,
        faults=webex.faults,
        is_api=lambda path: path.startswith("/v1/"),
        finish=_track,
    )
    app.before_request(webex.admit)
    webex.sockets = FakeSockets(webex)
    webex.report = _reporting(webex, webex.sockets)
    app.register_error_handler(WebexError, refusal)
    routes.add(app, webex)
    add_sockets(app, webex, webex.sockets)
    return app


def _reporting(webex: FakeWebex, sockets: FakeSockets) -> ReportSender:
    """Return what reports in the background, in the order of what happened."""
    # Not before it is needed: most simulations have no webhook.
    pools: list[ThreadPoolExecutor] = []

    def send(resource: str, actor_id: str, data: dict[str, Any]) -> None:
        if sockets.devices:
            sockets.report(resource, data)
        if not webex.webhooks:
            return
        if not pools:
            pools.append(ThreadPoolExecutor(1, "webex-reports"))
        pools[0].submit(
            report,
            list(webex.webhooks),
            resource,
            actor_id,
            data,
            most_failures=webex.failures_to_disable,
        )

    return send


def _track(response: Response) -> Response:
    if request.path.startswith("/v1/"):
        response.headers.setdefault("TrackingID", tracking_id())
        response.headers.setdefault("Cache-Control", "no-cache")
        if response.mimetype == "application/json":
            response.content_type = "application/json;charset=UTF-8"
    return response
