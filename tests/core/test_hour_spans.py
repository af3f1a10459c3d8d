from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mvsnap.core.hour_spans import HourSpan, WeeklyHours, next_within

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = range(7)
MON, FRI, SAT, SUN = 0, 4, 5, 6


def clock(text: str) -> time:
    return time.fromisoformat(text)


def hours(begin: str, until: str, days: object = EVERY_DAY) -> WeeklyHours:
    span = HourSpan(frozenset(days), clock(begin), clock(until))  # type: ignore[call-overload]
    return WeeklyHours((span,))


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "is_within"),
    [
        pytest.param("2026-06-01T07:59:59", False, id="a second before"),
        pytest.param("2026-06-01T08:00", True, id="at their begin"),
        pytest.param("2026-06-01T17:59:59", True, id="a second before the end"),
        pytest.param("2026-06-01T18:00", False, id="at their end"),
        pytest.param("2026-06-06T12:00", False, id="on a Saturday"),
    ],
)
def test_hours_of_weekdays(at: str, *, is_within: bool) -> None:
    office = hours("08:00", "18:00", range(5))
    assert ((local(at), BERLIN) in office) is is_within


@pytest.mark.parametrize(
    ("at", "is_within"),
    [
        pytest.param("2026-06-05T21:59", False, id="Friday, before"),
        pytest.param("2026-06-05T22:00", True, id="Friday night"),
        pytest.param("2026-06-06T00:00", True, id="midnight"),
        pytest.param("2026-06-06T05:59", True, id="Saturday, before it is over"),
        pytest.param("2026-06-06T06:00", False, id="Saturday, over"),
        pytest.param("2026-06-06T22:30", False, id="Saturday night is no Friday's"),
        pytest.param("2026-06-05T03:00", False, id="the night before was Thursday's"),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(
    at: str, *, is_within: bool
) -> None:
    assert ((local(at), BERLIN) in hours("22:00", "06:00", [FRI])) is is_within


def test_a_night_from_sunday_goes_into_the_next_week() -> None:
    night = hours("22:00", "06:00", [SUN])
    assert (local("2026-06-08T03:00"), BERLIN) in night
    assert (local("2026-06-09T03:00"), BERLIN) not in night


@pytest.mark.parametrize("at", ["00:00", "09:00", "23:59:59.999999"])
def test_the_same_time_twice_is_a_whole_day(at: str) -> None:
    whole = hours("00:00", "00:00", [SAT])
    assert (local(f"2026-06-06T{at}"), BERLIN) in whole
    assert (local(f"2026-06-05T{at}"), BERLIN) not in whole
    assert (local(f"2026-06-07T{at}"), BERLIN) not in whole


def test_any_of_several_spans_is_enough() -> None:
    both = WeeklyHours(
        (*hours("08:00", "12:00").spans, *hours("13:00", "17:00", [MON]).spans)
    )
    assert (local("2026-06-01T14:00"), BERLIN) in both
    assert (local("2026-06-02T14:00"), BERLIN) not in both
    assert both.next_begin(local("2026-06-01T12:30"), BERLIN) == local(
        "2026-06-01T13:00"
    )


def test_the_next_begin_may_be_a_week_away() -> None:
    monday = hours("08:00", "09:00", [MON])
    assert monday.next_begin(local("2026-06-01T08:00"), BERLIN) == local(
        "2026-06-08T08:00"
    )


# --- when the clocks change: 2026-03-29, 2:00 to 3:00, and 2026-10-25, 3:00 to 2:00


def test_a_time_that_is_left_out_is_the_moment_of_the_jump() -> None:
    jump = utc("2026-03-29T01:00")
    until = hours("22:00", "02:30")
    assert (jump - timedelta(seconds=1), BERLIN) in until
    assert (jump, BERLIN) not in until
    assert (jump, BERLIN) in hours("02:30", "10:00")
    assert (jump - timedelta(seconds=1), BERLIN) not in hours("02:30", "10:00")


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    first, second = utc("2026-10-25T00:30"), utc("2026-10-25T01:30")
    until = hours("22:00", "02:30")
    assert (first - timedelta(seconds=1), BERLIN) in until
    assert (first, BERLIN) not in until
    assert (second - timedelta(minutes=15), BERLIN) not in until, "not again"
    since = hours("02:30", "06:00")
    assert (first, BERLIN) in since
    assert (second - timedelta(minutes=15), BERLIN) in since, "and not off again"


@pytest.mark.parametrize(
    ("night", "lasts_h"),
    [
        pytest.param("2026-03-28", 7, id="clocks go forward"),
        pytest.param("2026-10-24", 9, id="clocks go back"),
        pytest.param("2026-06-01", 8, id="any other night"),
    ],
)
def test_a_night_is_as_long_as_its_clocks_say(night: str, lasts_h: int) -> None:
    begin, end = (
        hours("22:00", "06:00").spans[0].on(local(f"{night}T12:00").date(), BERLIN)
    )
    assert end - begin == timedelta(hours=lasts_h)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("at", ["00:00", "02:00", "02:30", "02:59", "03:00", "03:30"])
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "UTC"]
)
def test_what_follows_on_leaves_nothing_out_and_nothing_doubled(
    day: str, at: str, zone: str
) -> None:
    """Every minute of three days is in the hours before the time, or in those after."""
    there = ZoneInfo(zone)
    before, after = hours("12:00", at), hours(at, "12:00")
    begin = utc(f"{day}T00:00") - timedelta(days=1)
    for minute in range(0, 3 * 1440, 5):
        moment = begin + timedelta(minutes=minute)
        assert ((moment, there) in before) is not ((moment, there) in after), moment


