"""Badge events as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from mvsnap.clock import iso
from mvsnap.core.badges import BadgeEvent
from mvsnap.core.event_table import harmless

COLUMNS = (
    "swiped_at",
    "user_id",
    "person",
    "department",
    "reader",
    "serial",
    "verdict",
    "note",
    "judged_at",
    "judged_by",
    "picture",
    "video_link",
    "details",
    "source",
    "id",
)


def csv_lines(pages: Iterable[Iterable[BadgeEvent]]) -> Iterator[str]:
    """Yield the heading, then one text for each page."""
    yield _csv([COLUMNS])
    for page in pages:
        yield _csv(map(_cells, page))


def _cells(badge: BadgeEvent) -> tuple[str, ...]:
    details = json.dumps(badge.details, ensure_ascii=False) if badge.details else ""
    cells = (
        iso(badge.swiped_at),
        badge.user_id,
        badge.person,
        badge.department,
        badge.reader,
        badge.serial or "",
        badge.verdict,
        badge.note,
        iso(badge.judged_at) if badge.judged_at else "",
        badge.judged_by,
        badge.picture,
        badge.video_link or "",
        details,
        badge.source,
        badge.id,
    )
    return tuple(harmless(cell) for cell in cells)


def _csv(rows: Iterable[tuple[str, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
