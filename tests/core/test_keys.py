from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mvsnap.core.keys import (
    RANDOM_BYTES,
    digest_of,
    lookup_of,
    parse_name,
    parse_overlap,
    secret_text,
)
from mvsnap.errors import BadInput

TEXT = secret_text(bytes(range(RANDOM_BYTES)))


def test_a_secret_has_a_form_that_scanners_find() -> None:
    assert re.fullmatch("mvsnap_[a-z2-7]{47}", TEXT)
    assert secret_text(bytes(RANDOM_BYTES)) != TEXT
    assert lookup_of(TEXT) == TEXT[7:15]
    assert len(digest_of(TEXT)) == 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "a",
        TEXT + "\n",
        TEXT.upper(),
        TEXT[:20] + ("a" if TEXT[20] != "a" else "b") + TEXT[21:],
        "mvsnap_" + "a" * 47,
        "mvsnap_" + "ä" * 47,
        "x" * 1_000_000,
    ],
    ids=[
        *("empty", "shorter", "longer", "line end", "case", "mistyped", "no checksum"),
        *("umlauts", "long"),
    ],
)
def test_what_is_no_secret_of_ours_is_not_looked_up(text: str) -> None:
    assert lookup_of(text) is None


@pytest.mark.parametrize("text", ["", "  ", "a" * 65, "a\nb", "a\0", "\u202ea"])
def test_a_bad_name_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="^name: "):
        parse_name(text)


def test_blanks_around_a_name_do_not_count() -> None:
    assert parse_name(" Line 3 / PLC ä ") == "Line 3 / PLC ä"


@pytest.mark.parametrize("text", ["", "-1", "1.5", "721", "²", "9" * 5000, "1 h"])
def test_a_bad_overlap_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="^overlap: "):
        parse_overlap(text)


def test_an_overlap_is_in_hours() -> None:
    assert parse_overlap(" 720 ") == timedelta(days=30)
