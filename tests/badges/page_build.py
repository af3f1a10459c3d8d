"""The badge pages for tests: what is on them, and what a reviewer does there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask.testing import FlaskClient

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import DirectoryState
from mvsnap.badges.model import BadgeEvent
from mvsnap.simulator.directory import portrait_of
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.badges.build import badge
from tests.web.build import Web, send

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = "/badges"
TABLE = "/badges.csv"


def add(web: Web, minutes_ago: float = 10, **given: Any) -> BadgeEvent:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    made = replace(badge(now=datetime.now(UTC), **given), swiped_at=at)
    web.badges.add([made])
    return made


def add_picture(web: Web, made: BadgeEvent) -> None:
    jpeg = portrait_of("camera")
    path = web.files.save_picture("badges", made.id, made.swiped_at, jpeg)
    web.badge_pictures.fetched(made.id, path, "https://n1.meraki.com/video?ts=1")


def add_people(
    web: Web, *people: Cardholder, error: str = "", mistakes: int = 0
) -> None:
    now = datetime.now(UTC)
    state = DirectoryState("people.csv", "1", now, len(people), mistakes, Reason(error))
    web.directory.replace(state, people)


def listed(client: FlaskClient, query: str = "") -> list[str]:
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 200, answer.text
    return re.findall(r'<tr role="row" id="badge-([^"]+)"', answer.text)


def words(html: str) -> str:
    """Return what a person reads."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split()).replace("&#39;", "'")


def judge(client: FlaskClient, made: BadgeEvent, verdict: str, **fields: str) -> Any:
    query = fields.pop("query", "")
    url = f"{PAGE}/{made.id}/verdict?{query}"
    return send(client, url, verdict=verdict, **fields)


def press(page: Page, key: str) -> None:
    """Press a key that leads to another page, and wait until that one is there."""
    before = page.url
    page.keyboard.press(key)
    page.wait_for_url(lambda url: url != before, wait_until="load")
