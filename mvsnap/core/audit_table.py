"""Lines of the audit log as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from mvsnap.clock import iso
from mvsnap.core.event_table import harmless
from mvsnap.domain import Change

COLUMNS = ("at", "who", "what", "before", "after")


def csv_lines(pages: Iterable[Iterable[Change]]) -> Iterator[str]:
    """Yield the heading, then one text for each page of changes."""
    yield _csv([COLUMNS])
    for page in pages:
        yield _csv(map(_cells, page))


def _cells(change: Change) -> tuple[str, ...]:
    texts = (iso(change.at), change.who, change.what, change.before, change.after)
    return tuple(harmless(text) for text in texts)


def _csv(rows: Iterable[tuple[str, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
