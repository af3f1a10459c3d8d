"""Crowd rows as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from mvsnap.clock import iso
from mvsnap.core.crowd_rows import CrowdRow
from mvsnap.core.event_table import harmless

COLUMNS = (
    "began",
    "ended",
    "camera",
    "serial",
    "zone",
    "zone_id",
    "kind",
    "people",
    "peak",
    "dwell_s",
    "duration_s",
    "muted_by",
    "video_link",
)


def csv_lines(pages: Iterable[Iterable[CrowdRow]]) -> Iterator[str]:
    """Yield the heading, then one text for each page; safe to open in a spreadsheet."""
    yield _csv([COLUMNS])
    for page in pages:
        yield _csv(map(_cells, page))


def _cells(row: CrowdRow) -> tuple[str | int | float, ...]:
    event, end = row.event, row.end
    cells = (
        iso(event.occurred_at),
        iso(end.occurred_at) if end else "",
        event.camera_name,
        event.serial,
        event.zone_name,
        event.zone_id or "",
        event.kind.value,
        row.people,
        row.peak,
        row.dwell_s,
        row.duration_s,
        row.muted_by,
        row.video_link,
    )
    # Numbers stay numbers: the level of a noise begins with a minus.
    return tuple(_cell(cell) for cell in cells)


def _cell(value: str | float | None) -> str | float:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else value


def _csv(rows: Iterable[tuple[str | int | float, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
