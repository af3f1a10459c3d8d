"""The hour that the clocks show twice, and the one that they leave out."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mvsnap.badges import csv_import
from mvsnap.badges.csv_import import Reading
from mvsnap.badges.model import Swipe
from mvsnap.core.csv_reader import BadRow

NOW = datetime(2026, 7, 5, tzinfo=UTC)


def read(*rows: str, zone: str = "Europe/Berlin") -> list[Swipe | BadRow]:
    """Rows are times, or time,badge,reader."""
    lines = [row if "," in row else f"{row},1,Gate" for row in rows]
    how = Reading(ZoneInfo(zone), NOW, {})
    return list(csv_import.read(["time,badge,door\n", *map("{}\n".format, lines)], how))


def times(*rows: str, zone: str = "Europe/Berlin") -> list[str]:
    """Return the times in UTC, "line n" for a refused line."""
    return [
        f"line {row.line}" if isinstance(row, BadRow) else f"{row.swiped_at:%H:%M}"
        for row in read(*rows, zone=zone)
    ]


NIGHT = [f"2025-10-26 {at}" for at in ("01:50", "02:10", "02:50", "02:20", "03:05")]
IN_UTC = ["23:50", "00:10", "00:50", "01:20", "02:05"]


def test_the_order_of_lines_tells_which_hour_it_was() -> None:
    assert times(*NIGHT) == IN_UTC
    assert times(*NIGHT[::-1]) == IN_UTC[::-1]
    assert times(*NIGHT[:4]) == IN_UTC[:4]
    assert times(*NIGHT[1:]) == IN_UTC[1:]


def test_a_person_at_the_same_minute_of_both_hours_comes_twice() -> None:
    found = read(
        *("2025-10-26 01:10", "2025-10-26 02:30,2,Gate", "2025-10-26 02:40"),
        *("2025-10-26 02:30,2,Gate", "2025-10-26 03:10"),
    )
    ids = [row.id for row in found if isinstance(row, Swipe)]
    assert len(set(ids)) == 5


@pytest.mark.parametrize(
    "rows",
    [
        ["2025-10-26 02:10"],
        ["2025-10-26 02:10", "2025-10-26 02:50"],
        ["2025-10-26 01:50", "2025-10-26 02:10", "2025-10-26 03:50"],
        ["2025-10-26 02:50", "2025-10-26 02:10"],
        [
            "2025-10-26 01:00",
            "2025-10-26 02:50",
            "2025-10-26 02:10",
            "2025-10-25 01:00",
        ],
        [f"2025-10-26 {at}" for at in ("01:00", "02:50", "02:10", "02:40", "02:20")],
        # Sorted by reader, then by person.
        [f"2025-10-26 {row}" for row in ("01:00,1,A", "02:50,2,A", "02:10,1,B")],
        [f"2025-10-26 {row}" for row in ("01:00,1,A", "02:50,1,A", "02:10,2,A")],
    ],
)
def test_where_the_order_does_not_tell_the_doubtful_lines_are_refused(
    rows: list[str],
) -> None:
    doubtful = {n for n, row in enumerate(rows, start=2) if "10-26 02:" in row}
    bad = [row for row in read(*rows) if isinstance(row, BadRow)]
    assert {row.line for row in bad} == doubtful
    assert all("clocks of Europe/Berlin twice" in row.why for row in bad)
    assert len(read(*rows)) == len(rows)


def test_an_offset_or_the_short_name_of_the_zone_tells() -> None:
    assert times("2025-10-26 02:10+01:00", "2025-10-26 02:10 CEST") == [
        "01:10",
        "00:10",
    ]
    assert times("2025-10-26 02:10 CET", "2025-10-26 02:10 MET") == ["01:10", "line 3"]


def test_nights_of_two_years_are_apart() -> None:
    before = [row.replace("2025-10-26", "2024-10-27") for row in NIGHT]
    assert times(*before, *NIGHT) == IN_UTC * 2
    assert times(*before[1:4], *NIGHT[1:4]) == IN_UTC[1:4] * 2


@pytest.mark.parametrize(
    ("zone", "never"),
    [
        ("Europe/Berlin", "2026-03-29 02:30"),
        ("America/New_York", "2026-03-08 02:30"),
        ("Australia/Lord_Howe", "2025-10-05 02:15"),
        ("Pacific/Apia", "2011-12-30 12:00"),
    ],
)
def test_a_time_that_never_was_is_refused(zone: str, never: str) -> None:
    (bad,) = read(never, zone=zone)
    assert isinstance(bad, BadRow)
    assert f"{never!r} never was on the clocks of {zone}" in bad.why


def test_half_an_hour_can_come_twice() -> None:
    day = "2026-04-05"
    rows = [f"{day} {at}" for at in ("01:20", "01:50", "01:35", "02:05")]
    assert times(*rows, zone="Australia/Lord_Howe") == [
        "14:20",
        "14:50",
        "15:05",
        "15:35",
    ]
    assert times(rows[1], zone="Australia/Lord_Howe") == ["line 2"]


def test_zones_without_a_change_have_no_doubts() -> None:
    assert times("2025-10-26 02:10", zone="UTC") == ["02:10"]
    assert times("2025-10-26 02:10", zone="Asia/Tokyo") == ["17:10"]
