"""Counts of minutes become hours and days of the site; two sources stay apart."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mvsnap.clients.meraki.zones import Count, CountedZone, ZoneKind
from mvsnap.core.days import day_span
from mvsnap.domain import FULL_FRAME, Presence, ZoneId
from mvsnap.visitors.rules import (
    Hour,
    HourCount,
    PeopleSeen,
    busiest,
    hour_counts,
    hour_start,
    hours_of,
    last_days,
    last_hours,
    merged,
    seen_in,
    with_successors,
)
from tests.core.build import GATE, NOON

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def minute(number: float, entrances: int, people: float | None = None) -> Count:
    began_at = NOON + number * MINUTE
    return Count(began_at, began_at + MINUTE, entrances, people)


def hours(number: int) -> list[tuple[datetime, datetime]]:
    return [(NOON + n * HOUR, NOON + (n + 1) * HOUR) for n in range(number)]


def presence(in_min: float, out_min: float, people: int) -> Presence:
    return Presence(
        GATE, FULL_FRAME, NOON + in_min * MINUTE, NOON + out_min * MINUTE, people
    )


def clocks(spans: list[tuple[datetime, datetime]], zone: ZoneInfo) -> list[str]:
    return [f"{begin.astimezone(zone):%H:%M}" for begin, _ in spans]


def test_minutes_become_hours_with_their_busiest_minute() -> None:
    counts = [minute(0, 2, 1.0), minute(1, 5, 3.0), minute(60, 1, 0.5)]
    first, second = hour_counts(counts, hours(2), NOON + 2 * HOUR)
    at = NOON + MINUTE
    assert first == HourCount(NOON, 7, round(4 / 60, 2), at, 3.0, 5)
    assert second.entrances == 1


def test_the_average_of_an_hour_under_way_is_that_of_what_passed() -> None:
    counts = [minute(0, 1, 2.0), minute(1, 1, 4.0)]
    (hour,) = hour_counts(counts, hours(1), NOON + 2 * MINUTE)
    assert hour.average_people == 3.0


def test_a_line_knows_no_average() -> None:
    (hour,) = hour_counts([minute(3, 4), minute(4, 6)], hours(1), NOON + HOUR)
    assert (hour.entrances, hour.average_people) == (10, None)
    assert hour.busiest_at == NOON + 4 * MINUTE


def test_an_hour_without_data_had_nobody() -> None:
    counts = [minute(-1, 9, 9.0), minute(60, 1), minute(120, 9, 9.0)]
    found = hour_counts(counts, hours(2), NOON + 2 * HOUR)
    assert [hour.entrances for hour in found] == [0, 1]


def test_nobody_came_means_no_busiest_minute() -> None:
    (hour,) = hour_counts([minute(3, 0, 0.0)], hours(1), NOON + HOUR)
    assert hour == HourCount(NOON, 0, 0.0)


@pytest.mark.parametrize(
    ("counts", "number"),
    [
        pytest.param([(1, 9, 1.0), (2, 1, 5.0)], 2, id="most people were there"),
        pytest.param([(1, 1, 5.0), (2, 9, 5.0)], 2, id="of equals most came"),
        pytest.param([(1, 1, 5.0), (2, 1, 5.0)], 1, id="then the first"),
    ],
)
def test_the_busiest_minute(counts: list[tuple[int, int, float]], number: int) -> None:
    found = busiest(minute(*count) for count in counts)
    assert found is not None
    assert found.began_at == NOON + number * MINUTE


@pytest.mark.parametrize(
    ("day", "zone", "hours", "some"),
    [
        pytest.param("2026-07-01", BERLIN, 24, ["00:00", "01:00"], id="usual"),
        pytest.param(
            "2026-03-29", BERLIN, 23, ["00:00", "01:00", "03:00"], id="an hour less"
        ),
        pytest.param(
            "2026-10-25", BERLIN, 25, ["00:00", "01:00", "02:00", "02:00"], id="twice"
        ),
        pytest.param("2026-07-01", KOLKATA, 24, ["00:00", "01:00"], id="half an hour"),
        pytest.param(
            "2026-10-04", LORD_HOWE, 24, ["00:00", "01:00", "02:30"], id="30 minutes"
        ),
    ],
)
def test_a_day_has_the_hours_its_clock_shows(
    day: str, zone: ZoneInfo, hours: int, some: list[str]
) -> None:
    span = day_span(day, zone)
    found = hours_of(span, zone)
    assert len(found) == len({begin for begin, _ in found}) == hours
    assert clocks(found, zone)[: len(some)] == some
    assert (found[0][0], found[-1][1]) == span
    assert [end for _, end in found[:-1]] == [begin for begin, _ in found[1:]]


def test_the_last_hours_end_with_the_one_that_is_not_over() -> None:
    now = NOON + 20 * MINUTE
    found = last_hours(now, KOLKATA, 14)
    assert len(found) == 14
    # 12:20 UTC is 17:50 there.
    assert clocks(found, KOLKATA)[-1] == "17:00"
    assert found[-1][0] <= now < found[-1][1]


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    span = day_span("2026-10-25", BERLIN)
    spans = hours_of(span, BERLIN)
    counts = [
        Count(begin, begin + MINUTE, number, 1.0)
        for number, (begin, _) in enumerate(spans)
    ]
    found = hour_counts(counts, spans, span[1])
    assert [hour.entrances for hour in found] == list(range(25))
    assert hour_start(found[3].began_at, BERLIN) != hour_start(
        found[2].began_at, BERLIN
    )


def test_days_end_with_the_one_asked_for() -> None:
    found = last_days(date(2026, 3, 30), BERLIN, 3)
    assert [end - begin for begin, end in found] == [24 * HOUR, 23 * HOUR, 24 * HOUR]


def test_people_are_seen_in_each_hour_they_touch() -> None:
    spans = [(NOON, NOON + HOUR), (NOON + HOUR, NOON + 2 * HOUR)]
    found = seen_in([presence(10, 20, 2), presence(50, 70, 4)], spans)
    assert found == [
        PeopleSeen(4, NOON + 55 * MINUTE),
        PeopleSeen(4, NOON + 65 * MINUTE),
    ]


def test_who_was_there_between_two_spans_is_in_none() -> None:
    spans = [(NOON, NOON + HOUR), (NOON + 3 * HOUR, NOON + 4 * HOUR)]
    assert seen_in([presence(70, 80, 2), presence(-9, -1, 3)], spans) == [None, None]
    over_all = presence(-10, 300, 2)
    assert [seen and seen.people for seen in seen_in([over_all], spans)] == [2, 2]


def test_the_end_of_an_hour_does_not_belong_to_the_next() -> None:
    spans = [(NOON, NOON + HOUR), (NOON + HOUR, NOON + 2 * HOUR)]
    assert seen_in([presence(60, 60, 1)], spans) == [
        None,
        PeopleSeen(1, NOON + HOUR),
    ]


def test_the_busiest_minute_is_the_dashboards_where_it_knows_one() -> None:
    span = (NOON, NOON + HOUR)
    counted = HourCount(NOON, 3, 1.0, NOON + MINUTE, 2.0, 3)
    seen = PeopleSeen(4, NOON + 5 * MINUTE)
    assert merged([span], [counted], [seen]) == [Hour(span, counted, seen)]
    assert Hour(span, counted, seen).busiest_at == counted.busiest_at
    assert Hour(span, None, seen).busiest_at == seen.minute_at
    assert Hour(span, HourCount(NOON, 0), None).busiest_at is None


def test_an_area_is_not_shown_beside_the_zone_it_succeeds() -> None:
    def zone(zone_id: str, kind: ZoneKind, label: str) -> CountedZone:
        return CountedZone(GATE, ZoneId(zone_id), kind, label)

    entrance = zone("7", ZoneKind.ZONE, "Entrance")
    same_label = zone("a1", ZoneKind.AREA, "entrance")
    same_id = zone("7", ZoneKind.AREA, "Renamed")
    new, line = zone("a2", ZoneKind.AREA, "Till"), zone("l1", ZoneKind.LINE, "Entrance")
    found = with_successors([entrance], [same_label, same_id, new, line])
    assert found == [entrance, new, line]
    assert with_successors([], [same_label, line]) == [same_label, line]
