from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import Role
from tests.web.build import Web


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(web: Web) -> FlaskClient:
    return web.client()


@pytest.fixture
def viewer(web: Web) -> FlaskClient:
    return web.log_in(Role.VIEWER)


@pytest.fixture
def reviewer(web: Web) -> FlaskClient:
    return web.log_in(Role.REVIEWER)


@pytest.fixture
def admin(web: Web) -> FlaskClient:
    return web.log_in(Role.ADMIN)
