from __future__ import annotations

import csv
import io

from mvsnap.core.csv_table import csv_lines
from mvsnap.core.event_table import EVENT_COLUMNS
from tests.core.build import event


def test_a_row_holds_the_event() -> None:
    happened = event(camera_name='Gate "N"', title="a, b", error="offline")
    text = "".join(csv_lines(EVENT_COLUMNS, [[happened]]))
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["occurred_at"] == "2026-03-04T12:00:00.000Z"
    assert row["camera_name"] == 'Gate "N"'
    assert row["title"] == "a, b"
    assert (row["trigger_kind"], row["trigger_by"]) == ("http", "button")
    assert (row["video_link"], row["error"]) == ("", "offline")
