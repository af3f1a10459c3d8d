"""The columns of badge events as CSV. Pure."""

from __future__ import annotations

import json

from mvsnap.badges.model import BadgeEvent
from mvsnap.core.csv_table import Columns

BADGE_COLUMNS: Columns[BadgeEvent] = (
    ("swiped_at", lambda badge: badge.swiped_at),
    ("user_id", lambda badge: badge.user_id),
    ("person", lambda badge: badge.person),
    ("department", lambda badge: badge.department),
    ("reader", lambda badge: badge.reader),
    ("serial", lambda badge: badge.serial),
    ("verdict", lambda badge: badge.verdict),
    ("note", lambda badge: badge.note),
    ("judged_at", lambda badge: badge.judged_at),
    ("judged_by", lambda badge: badge.judged_by),
    ("picture", lambda badge: badge.picture),
    ("video_link", lambda badge: badge.video_link),
    ("details", lambda badge: _details(badge)),
    ("source", lambda badge: badge.source),
    ("id", lambda badge: badge.id),
)


def _details(badge: BadgeEvent) -> str:
    return json.dumps(badge.details, ensure_ascii=False) if badge.details else ""
