"""The simulated Dashboard as a web application."""

from __future__ import annotations

from flask import Flask

from mvsnap.simulator.calls import new_app
from mvsnap.simulator.meraki import routes
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.meraki.errors import DashboardError, refusal


def dashboard_app(dashboard: FakeDashboard) -> Flask:
    app = new_app(
        __name__,
        asked=dashboard.asked,
        faults=dashboard.faults,
        is_api=lambda path: path.startswith(("/api/", "/stream/")),
    )
    app.before_request(dashboard.admit)
    app.register_error_handler(DashboardError, refusal)
    routes.add(app, dashboard)
    return app
