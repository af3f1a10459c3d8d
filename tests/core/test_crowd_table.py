from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

from mvsnap.core.crowd_rows import CrowdRow
from mvsnap.core.crowd_table import CROWD_COLUMNS
from mvsnap.core.csv_table import csv_lines
from mvsnap.domain import EventKind, ZoneId
from tests.core import build
from tests.core.build import GATE, NOON


def table(*rows: CrowdRow) -> list[dict[str, Any]]:
    text = "".join(csv_lines(CROWD_COLUMNS, [rows]))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_holds_the_crowd_its_end_and_its_video() -> None:
    raised = build.event(
        kind=EventKind.CROWD,
        camera_name="Gate",
        zone_id=ZoneId("7"),
        zone_name="Door",
        details={"people": 5, "dwell_s": 60.0, "muted_by": "anna"},
    )
    ended = build.event(
        kind=EventKind.END,
        occurred_at=NOON + timedelta(seconds=184),
        details={"of": raised.id, "peak": 7, "duration_s": 184.0},
    )
    picture = build.event(video_link="https://dashboard.example/video")
    (row,) = table(CrowdRow(raised, picture, ended))
    assert row == {
        "began": "2026-03-04T12:00:00.000Z",
        "ended": "2026-03-04T12:03:04.000Z",
        "camera": "Gate",
        "serial": GATE,
        "zone": "Door",
        "zone_id": "7",
        "kind": "crowd",
        "people": "5",
        "peak": "7",
        "dwell_s": "60.0",
        "duration_s": "184.0",
        "muted_by": "anna",
        "video_link": "https://dashboard.example/video",
    }


def test_the_peak_of_a_noise_stays_a_number_below_zero() -> None:
    noise = build.event(kind=EventKind.NOISE, details={"level_db": -18})
    ended = build.event(kind=EventKind.END, details={"of": noise.id, "peak": -11})
    (row,) = table(CrowdRow(noise, end=ended))
    assert (row["people"], row["peak"], row["ended"] != "") == ("", "-11", True)
