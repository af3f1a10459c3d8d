"""What a browser still shows after the log-out: nothing that needed the login."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.domain import Event, EventId, Role
from mvsnap.simulator.directory import portrait_of
from mvsnap.simulator.server import serve
from tests.core import build
from tests.core.build import NOON
from tests.servers.visitor import log_in, visitor
from tests.web.build import PASSWORD, Web, send

ID = EventId("11111111-1111-4111-8111-111111111111")
PICTURE = f"/api/v1.0/events/{ID}/snapshot.jpg"


@pytest.fixture
def event(web: Web) -> Event:
    path = web.files.save_snapshot(ID, NOON, portrait_of("4711"))
    made = build.event(id=ID, snapshot_path=path, occurred_at=NOON)
    web.store.add_event(made)
    return made


def shows_a_picture(page: Any) -> bool:
    script = "document.contentType == 'image/jpeg' && document.images[0].naturalWidth"
    return bool(page.evaluate(script))


@pytest.mark.slow
@pytest.mark.usefixtures("event")
def test_the_way_back_shows_neither_a_picture_nor_a_page(web: Web) -> None:
    web.add_user("eve", Role.VIEWER)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/", "eve", PASSWORD)
        page.goto(f"{url}{PICTURE}")
        assert shows_a_picture(page)
        page.goto(f"{url}/crowd-events")
        page.goto(f"{url}/")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login*")
        passed: list[str] = []
        while not page.url.endswith(PICTURE):
            page.go_back()
            passed.append(page.url)
            assert len(passed) < 9, passed
            assert not shows_a_picture(page), passed
            assert "Log out" not in page.content(), passed
        assert page.goto(f"{url}{PICTURE}").status == 401  # type: ignore[union-attr]


@pytest.mark.usefixtures("event")
def test_no_answer_with_data_may_be_kept(web: Web) -> None:
    person, program = web.log_in(Role.ADMIN), web.client()
    pages = ("/", "/clips", "/crowd-events", "/badges", "/visitors", "/audit", "/login")
    events = "/api/v1.0/events"
    data = (
        events,
        f"{events}.csv",
        f"{events}/{ID}",
        PICTURE,
        f"{events}/{ID}/clip.mp4",
    )
    for address in (*pages, *data):
        answer = person.get(address, buffered=True)
        assert answer.cache_control.no_store, address
        assert answer.cache_control.private, address
    for address in (*data, "/metrics", "/api/v1.0/mutes"):
        assert program.get(address, buffered=True).cache_control.no_store, address


@pytest.mark.usefixtures("event")
def test_the_log_out_clears_what_was_kept(web: Web) -> None:
    person = web.log_in(Role.VIEWER)
    answer = send(person, "/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert person.get(PICTURE).status_code == 401
