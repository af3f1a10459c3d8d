"""Tables as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from mvsnap.clock import iso

Row = TypeVar("Row")
Cell = str | int | float | datetime | None
# Each column's heading, and how to make its cell from a row.
Columns = Sequence[tuple[str, Callable[[Row], Cell]]]

# Some spreadsheets treat the wide forms like the plain ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where a comma is the decimal point, spreadsheets start a new cell at semicolons.
_CELL_WITHIN = re.compile(r"(?<=;)(?=[=+\-@＝＋－＠])")


def csv_lines(
    columns: Columns[Row], pages: Iterable[Iterable[Row]], zone: tzinfo = UTC
) -> Iterator[str]:
    """Yield the heading, then one text for each page of rows.

    A text that a spreadsheet would treat as a formula is defused. Moments are of the
    zone, with their offset; None is an empty cell; numbers stay numbers.
    """
    yield _csv([[name for name, _ in columns]])
    cells = [cell for _, cell in columns]
    for page in pages:
        yield _csv([_plain(cell(row), zone) for cell in cells] for row in page)


def harmless(text: str) -> str:
    """Prevent a spreadsheet from treating a text as a formula."""
    text = _CELL_WITHIN.sub("'", text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _plain(cell: Cell, zone: tzinfo) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return iso(cell, zone)
    return harmless(cell) if isinstance(cell, str) else cell


def _csv(rows: Iterable[Sequence[str | int | float]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
