from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mvsnap.core.days import (
    HoursOfDay,
    day_span,
    local_moment,
    shift_span,
    utc_offsets,
)
from mvsnap.errors import BadInput

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param("2026-03-29", 23, id="clocks go forward"),
        pytest.param("2026-10-25", 25, id="clocks go back"),
        pytest.param("2026-06-01", 24, id="any other day"),
    ],
)
def test_a_day_is_as_long_as_its_clocks_say(day: str, hours: int) -> None:
    since, until = day_span(day, BERLIN)
    assert until - since == timedelta(hours=hours)


def test_a_day_begins_at_local_midnight_in_utc() -> None:
    since, until = day_span(" 2026-03-29 ", BERLIN)
    assert since == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert until == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_where_midnight_is_left_out_the_day_begins_with_the_jump() -> None:
    """In Beirut clocks went from 0:00 to 1:00 on 2022-03-27."""
    since, until = day_span("2022-03-27", ZoneInfo("Asia/Beirut"))
    assert since == datetime(2022, 3, 26, 22, tzinfo=UTC)
    assert until - since == timedelta(hours=23)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30", "9999-12-31", "0001-01-01", "31.01.2026"]
)
def test_an_invalid_date_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput, match="^day: not a date"):
        day_span(text, BERLIN)


def test_a_time_without_offset_is_the_one_of_the_site() -> None:
    expected = datetime(2026, 7, 1, 6, 15, tzinfo=UTC)
    assert local_moment("until", "2026-07-01T08:15", BERLIN) == expected
    assert local_moment("until", "2026-07-01T06:15Z", BERLIN) == expected


@pytest.mark.parametrize("text", ["", "soon", "2026-07-01T25:00", "0001-01-01T00:00"])
def test_an_invalid_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput, match="^until: not a time"):
        local_moment("until", text, BERLIN)


@pytest.mark.parametrize(
    "name",
    ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"],
)
def test_offsets_are_those_of_the_clock_at_every_quarter(name: str) -> None:
    zone = ZoneInfo(name)
    since = datetime(2026, 2, 20, 7, 15, tzinfo=UTC)
    until = since + timedelta(days=280)
    changes = utc_offsets(since, until, zone)
    assert len(changes) == (1 if name in ("UTC", "Asia/Kathmandu") else 3)
    at_s, end_s = int(since.timestamp()), int(until.timestamp())
    for second in range(at_s, end_s, 900):
        offset_s = [known for from_s, known in changes if from_s <= second][-1]
        there = datetime.fromtimestamp(second, zone).utcoffset()
        assert there == timedelta(seconds=offset_s)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "day", "now", "begins", "ends"),
    [
        ((22, 6), "2026-06-01", "2026-07-01T12:00", "06-01T22:00", "06-02T06:00"),
        ((6, 14), "2026-06-01", "2026-07-01T12:00", "06-01T06:00", "06-01T14:00"),
        ((14, 24), "2026-06-01", "2026-07-01T12:00", "06-01T14:00", "06-02T00:00"),
        ((0, 6), "2026-06-01", "2026-07-01T12:00", "06-01T00:00", "06-01T06:00"),
        ((22, 6), None, "2026-06-01T23:00", "06-01T22:00", "06-02T06:00"),
        ((22, 6), None, "2026-06-02T03:00", "06-01T22:00", "06-02T06:00"),
        ((22, 6), None, "2026-06-02T21:59", "06-01T22:00", "06-02T06:00"),
        ((6, 14), None, "2026-06-02T05:00", "06-01T06:00", "06-01T14:00"),
        # The clocks go back in that night.
        ((22, 6), "2026-10-24", "2026-11-01T12:00", "10-24T22:00", "10-25T06:00"),
    ],
)
def test_a_shift_over_midnight_is_of_the_day_it_begins_on(
    hours: tuple[int, int], day: str | None, now: str, begins: str, ends: str
) -> None:
    some = HoursOfDay(*hours, BERLIN)
    of_day = date.fromisoformat(day) if day else None
    span = shift_span(of_day, some, local(now))
    assert span == (local(f"2026-{begins}"), local(f"2026-{ends}"))
