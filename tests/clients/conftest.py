from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvsnap.clients.ixon.client import Ixon
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clock import SystemClock
from mvsnap.simulator.ixon.ixon import FakeIxon
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from tests.clients.fakes import SECRET_KEY
from tests.clients.ixon.stub import client, cloud


@pytest.fixture
def fake_dashboard() -> FakeDashboard:
    return FakeDashboard(api_key=SECRET_KEY)


@pytest.fixture
def dashboard_origin(fake_dashboard: FakeDashboard) -> Iterator[str]:
    with serve(dashboard_app(fake_dashboard)) as url:
        yield url


@pytest.fixture
def dashboard(dashboard_origin: str) -> Iterator[Dashboard]:
    made = Dashboard(
        dashboard_origin + "/api/v1/",
        f" {SECRET_KEY}\n",
        clock=SystemClock(),
        timeout_s=5,
        trusted_hosts=("127.0.0.1",),
    )
    yield made
    made.close()


# The simulated IXON Cloud: running, itself, its origin, and a client of it.


@pytest.fixture
def served_ixon() -> Iterator[tuple[FakeIxon, str]]:
    with cloud() as served:
        yield served


@pytest.fixture
def fake(served_ixon: tuple[FakeIxon, str]) -> FakeIxon:
    return served_ixon[0]


@pytest.fixture
def origin(served_ixon: tuple[FakeIxon, str]) -> str:
    return served_ixon[1]


@pytest.fixture
def ixon(origin: str) -> Iterator[Ixon]:
    with client(f"{origin}/api") as ixon:
        yield ixon
