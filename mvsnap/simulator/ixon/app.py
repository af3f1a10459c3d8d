"""The simulated IXON Cloud, and access to a camera behind it, as a web application."""

from __future__ import annotations

from flask import Flask

from mvsnap.simulator.calls import new_app
from mvsnap.simulator.ixon import proxy, routes
from mvsnap.simulator.ixon.errors import IxonError, refusal
from mvsnap.simulator.ixon.ixon import FakeIxon


def ixon_app(ixon: FakeIxon) -> Flask:
    app = new_app(
        __name__,
        asked=ixon.asked,
        faults=ixon.faults,
        is_api=lambda path: path != "/fault",
    )
    app.register_error_handler(IxonError, refusal)
    routes.add(app, ixon)
    proxy.add(app, ixon)
    return app
