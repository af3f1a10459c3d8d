from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.web.fixtures import reviewer as reviewer
from tests.webhooks.web_build import HookWeb


@pytest.fixture
def web(tmp_path: Path) -> HookWeb:
    return HookWeb(tmp_path)


@pytest.fixture
def client(web: HookWeb) -> FlaskClient:
    """Without a key: the address has the token."""
    return web.client(None)
