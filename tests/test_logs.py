"""What is hidden in log lines without being known from the settings."""

from __future__ import annotations

import logging

import pytest

from mvsnap.core.keys import RANDOM_BYTES, secret_text
from mvsnap.logs.lines import TextLine

SECRET = secret_text(bytes(range(RANDOM_BYTES)))


@pytest.mark.parametrize(
    "text",
    [
        f"POST /webhook/{SECRET} failed",
        f"key {SECRET.upper()!r}",
        f"https://mv.example/webhook/{SECRET}/",
        f"?apikey={SECRET}&x=1",
    ],
)
def test_a_key_made_on_a_page_is_hidden_by_its_form(text: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, text, None, None)
    line = TextLine([]).format(record)
    assert SECRET[7:] not in line.lower()
    assert "[hidden]" in line
