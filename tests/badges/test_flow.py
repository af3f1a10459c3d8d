"""The guard's morning: import a file, review ten people by keyboard, post a mismatch.

All of it is real but the clouds and the directory.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mvsnap.simulator.directory import NAMES, FakeDirectory
from mvsnap.simulator.server import serve
from tests.badges.page_build import press
from tests.cli.run import mvsnap
from tests.gateway import Clouds, Gateway, clouds, gateway
from tests.servers.processes import wait_until
from tests.servers.visitor import PHONE, log_in, visitor

if TYPE_CHECKING:
    pass

PASSWORD = "a-password-for-the-tests"
ROOM = "Site B - Alarms"
ROWS, JUDGED = 1000, 10


@dataclass
class Site:
    folder: Path
    clouds: Clouds
    gateway: Gateway
    directory_url: str

    def rows(self, query: str, *values: Any) -> list[Any]:
        path = self.folder / "data" / "mvsnap.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()

    def import_file(self) -> str:
        return run(self.folder, "badges", "import", "yesterday.csv")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with clouds() as made, serve(FakeDirectory().app()) as directory_url:
        cameras = {"Gate": made.serials[0], "Reception": made.serials[1]}
        badges = {
            "camera_of_reader": cameras,
            "directory": f"{directory_url}/people.json",
            "photo_hosts": [urlsplit(directory_url).netloc],
            "directory_url": f"{directory_url}/people/{{user_id}}",
            "mismatch_room": ROOM,
        }
        write_file(tmp_path / "yesterday.csv")
        with gateway(tmp_path, made.settings(badges=badges)) as running:
            run(tmp_path, *add_user("guard", "reviewer"), stdin=f"{PASSWORD}\n")
            run(tmp_path, *add_user("visitor", "viewer"), stdin=f"{PASSWORD}\n")
            yield Site(tmp_path, made, running, directory_url)


def write_file(path: Path) -> None:
    begin = datetime.now(UTC) - timedelta(days=1)
    with path.open("w", encoding="utf-16", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Event time", "Badge", "Door", "Result"))
        for n in range(ROWS):
            at = begin + timedelta(seconds=30 * n)
            reader = ("Gate", "Reception")[n % 2]
            person = NAMES[n % len(NAMES)][0]
            writer.writerow((at.isoformat(timespec="seconds"), person, reader, "ok"))


def run(folder: Path, *args: str, stdin: str = "") -> str:
    said = mvsnap(folder, *args, stdin=stdin)
    assert said.code == 0, said.err
    return said.out


def add_user(name: str, role: str) -> tuple[str, ...]:
    return ("users", "add", name, "--role", role, "--password-file", "-")


def test_a_thousand_rows_are_imported_and_ten_reviewed_by_keyboard(site: Site) -> None:
    assert f"{ROWS} new badge events" in site.import_file()
    assert f"0 new badge events, {ROWS} duplicates" in site.import_file()
    fetched = "select count(*) from badges where picture = 'fetched'"
    wait_until(lambda: site.rows(fetched)[0][0] >= 12, "pictures come", limit_s=60)
    newest = "select id from badges order by swiped_at desc, id desc limit ?"
    with visitor() as page:
        log_in(page, f"{site.gateway.url}/badges", "guard", PASSWORD)
        assert "1,000 badge events, 1,000 open" in page.locator("main").inner_text()
        page.get_by_role("link", name="Review open events").click()
        page.locator("iframe.review-frame").wait_for()
        frame = page.frame_locator("iframe.review-frame")
        assert frame.locator("h1").inner_text().startswith("David Okafor")
        page.keyboard.press("n")
        page.keyboard.type("another person: mxu")
        page.keyboard.press("Enter")
        for key in "xmmumm":
            press(page, key)
        press(page, "ArrowLeft")
        press(page, "j")
        for key in "mmmm":
            press(page, key)
    ids = [row[0] for row in site.rows(newest, JUDGED)]
    judged = site.rows(
        "select badge_id, verdict, note, judged_by from judgements order by id"
    )
    assert [row[0] for row in judged] == ids
    verdicts = ["mismatch", "match", "match", "unsure", *["match"] * 6]
    assert [row[1] for row in judged] == verdicts
    assert judged[0][2:] == ("another person: mxu", "guard")
    wait_until(lambda: bool(site.clouds.webex.messages), "the room is told", limit_s=60)
    (message,) = site.clouds.webex.messages
    assert "Badge mismatch" in message.markdown
    assert "**David Okafor** (4714)" in message.markdown
    assert "Note: another person: mxu" in message.markdown


def test_a_viewer_cannot_judge_and_without_login_there_is_no_picture(
    site: Site,
) -> None:
    site.import_file()
    one = "select id from badges where picture = 'fetched' limit 1"
    wait_until(lambda: bool(site.rows(one)), "a picture comes", limit_s=60)
    (badge_id,) = site.rows(one)[0]
    picture = f"{site.gateway.url}/badges/{badge_id}/picture.jpg"
    with visitor(PHONE) as page:
        log_in(page, f"{site.gateway.url}/badges/{badge_id}", "visitor", PASSWORD)
        assert page.locator("#judge").count() == 0
        page.keyboard.press("m")
        seen = page.goto(picture)
        assert seen is not None
        assert seen.headers["content-type"] == "image/jpeg"
        page.goto(f"{site.gateway.url}/badges")
        page.get_by_label("Menu").click()
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Password").wait_for()
        out = page.goto(picture)
        assert out is not None
        assert out.headers["content-type"].startswith("text/html")
        assert "/login" in page.url
    assert site.rows("select count(*) from judgements") == [(0,)]
