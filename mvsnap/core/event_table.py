"""The columns of events as CSV. Pure."""

from __future__ import annotations

from mvsnap.core.csv_table import Columns
from mvsnap.domain import Event

EVENT_COLUMNS: Columns[Event] = (
    ("occurred_at", lambda event: event.occurred_at),
    ("kind", lambda event: event.kind),
    ("serial", lambda event: event.serial),
    ("camera_name", lambda event: event.camera_name),
    ("title", lambda event: event.title),
    ("trigger_kind", lambda event: event.trigger.kind),
    ("trigger_by", lambda event: event.trigger.by),
    ("video_link", lambda event: event.video_link),
    ("error", lambda event: event.error),
    ("id", lambda event: event.id),
    ("job_id", lambda event: event.job_id),
)
