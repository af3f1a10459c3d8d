from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.core.csv_table import Cell, Columns, csv_lines, harmless
from tests.core.build import NOON

ONE: Columns[str] = (("a", lambda text: text),)


def test_a_table_has_its_heading_and_a_text_for_each_page() -> None:
    pages: list[list[tuple[Cell, Cell]]] = [[(NOON, 1), (NOON, -2.5)], [(None, 3)]]
    lines = list(csv_lines((("at", lambda r: r[0]), ("n", lambda r: r[1])), pages))
    assert lines == [
        "at,n\r\n",
        "2026-03-04T12:00:00.000Z,1\r\n2026-03-04T12:00:00.000Z,-2.5\r\n",
        ",3\r\n",
    ]
    assert list(csv_lines(ONE, [])) == ["a\r\n"]


# Source: OWASP, "CSV Injection": these first characters, the wide forms too.
@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+49 30", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"),
        *("＝1", "＋1", "－1", "＠A"),
    ],
)
def test_no_text_becomes_a_formula(text: str) -> None:
    (_, page) = csv_lines(ONE, [[text]])
    (row,) = csv.reader(io.StringIO(page, newline=""))
    assert row == [f"'{text}"]


@pytest.mark.parametrize("text", ["", "Gate", "1-2", "a=b", "'x'"])
def test_a_plain_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back_from_a_table(text: str) -> None:
    (_, page) = csv_lines((*ONE, *ONE), [[text]])
    (row,) = csv.reader(io.StringIO(page, newline=""))
    assert row == [harmless(text)] * 2


def test_no_text_becomes_a_formula_where_semicolons_part_cells() -> None:
    (_, page) = csv_lines(ONE, [["Door;=1+1", "a; b;c"]])
    cells = [row[0] for row in csv.reader(io.StringIO(page, newline=""))]
    assert cells == ["Door;'=1+1", "a; b;c"]
