from __future__ import annotations

import csv
import io

from mvsnap.core.csv_table import Cell, Columns, csv_lines
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


def test_no_text_becomes_a_formula() -> None:
    texts = ("=1+1", "+1", "-1", "@x", "\t=1", "plain")
    (_, page) = csv_lines(ONE, [texts])
    cells = [row[0] for row in csv.reader(io.StringIO(page, newline=""))]
    assert cells == [*(f"'{text}" for text in texts[:-1]), "plain"]


def test_no_text_becomes_a_formula_where_semicolons_part_cells() -> None:
    (_, page) = csv_lines(ONE, [["Door;=1+1", "a; b;c"]])
    cells = [row[0] for row in csv.reader(io.StringIO(page, newline=""))]
    assert cells == ["Door;'=1+1", "a; b;c"]
