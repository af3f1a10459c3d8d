"""The guard at 23:00: the shift over midnight, one slip undone, the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import DirectoryState, PhotoRequest
from mvsnap.clock import SystemClock
from mvsnap.domain import Role
from mvsnap.simulator.directory import portrait_of
from mvsnap.simulator.server import serve
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.badges.build import badge
from tests.badges.page_build import add_picture
from tests.servers.visitor import log_in
from tests.walks.walk import look, on_each_screen, walker
from tests.web.build import GATE, PASSWORD, Web

BERLIN = ZoneInfo("Europe/Berlin")
LATE = datetime(2026, 6, 8, 23, tzinfo=BERLIN).astimezone(UTC)
NAMES = ("Anna Berg", "Ben Okafor", "Carla Weiss", "Dev Patel")


class Late(SystemClock):
    def now(self) -> datetime:
        return LATE


@pytest.fixture
def web(tmp_path: Path) -> Web:
    badges = {"camera_of_reader": {"Gate": GATE}, "mismatch_room": "Alarms"}
    site = {"name": "Harbour", "timezone": BERLIN.key}
    made = Web(tmp_path, clock=Late(), site=site, badges=badges)
    made.add_user("gil", Role.REVIEWER)
    people = [
        Cardholder(str(n), name, "Night", f"{n}.jpg") for n, name in enumerate(NAMES)
    ]
    made.directory.replace(
        DirectoryState("people.csv", "1", LATE, len(people), 0, Reason("")), people
    )
    for n, person in enumerate(people):
        at = LATE - timedelta(minutes=12 * n + 5)
        one = replace(badge(user_id=person.user_id, now=at), swiped_at=at)
        made.badges.add([one])
        add_picture(made, one)
        # The first one carries the badge of somebody else.
        photo = made.files.save_photo(portrait_of("a stranger" if n == 0 else str(n)))
        made.directory.keep_photo(PhotoRequest(person.user_id, f"{n}.jpg"), photo)
    return made


@on_each_screen
def test_the_guard(web: Web, size: tuple[int, int]) -> None:
    with serve(web.app) as url, walker(size) as page:
        page.clock.install()  # there is all the time for Undo
        page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
        log_in(page, f"{url}/badges", "gil", PASSWORD)
        look(page, "badges")
        page.get_by_text("Shift, department").click()
        page.get_by_label("Hours begin").select_option("22:00")
        page.get_by_label("Hours end").select_option("06:00")
        page.get_by_role("button", name="Show").click()
        page.get_by_text("4 badge events, 4 open").wait_for()
        page.get_by_role("link", name="Review open events").click()
        page.get_by_text("1 of 4").wait_for()
        look(page, "review")
        first = page.url.partition("?")[0]
        page.get_by_role("button", name="Match", exact=False).first.click()
        page.get_by_text("2 of 4").wait_for()
        page.get_by_role("button", name="Undo (").click()
        page.get_by_text("is open again").wait_for()
        assert page.url.partition("?")[0] == first
        page.get_by_role("button", name="Mismatch").click()
        for _ in NAMES[1:]:
            page.get_by_role("button", name="Undo (").wait_for()
            page.get_by_role("button", name="Match", exact=False).first.click()
        page.get_by_role("heading", name="That was the last one.").wait_for()
        look(page)
        page.get_by_role("link", name="Hand-over report").click()
        page.get_by_role("heading", name="Mismatch").wait_for()
        assert "Anna Berg" in look(page, "hand-over")
