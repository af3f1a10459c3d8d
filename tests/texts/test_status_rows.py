"""Guard: what the status says is in German, too, but what people named stays."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import pytest

from mvsnap import texts
from mvsnap.runtime.purge_guard import FORCE
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.services import outage_text, service_rows
from mvsnap.status.work import cleaning_row
from mvsnap.store.files.stray_pictures import STRAY_PICTURES
from mvsnap.store.sharing.processes import KnownProcess, ProcessReport, UpstreamState
from mvsnap.texts.reasons import said
from mvsnap.texts.sentences import localized
from mvsnap.texts.status_wordings import (
    CLOCK_NOT_SETTLED,
    DATA,
    MOST_WOULD_GO,
    STRAYS,
    VALID_UNTIL,
)
from mvsnap.texts.wordings import NO_CONNECTION, REQUEST_REFUSED
from mvsnap.upstreams import Upstream, service_name
from tests.texts.seen_in_german import english_words, left_in_english
from tests.texts.test_catalogue import catalogue

ENGLISH = english_words(catalogue("de"))
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
CLEANING = Path(__file__).parents[2] / "mvsnap/runtime/cleaning.py"
NAMED = ("Camera room", "meraki.api_key", "webex.bot_token", "purge --force")


def services(error: object) -> Iterator[StatusRow]:
    """Yield a row of each service that fails, and of a channel that people named."""
    names = [service_name(one) for one in Upstream if one is not Upstream.CHANNEL]
    names.append(service_name(Upstream.CHANNEL, "Camera room"))
    report = ProcessReport("one", "pi", "web", "1", "0a1b")
    process = KnownProcess(report, NOW - timedelta(hours=1), NOW, False, 0.0)
    states = [
        UpstreamState("one", name, NOW, NOW, NOW, error)  # type: ignore[arg-type]
        for name in names
    ]
    yield from service_rows(names, states, [process], NOW, timedelta(minutes=1))


def english(*shown: str) -> list[str]:
    page = "".join(f"<p>{escape(one)}</p>" for one in shown)
    return left_in_english(page, ENGLISH, NAMED)


@pytest.mark.parametrize("error", [NO_CONNECTION(limit_s=20), REQUEST_REFUSED(why="x")])
def test_a_service_that_fails_is_named_in_german(error: object) -> None:
    texts.use("de")
    rows = list(services(error))
    assert {row.health for row in rows} == {Condition.TROUBLE}
    assert english(*(row.shown_name for row in rows)) == []
    assert english(*(localized(outage_text(row)) for row in rows)) == []
    assert rows[-1].shown_name == "Kanal Camera room"


@pytest.mark.parametrize(
    ("group", "name", "german"),
    [
        (Group.MERAKI, "Entrance", "Entrance"),
        (Group.CAMERAS, "Status", "Status"),
        (Group.CAMERAS, "Recorder", "Rekorder"),
        (Group.SITE, "Clock of Entrance", "Uhr von Entrance"),
    ],
)
def test_what_people_named_stays(group: Group, name: str, german: str) -> None:
    texts.use("de")
    assert StatusRow(group, name, Condition.OK).shown_name == german


def kinds_of_data() -> Iterator[str]:
    for node in ast.walk(ast.parse(CLEANING.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name, first = getattr(node.func, "id", ""), node.args[0]
        if name in ("DataKind", "old", "ended") and isinstance(first, ast.Constant):
            yield str(first.value)


def test_every_kind_of_data_has_a_name_in_german() -> None:
    assert {*kinds_of_data(), STRAY_PICTURES} == DATA.keys()


LEAP = str(MOST_WOULD_GO(rows=900, all=1000, day="2026-11-21"))
STRAY = str(STRAYS(rows=25, all=25, folder="badges", mvsnap=".venv/bin/mvsnap"))


def test_what_is_not_removed_is_said_in_german() -> None:
    held = {
        "Clips": str(CLOCK_NOT_SETTLED()),
        "Events": str(CLOCK_NOT_SETTLED()),
        "Mutes": LEAP,
        STRAY_PICTURES: f"{STRAY}; {STRAY}",
    }
    text = cleaning_row(held).text
    assert text.startswith("Clips, Events: nothing is removed: the clock may be")
    assert LEAP.endswith(FORCE)
    texts.use("de")
    shown = said(text)
    assert shown.startswith("Clips, Ereignisse: Nichts wird entfernt: die Uhr geht")
    assert "zuletzt wurde am 21.11.2026 aufgeräumt" in shown
    assert english(shown) == []


def test_a_certificate_ends_on_a_day_as_written_in_german() -> None:
    texts.use("de")
    assert said(VALID_UNTIL(day="2026-12-13")) == "gültig bis 13.12.2026"
    assert said(VALID_UNTIL(day="some day")) == "valid until some day"


def test_what_another_release_wrote_stays() -> None:
    texts.use("de")
    text = cleaning_row({"Dust": "it is heavy"}).text
    assert said(text) == "Dust: Nichts wird entfernt: it is heavy"
