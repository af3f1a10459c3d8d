"""One visit, two visits."""

from __future__ import annotations

import pytest

from mvsnap.core.amounts import amount, noun


@pytest.mark.parametrize(
    ("number", "words", "shown"),
    [
        (0, ("visit",), "0 visits"),
        (1, ("visit",), "1 visit"),
        (2000, ("visit",), "2,000 visits"),
        (1, ("person", "people"), "1 person"),
        (11, ("person", "people"), "11 people"),
    ],
)
def test_a_number_has_its_noun(number: int, words: tuple[str, ...], shown: str) -> None:
    assert amount(number, *words) == shown


def test_the_number_may_be_a_text() -> None:
    assert [noun(shown, "event") for shown in ("1", "10,000+")] == ["event", "events"]
