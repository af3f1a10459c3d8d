"""Webex routes: everything that the simulated Webex answers."""

from __future__ import annotations

from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from mvsnap.simulator.webex import cards, messages, page, people, rooms, webhooks
from mvsnap.simulator.webex.errors import WebexError, refusal
from mvsnap.simulator.webex.webex import FakeWebex


def add(app: Flask, webex: FakeWebex) -> None:
    for part in (people, messages, rooms, cards, webhooks, page):
        part.add(app, webex)

    @app.errorhandler(HTTPException)
    def unknown_path(error: HTTPException) -> ResponseReturnValue:
        if error.code == 404:
            return refusal(
                WebexError(404, "The requested resource could not be found.")
            )
        return refusal(WebexError(error.code or 500, error.description or error.name))
