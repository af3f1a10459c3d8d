from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mvsnap.config.model import Settings
from mvsnap.delivery.channels import open_channels
from mvsnap.domain import Role
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.webex import FakeWebex
from mvsnap.web.recipients import RecipientCheck
from tests.web.build import Web


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path)


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


@pytest.fixture
def webex() -> FakeWebex:
    return FakeWebex(rooms=("Security Team", "Reception", "Night watch"))


@pytest.fixture
def asking(web: Web, webex: FakeWebex) -> Iterator[FlaskClient]:
    """An admin at an application that can ask Webex."""
    with serve(webex_app(webex)) as url:
        section = {"base_url": f"{url}/v1", "bot_token": webex.bot_token}
        settings = Settings.model_validate({"webex": section})
        web.recipients = RecipientCheck(open_channels(settings).require_recipient)
        web.app = web.fresh_app()
        yield web.log_in(Role.ADMIN)
