from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mvsnap.core.week_hours import (
    OpeningHours,
    averages,
    by_hour_of_day,
    hour_of_week,
    hours_between,
    times_each,
)

BERLIN = ZoneInfo("Europe/Berlin")
# A Wednesday, 14:20 in Berlin.
NOW = datetime(2026, 7, 1, 12, 20, tzinfo=UTC)


def test_hours_of_the_week_begin_on_monday_by_the_clock_of_the_site() -> None:
    assert hour_of_week(NOW, BERLIN) == 2 * 24 + 14
    assert hour_of_week(datetime(2026, 6, 28, 22, tzinfo=UTC), BERLIN) == 0


def test_the_site_is_open_in_its_hours() -> None:
    hours = OpeningHours(frozenset({62}), BERLIN)
    assert NOW in hours
    assert NOW + timedelta(hours=1) not in hours


def test_an_average_counts_the_hours_that_were() -> None:
    found = averages({0: 9, 1: 4}, {0: 3, 1: 1, 2: 2})
    assert found[:4] == (3.0, 4.0, 0.0, None)
    assert len(found) == 168


def test_the_hour_that_comes_twice_is_two_and_a_skipped_one_is_none() -> None:
    october = datetime(2026, 10, 24, 22, tzinfo=UTC)
    day = list(hours_between(october, october + timedelta(hours=25)))
    assert times_each(day, BERLIN)[6 * 24 + 2] == 2
    march = datetime(2026, 3, 28, 23, tzinfo=UTC)
    day = list(hours_between(march, march + timedelta(hours=23)))
    assert times_each(day, BERLIN).get(6 * 24 + 2, 0) == 0
    assert len(day) == 23


def test_an_hour_that_is_not_over_is_not_among_them() -> None:
    assert len(list(hours_between(NOW, NOW + timedelta(minutes=119)))) == 1


def test_hours_of_the_week_add_up_to_those_of_the_day() -> None:
    assert by_hour_of_day({8: 1, 24 + 8: 2, 23: 5})[8] == 3
    assert by_hour_of_day({8: 1})[9] == 0
