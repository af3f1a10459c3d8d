from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvsnap.clients.meraki import Dashboard
from mvsnap.clock import SystemClock
from mvsnap.simulator.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from tests.clients.fakes import SECRET_KEY


@pytest.fixture
def fake_dashboard() -> FakeDashboard:
    return FakeDashboard(api_key=SECRET_KEY)


@pytest.fixture
def dashboard_origin(fake_dashboard: FakeDashboard) -> Iterator[str]:
    with serve(fake_dashboard.app()) as url:
        yield url


@pytest.fixture
def dashboard(dashboard_origin: str) -> Iterator[Dashboard]:
    client = Dashboard(
        dashboard_origin + "/api/v1/",
        f" {SECRET_KEY}\n",
        clock=SystemClock(),
        timeout_s=5,
        trusted_hosts=("127.0.0.1",),
    )
    yield client
    client.close()
