from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.core.csv_table import csv_lines, harmless
from mvsnap.core.event_table import EVENT_COLUMNS
from mvsnap.domain import Event, Trigger, TriggerKind
from tests.core.build import event


def table(*pages: list[Event]) -> list[dict[str, Any]]:
    text = "".join(csv_lines(EVENT_COLUMNS, pages))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_heading_comes_even_without_events() -> None:
    heading = ",".join(name for name, _ in EVENT_COLUMNS)
    assert list(csv_lines(EVENT_COLUMNS, [])) == [heading + "\r\n"]


def test_a_row_holds_the_event() -> None:
    (row,) = table([event(camera_name='Gate "N"', title="a, b", error="offline")])
    assert row["occurred_at"] == "2026-03-04T12:00:00.000Z"
    assert row["camera_name"] == 'Gate "N"'
    assert row["title"] == "a, b"
    assert (row["trigger_kind"], row["trigger_by"]) == ("http", "button")
    assert (row["video_link"], row["error"]) == ("", "offline")


def test_pages_become_one_table() -> None:
    first, second, third = event(), event(), event()
    rows = table([first, second], [third])
    assert [row["id"] for row in rows] == [first.id, second.id, third.id]


# Source: OWASP, "CSV Injection": these first characters, the wide forms too.
@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 30",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠A",
    ],
)
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str) -> None:
    (row,) = table([event(title=text)])
    assert row["title"] == f"'{text}"


@pytest.mark.parametrize("text", ["", "Gate", "1-2", "a=b", "'x'"])
def test_a_plain_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


texts = st.text(st.characters(codec="utf-8"))


@given(title=texts, name=texts, by=texts)
def test_any_texts_come_back_from_the_table(title: str, name: str, by: str) -> None:
    happened = event(
        title=title, camera_name=name, trigger=Trigger(TriggerKind.HTTP, by)
    )
    (row,) = table([happened])
    found = (row["title"], row["camera_name"], row["trigger_by"])
    assert found == (harmless(title), harmless(name), harmless(by))
