from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mvsnap.core.hour_spans import HourSpan, WeeklyHours
from mvsnap.core.notices import (
    SEND,
    Decision,
    Grouping,
    Hours,
    NoticeState,
    by_count,
    by_hours,
    of_reply,
)

ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 6, 1, 23, tzinfo=UTC)
MORNING = datetime(2026, 6, 2, 8, tzinfo=UTC)
QUIET = Decision(NoticeState.QUIET)
THREE_IN_TEN = Grouping(3, timedelta(minutes=10))


def from_to(begin: int, until: int, *, is_kept: bool = True) -> Hours:
    span = HourSpan(frozenset(range(7)), time(begin), time(until))
    return Hours(WeeklyHours((span,)), is_kept)


DAY = from_to(8, 18)
DAY_ONLY = from_to(8, 18, is_kept=False)
NIGHT_ONLY = from_to(22, 6, is_kept=False)


# --- hours


def test_without_hours_it_is_sent() -> None:
    assert by_hours([], NIGHT, ZONE) == SEND


def test_within_the_hours_it_is_sent() -> None:
    assert by_hours([DAY, DAY_ONLY], NOON, ZONE) == SEND


def test_outside_it_is_sent_when_the_hours_begin() -> None:
    assert by_hours([DAY], NIGHT, ZONE) == Decision(NoticeState.LATE, MORNING)


def test_or_never() -> None:
    assert by_hours([DAY_ONLY], NIGHT, ZONE) == QUIET


@pytest.mark.parametrize("order", [1, -1])
def test_whoever_is_outside_and_keeps_nothing_decides(order: int) -> None:
    assert by_hours([DAY, DAY_ONLY][::order], NIGHT, ZONE) == QUIET


def test_who_keeps_nothing_but_is_within_does_not_decide() -> None:
    all_night = from_to(20, 10, is_kept=False)
    expected = Decision(NoticeState.LATE, MORNING)
    assert by_hours([DAY, all_night], NIGHT, ZONE) == expected


def test_hours_that_never_meet_are_quiet() -> None:
    assert by_hours([DAY, from_to(22, 6)], NIGHT, ZONE) == QUIET


def test_what_concerns_the_site_is_kept_or_sent() -> None:
    late = Decision(NoticeState.LATE, MORNING)
    assert by_hours([DAY_ONLY], NIGHT, ZONE, never_drop=True) == late
    assert by_hours([DAY, NIGHT_ONLY], NOON, ZONE, never_drop=True) == SEND


# --- grouping


def replay(seconds: list[int], grouping: Grouping = THREE_IN_TEN) -> list[str]:
    """Return what becomes of messages due at these seconds, with the group's end."""
    earlier: list[datetime] = []
    open_until: list[datetime] = []
    found = []
    for second in seconds:
        now = NOON + timedelta(seconds=second)
        decision = by_count(grouping, earlier, open_until, now)
        open_until += [decision.at] if decision.at else []
        earlier.append(now)
        after = (decision.at - NOON).total_seconds() if decision.at else 0
        found.append(f"until {after:g}" if decision.at else decision.state.value)
    return found


def test_without_grouping_each_is_sent() -> None:
    assert by_count(None, [NOON] * 100, [], NOON) == SEND


def test_more_than_so_many_become_one() -> None:
    assert replay([0, 1, 2, 3, 4, 5]) == ["now"] * 3 + ["until 603"] * 3


def test_few_enough_are_all_sent() -> None:
    assert replay([0, 200, 400, 600, 800, 1000, 1200]) == ["now"] * 7


def test_the_length_of_time_slides() -> None:
    # The first is exactly ten minutes old at 600, and no longer counts.
    assert replay([0, 100, 200, 600]) == ["now"] * 4
    assert replay([0, 100, 200, 599]) == ["now"] * 3 + ["until 1199"]


def test_while_it_goes_on_there_is_one_message_for_each_length_of_time() -> None:
    found = replay(list(range(0, 3600, 60)))
    assert found.count("now") == 3
    assert list(dict.fromkeys(found[3:])) == [
        *("until 780", "until 1380", "until 1980", "until 2580", "until 3180"),
        "until 3780",
    ]


def test_when_it_calms_down_each_is_sent_again() -> None:
    assert replay([0, 1, 2, 3, 2000, 2001]) == [
        *("now", "now", "now", "until 603", "now", "now")
    ]


def test_one_that_comes_when_the_group_ends_opens_another() -> None:
    assert replay([0, 1, 2, 3, 300, 400, 500, 603])[-2:] == ["until 603", "until 1203"]


def test_with_none_by_itself_all_become_one() -> None:
    assert replay([0, 1], Grouping(0, timedelta(minutes=1))) == ["until 60"] * 2


def test_what_a_clock_noted_that_was_ahead_does_not_count() -> None:
    ahead = [NOON + timedelta(hours=1)] * 5
    assert by_count(THREE_IN_TEN, ahead, [], NOON) == SEND


def test_what_a_clock_noted_that_is_a_little_ahead_counts() -> None:
    ahead = [NOON + timedelta(seconds=1)] * 3
    end = NOON + timedelta(minutes=10, seconds=1)
    expected = Decision(NoticeState.GROUPED, end)
    assert by_count(THREE_IN_TEN, ahead, [end], NOON) == expected


def test_a_group_of_a_clock_that_was_ahead_is_not_waited_for() -> None:
    far = NOON + timedelta(days=1)
    expected = Decision(NoticeState.GROUPED, NOON + timedelta(minutes=10))
    assert by_count(THREE_IN_TEN, [NOON] * 3, [far], NOON) == expected


# --- replies


@pytest.mark.parametrize(
    "first",
    [
        QUIET,
        Decision(NoticeState.LATE, MORNING),
        Decision(NoticeState.GROUPED, NOON + timedelta(minutes=10)),
    ],
)
def test_a_reply_goes_with_what_it_replies_to(first: Decision) -> None:
    assert of_reply(first, [], NOON, ZONE) == first


def test_a_reply_to_what_was_sent_goes_by_the_hours_of_its_own_moment() -> None:
    assert of_reply(SEND, [DAY], NOON, ZONE) == SEND
    assert of_reply(SEND, [DAY_ONLY], NIGHT, ZONE) == QUIET
