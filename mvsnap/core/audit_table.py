"""Lines of the audit log as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvsnap.core import csv_table
from mvsnap.domain import Change

COLUMNS = ("at", "who", "what", "before", "after")


def csv_lines(pages: Iterable[Iterable[Change]]) -> Iterator[str]:
    """Yield the heading, then one text for each page of changes."""
    return csv_table.csv_lines(COLUMNS, (map(_cells, page) for page in pages))


def _cells(change: Change) -> tuple[csv_table.Cell, ...]:
    return change.at, change.who, change.what, change.before, change.after
