"""Numbers in messages: written as on pages, in the language of the site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvsnap import texts
from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import EventKind
from mvsnap.store.notices.groups import NoticeGroup
from mvsnap.values import replace
from tests.core import build
from tests.core.build import GATE, NOON

DETAILS = {
    "count": 1200,
    "window_s": 60,
    "type": "person",
    "event": "crossing_in",
    "limit": 1000,
    "stayed": 1500,
    "dwell_s": 60,
    "duration_s": 90,
    "peak": 2345,
    "unit": "people",
}


@pytest.fixture(params=["en", "de"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    texts.use(request.param)
    yield request.param
    texts.use("en")


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("crossing", ["1,200"]),
        ("crowd", ["1,000", "1,500"]),
        ("end", ["2,345"]),
        ("group", ["4,321"]),
        ("head", ["1,234"]),
        ("snapshot", ["1,234"]),
    ],
)
def test_large_numbers_have_separators(
    language: str, kind: str, numbers: list[str]
) -> None:
    said = shown(kind)
    for number in numbers:
        written = number if language == "en" else number.replace(",", ".")
        assert written in said
        assert number.replace(",", "") not in said


def test_a_fraction_is_written_in_the_language_of_the_site(language: str) -> None:
    said = shown("end", peak=71.5, unit="dB")
    assert ("71.5 dB" if language == "en" else "71,5 dB") in said
    said = shown("end", peak=70.0, unit="dB")
    assert "70 dB" in said


def shown(kind: str, **given: object) -> str:
    details = {**DETAILS, **given}
    job = replace(build.job(GATE, rooms=("Alarms",)), times=1234)
    event = build.event(kind=EventKind(kind if kind in set(EventKind) else "end"))
    event = replace(event, details=details)  # type: ignore[arg-type]
    group = NoticeGroup(*(job.id, "Alarms", GATE, NOON, 4321), NOON, NOON)
    facts = Facts(job, event, event, group=group)
    message = Message(KINDS[kind], GATE, "Alarms", facts)
    return MessageTemplates("Europe/Berlin", "").text(message, NOON, repeat=False)