def test_a_whole_day_goes_on_where_midnight_is_left_out() -> None:
    """In Beirut clocks went from 0:00 to 1:00 on 2022-03-27, a Sunday."""
    beirut, jump = ZoneInfo("Asia/Beirut"), utc("2022-03-26T22:00")
    assert (jump, beirut) in hours("00:00", "00:00", [SUN])
    assert (jump - timedelta(seconds=1), beirut) in hours("00:00", "00:00", [SAT])
    assert (jump - timedelta(seconds=1), beirut) not in hours("00:00", "00:00", [SUN])


def test_a_day_that_a_calendar_left_out_does_no_harm() -> None:
    """Samoa had no 2011-12-30, a Friday."""
    apia = ZoneInfo("Pacific/Apia")
    saturday = local("2011-12-31T10:00", apia)
    assert (saturday, apia) in hours("00:00", "00:00", [SAT])
    assert (saturday, apia) not in hours("00:00", "00:00", [FRI])
    assert hours("08:00", "09:00", [FRI]).next_begin(
        local("2011-12-29T12:00", apia), apia
    ) == local("2012-01-06T08:00", apia)


# --- several hours together


def test_without_hours_every_moment_is_within() -> None:
    now = utc("2026-06-01T03:00")
    assert next_within([], now, BERLIN) == now


def test_within_all_of_them_is_now() -> None:
    now = local("2026-06-01T09:00")
    both = [hours("08:00", "18:00"), hours("09:00", "10:00")]
    assert next_within(both, now, BERLIN) == now


def test_the_next_moment_is_within_all_of_them() -> None:
    weekdays, mornings = hours("00:00", "00:00", range(5)), hours("06:00", "09:00")
    friday = local("2026-06-05T12:00")
    assert next_within([weekdays, mornings], friday, BERLIN) == local(
        "2026-06-08T06:00"
    )


def test_hours_that_never_meet_have_no_moment() -> None:
    day, night = hours("08:00", "18:00"), hours("22:00", "06:00")
    assert next_within([day, night], local("2026-06-01T12:00"), BERLIN) is None


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_do_no_harm(year: int) -> None:
    moment = datetime(year, 6, 1, tzinfo=UTC)
    edge = moment.replace(month=1 if year == 1 else 12, day=2 if year == 1 else 30)
    assert (edge, BERLIN) in hours("00:00", "00:00")
