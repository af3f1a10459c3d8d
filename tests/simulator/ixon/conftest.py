from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvsnap.simulator.ixon.app import ixon_app
from mvsnap.simulator.ixon.ixon import FakeIxon
from mvsnap.simulator.server import serve
from tests.simulator.ixon.client import Client


@pytest.fixture
def client() -> Iterator[Client]:
    ixon = FakeIxon()
    with serve(ixon_app(ixon)) as origin:
        yield Client(ixon, origin)
        ixon.stop()
