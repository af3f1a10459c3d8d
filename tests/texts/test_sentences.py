"""Sentences that come with their values are found again, and said in German."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mvsnap import texts
from mvsnap.core.days import parse_day
from mvsnap.core.passwords import parse_password
from mvsnap.errors import BadInput
from mvsnap.status.work import cleaning_row, given_up_row, queue_row
from mvsnap.texts.sentences import SENTENCES, localized
from mvsnap.web.filters import one_of, plain, whole_number

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SAID = {
    "Disk of pi-3": "Datenträger von pi-3",
    "Disk (0a1b)": "Datenträger (0a1b)",
    "Disk": "Datenträger",
    "Clock": "Uhr",
    "name: 'x' (expected one of: a, b)": "name: 'x' (erwartet: eins von: a, b)",
    "Must be set.": "Must be set.",
    "Too short (expected at least 12 characters).": (
        "Zu kurz (erwartet: mindestens 12 Zeichen)."
    ),
    "Line: Clip": "Line: Clip",
}


@pytest.mark.parametrize(("said", "german"), SAID.items(), ids=SAID)
def test_a_sentence_is_said_in_german_with_its_values(said: str, german: str) -> None:
    assert localized(said) == said
    texts.use("de")
    assert localized(said) == german


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_is_found_again(sentence: str) -> None:
    texts.use("de")
    said = re.sub(r"%\(\w+\)s", "7", sentence)
    assert localized(said) != said or texts.gettext(sentence) == sentence


def wrong(read: Callable[[], object]) -> str:
    with pytest.raises(BadInput) as caught:
        read()
    return caught.value.message


def test_what_the_site_says_is_among_them() -> None:
    said = [
        queue_row(3, 9, None, NOON).text,
        given_up_row(2).text,
        cleaning_row({"clips": "x"}).text,
        wrong(lambda: one_of("x", ("a", "b"))),
        wrong(lambda: whole_number(1, 3)("x")),
        wrong(lambda: plain("\0")),
        wrong(lambda: parse_day("x")).removeprefix("day: "),
        wrong(lambda: parse_password("x")).removeprefix("password: "),
    ]
    texts.use("de")
    assert [one for one in said if localized(one) == one] == []


def test_a_long_text_is_not_searched() -> None:
    texts.use("de")
    said = f"Disk of {'x' * 2000}"
    assert localized(said) == said


@pytest.mark.parametrize(
    "foreign",
    [
        "Name or service not known",
        "Meraki forbids this to the API key (403)",
        "Door to the yard",
        "it received too many messages",
        "it repeats itself or counts up or down it repeats itself or counts up or down",
    ],
)
def test_what_only_looks_like_a_sentence_stays(foreign: str) -> None:
    texts.use("de")
    assert localized(foreign) == foreign


def test_a_sentence_within_itself_takes_no_time() -> None:
    texts.use("de")
    assert "x" in localized("Held: " * 150 + "x")
