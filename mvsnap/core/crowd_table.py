"""The columns of crowd rows as CSV. Pure."""

from __future__ import annotations

from mvsnap.core.crowd_rows import CrowdRow
from mvsnap.core.csv_table import Columns

CROWD_COLUMNS: Columns[CrowdRow] = (
    ("began", lambda row: row.event.occurred_at),
    ("ended", lambda row: row.end.occurred_at if row.end else None),
    ("camera", lambda row: row.event.camera_name),
    ("serial", lambda row: row.event.serial),
    ("zone", lambda row: row.event.zone_name),
    ("zone_id", lambda row: row.event.zone_id),
    ("kind", lambda row: row.event.kind.value),
    ("people", lambda row: row.people),
    ("peak", lambda row: row.peak),
    ("dwell_s", lambda row: row.dwell_s),
    ("duration_s", lambda row: row.duration_s),
    ("muted_by", lambda row: row.muted_by),
    ("video_link", lambda row: row.video_link),
)
