from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.web.fixtures import reviewer as reviewer
from tests.webhooks.web_build import HookWeb


@pytest.fixture
def web(tmp_path: Path) -> Iterator[HookWeb]:
    made = HookWeb(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(web: HookWeb) -> FlaskClient:
    """Without a key: the address has the token."""
    return web.client(None)
