"""The columns of the visitors' tables as CSV."""

from __future__ import annotations

from datetime import datetime

from mvsnap.core.csv_table import Columns
from mvsnap.visitors.zone_hours import HourRow
from mvsnap.visitors.zone_rows import VisitorRow


def visitor_columns(since: datetime, until: datetime) -> Columns[VisitorRow]:
    """Return the columns of the zones in a period; each row includes the period."""
    return (
        ("since", lambda _row: since),
        ("until", lambda _row: until),
        ("camera", lambda row: row.camera),
        ("serial", lambda row: row.serial),
        ("zone", lambda row: row.zone),
        ("zone_id", lambda row: row.zone_id),
        ("kind", lambda row: row.kind.value),
        ("entrances", lambda row: row.entrances),
        ("average_people", lambda row: row.average),
        ("people_seen_at_once", lambda row: row.people),
        ("people_seen_last", lambda row: row.seen_at),
        (
            "entrances_so_far",
            lambda row: row.compared.so_far if row.compared else None,
        ),
        ("entrances_before", lambda row: row.compared.before if row.compared else None),
        ("change_percent", lambda row: row.change),
    )


ZONE_HOUR_COLUMNS: Columns[HourRow] = (
    ("began", lambda row: row.hour.span[0]),
    ("ended", lambda row: row.hour.span[1]),
    ("entrances", lambda row: row.hour.counted.entrances if row.hour.counted else None),
    (
        "average_people",
        lambda row: row.hour.counted.average_people if row.hour.counted else None,
    ),
    (
        "people_seen_at_once",
        lambda row: row.hour.seen.people if row.hour.seen else None,
    ),
    ("busiest_minute", lambda row: row.hour.busiest_at),
    (
        "busiest_average_people",
        lambda row: row.busiest.busiest_people if row.busiest else None,
    ),
    (
        "busiest_entrances",
        lambda row: row.busiest.busiest_entrances if row.busiest else None,
    ),
    ("picture", lambda row: row.picture.state.value if row.picture else None),
    ("video_link", lambda row: row.picture.video_link if row.picture else None),
)
