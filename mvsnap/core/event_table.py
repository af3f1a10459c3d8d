"""Events as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from mvsnap.clock import iso
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


# The wide forms count as the plain ones in some spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_lines(pages: Iterable[list[Event]]) -> Iterator[str]:
    """Yield the heading, then one text for each page of events."""
    yield _csv([COLUMNS])
    for page in pages:
        yield _csv(_row(event) for event in page)


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _row(event: Event) -> tuple[str, ...]:
    values = (
        iso(event.occurred_at),
        event.kind,
        event.serial,
        event.camera_name,
        event.title,
        event.trigger.kind,
        event.trigger.by,
        event.video_link or "",
        event.error or "",
        event.id,
        event.job_id,
    )
    return tuple(harmless(value) for value in values)


def _csv(rows: Iterable[tuple[str, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
