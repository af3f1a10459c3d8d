"""Tables as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from mvsnap.clock import iso
from mvsnap.core.event_table import harmless

Cell = str | int | float | datetime | None


def csv_lines(
    columns: Sequence[str], pages: Iterable[Iterable[Sequence[Cell]]]
) -> Iterator[str]:
    """Yield the heading, then one text for each page of rows.

    A moment is written in UTC, nothing as an empty cell; numbers stay numbers.
    """
    yield _csv([columns])
    for page in pages:
        yield _csv([_plain(cell) for cell in row] for row in page)


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return iso(cell)
    return harmless(cell) if isinstance(cell, str) else cell


def _csv(rows: Iterable[Sequence[str | int | float]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
