"""Badge events as CSV, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from mvsnap.badges.model import BadgeEvent
from mvsnap.core import csv_table

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
    return csv_table.csv_lines(COLUMNS, (map(_cells, page) for page in pages))


def _cells(badge: BadgeEvent) -> tuple[csv_table.Cell, ...]:
    details = json.dumps(badge.details, ensure_ascii=False) if badge.details else ""
    return (
        badge.swiped_at,
        badge.user_id,
        badge.person,
        badge.department,
        badge.reader,
        badge.serial,
        badge.verdict,
        badge.note,
        badge.judged_at,
        badge.judged_by,
        badge.picture,
        badge.video_link,
        details,
        badge.source,
        badge.id,
    )
