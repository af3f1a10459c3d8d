"""The key of sessions is replaced while several processes run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mvsnap.domain import Role
from tests.changes import log_line
from tests.clients.fakes import FakeClock
from tests.web.build import HTML, Web, send, token_of


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def web(tmp_path: Path, clock: FakeClock) -> Web:
    return Web(tmp_path, clock=clock)


def at(app: Flask, client: FlaskClient) -> FlaskClient:
    """Return a browser with the same cookie at another process."""
    other = app.test_client()
    other.environ_base["HTTP_ACCEPT"] = HTML
    cookie = client.get_cookie("mvsnap")
    assert cookie is not None
    other.set_cookie("mvsnap", cookie.value)
    return other


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def rotate(web: Web, hours: float) -> None:
    change = log_line(web.clock.now(), "tests", "session key", "", "rotated")
    web.session_keys.rotate(timedelta(hours=hours), change)


def test_sessions_end_in_every_process_within_seconds(
    web: Web, clock: FakeClock
) -> None:
    here = web.log_in()
    there = at(web.fresh_app(), here)
    assert (is_in(here), is_in(there)) == (True, True)
    rotate(web, 0)
    clock.pass_time(3.1)
    assert (is_in(here), is_in(there)) == (False, False)
    assert is_in(web.log_in())


def test_with_an_overlap_sessions_and_open_forms_go_on_until_its_end(
    web: Web, clock: FakeClock
) -> None:
    here = web.log_in(Role.REVIEWER)
    there = at(web.fresh_app(), here)
    token = token_of(here.get("/"))
    rotate(web, 2)
    clock.pass_time(10)
    assert (is_in(here), is_in(there)) == (True, True)
    mute = {"csrf_token": token, "place": "", "minutes": "15"}
    assert here.post("/settings/mutes", data=mute).status_code == 303
    fresh = web.log_in(Role.ADMIN)
    clock.pass_time(2 * 3600)
    assert (is_in(there), is_in(fresh)) == (False, True)
    assert send(fresh, "/settings/mutes", place="", minutes="15").status_code == 303
