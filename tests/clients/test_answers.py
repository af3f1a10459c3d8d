from __future__ import annotations

import pytest

from mvsnap.clients import answers
from tests.clients.fakes import NOON


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("7", 7.0, id="whole seconds"),
        pytest.param(" 1.5 ", 1.5, id="a fraction"),
        pytest.param("0", 0.0, id="zero"),
        pytest.param("-3", 0.0, id="negative"),
        pytest.param("86400", 3600.0, id="a day is cut to an hour"),
        pytest.param("inf", 3600.0, id="infinite"),
        pytest.param("Wed, 04 Mar 2026 12:00:30 GMT", 30.0, id="HTTP date"),
        pytest.param("Wed, 04 Mar 2026 11:00:00 GMT", 0.0, id="date gone by"),
        pytest.param("rand(30),add(30)", None, id="garbage seen from Webex"),
        pytest.param("nan", None, id="not a number"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="missing"),
    ],
)
def test_retry_after_is_read_with_tolerance(
    header: str | None, seconds: float | None
) -> None:
    assert answers.retry_after_s(header, NOON) == seconds


def test_words_of_a_service_lose_links_secrets_and_length() -> None:
    said = answers.clean("see https://x.example/a\nfor key-1 " + "x" * 999, "key-1")
    assert said.startswith("see [link] for [secret] xxx")
    assert len(said) == 300
