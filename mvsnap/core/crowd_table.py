"""Crowd rows as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvsnap.core import csv_table
from mvsnap.core.crowd_rows import CrowdRow

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
    return csv_table.csv_lines(COLUMNS, (map(_cells, page) for page in pages))


def _cells(row: CrowdRow) -> tuple[csv_table.Cell, ...]:
    event, end = row.event, row.end
    return (
        event.occurred_at,
        end.occurred_at if end else None,
        event.camera_name,
        event.serial,
        event.zone_name,
        event.zone_id,
        event.kind.value,
        row.people,
        row.peak,
        row.dwell_s,
        row.duration_s,
        row.muted_by,
        row.video_link,
    )
