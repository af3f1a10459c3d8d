"""Events as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvsnap.core import csv_table
from mvsnap.domain import Event

COLUMNS = (
    "occurred_at",
    "kind",
    "serial",
    "camera_name",
    "title",
    "trigger_kind",
    "trigger_by",
    "video_link",
    "error",
    "id",
    "job_id",
)


def csv_lines(pages: Iterable[list[Event]]) -> Iterator[str]:
    """Yield the heading, then one text for each page of events."""
    return csv_table.csv_lines(COLUMNS, (map(_cells, page) for page in pages))


def _cells(event: Event) -> tuple[csv_table.Cell, ...]:
    return (
        event.occurred_at,
        event.kind,
        event.serial,
        event.camera_name,
        event.title,
        event.trigger.kind,
        event.trigger.by,
        event.video_link,
        event.error,
        event.id,
        event.job_id,
    )
