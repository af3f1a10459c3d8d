"""The crowd rule, with messages as (second, people)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.core.crowd import CrowdRule, CrowdWatch, Ended, Finding, Raised
from mvsnap.values import replace

RULE = CrowdRule(limit=3, dwell_ms=60_000, dropout_ms=5_000, cooldown_ms=300_000)
Counts = list[tuple[float, int]]


def replay(*counts: tuple[float, int], rule: CrowdRule = RULE) -> list[Finding]:
    watch = CrowdWatch(rule)
    return [f for s, people in counts for f in watch.see(round(s * 1000), people)]


def steady(begin_s: int, end_s: int, people: int) -> Counts:
    """Return a message each second."""
    return [(s, people) for s in range(begin_s, end_s + 1)]


def raised(began_s: float, at_s: float, people: int, *, quiet: bool = False) -> Raised:
    return Raised(round(began_s * 1000), round(at_s * 1000), people, quiet)


def ended(began_s: float, ended_s: float, peak: int) -> Ended:
    return Ended(round(began_s * 1000), round(ended_s * 1000), peak)


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        pytest.param(steady(0, 59, 3), [], id="one second short of the dwell"),
        pytest.param(steady(0, 60, 3), [raised(0, 60, 3)], id="exactly the dwell"),
        pytest.param(steady(0, 200, 2), [], id="one person short"),
        pytest.param([(0, 3), (55, 3), (60, 5)], [raised(0, 60, 5)], id="few messages"),
        pytest.param(
            [*steady(0, 30, 3), (31, 0), (35, 2), *steady(36, 60, 3)],
            [raised(0, 60, 3)],
            id="a drop-out of five seconds is none",
        ),
        pytest.param(
            [*steady(0, 30, 3), (31, 0), (36, 2), *steady(37, 60, 3)],
            [],
            id="a drop-out of six seconds begins anew",
        ),
        pytest.param(
            [*steady(0, 30, 3), (31, 0), (36, 2), *steady(37, 97, 3)],
            [raised(37, 97, 3)],
            id="and the dwell is counted from the new beginning",
        ),
        pytest.param(
            [*steady(0, 70, 4), (71, 9), (72, 0), (78, 0), (79, 0)],
            [raised(0, 60, 4), ended(0, 71, 9)],
            id="the end is the last message above",
        ),
        pytest.param(
            [*steady(0, 70, 4), (100, 4), (101, 0), (107, 0)],
            [raised(0, 60, 4), ended(0, 100, 4)],
            id="half a minute of silence changes nothing",
        ),
        pytest.param(
            [*steady(0, 70, 4), (131, 4)],
            [raised(0, 60, 4), ended(0, 70, 4)],
            id="more than a minute of silence ends it",
        ),
        pytest.param(
            [(10, 3), (5, 0), (10, 0), (65, 3), (60, 0), (71, 3)],
            [raised(10, 71, 3)],
            id="late ones and repeats change nothing",
        ),
    ],
)
def test_a_crowd_is_raised_once_and_ended_once(
    counts: Counts, found: list[Finding]
) -> None:
    assert replay(*counts) == found


def test_a_crowd_that_comes_back_is_raised_again() -> None:
    rule = replace(RULE, cooldown_ms=0)
    counts = [*steady(0, 70, 3), *steady(71, 80, 0), *steady(81, 141, 4)]
    assert replay(*counts, rule=rule) == [
        raised(0, 60, 3),
        ended(0, 70, 3),
        raised(81, 141, 4),
    ]


def test_while_people_only_become_fewer_for_a_moment_it_is_not_raised_again() -> None:
    flicker = [(s, 3 if s % 4 else 0) for s in range(61, 600)]
    assert replay(*steady(0, 60, 3), *flicker, rule=replace(RULE, cooldown_ms=0)) == [
        raised(0, 60, 3)
    ]


def test_a_crowd_that_outlasts_the_cool_down_is_raised_when_it_is_over() -> None:
    counts = [*steady(0, 70, 3), *steady(71, 80, 0), *steady(81, 400, 4)]
    assert replay(*counts) == [raised(0, 60, 3), ended(0, 70, 3), raised(81, 360, 4)]


def test_a_crowd_that_came_and_went_in_the_cool_down_is_noted_quietly() -> None:
    counts = [*steady(0, 70, 3), *steady(71, 80, 0), *steady(81, 200, 4)]
    assert replay(*counts, (201, 0), (206, 0)) == [
        raised(0, 60, 3),
        ended(0, 70, 3),
        raised(81, 141, 4, quiet=True),
        ended(81, 200, 4),
    ]


def test_too_few_messages_are_no_crowd() -> None:
    rule = replace(RULE, min_messages=4)
    assert replay((0, 3), (30, 3), (60, 3), rule=rule) == []
    assert replay((0, 3), (30, 3), (60, 3), (61, 3), rule=rule) == [raised(0, 61, 3)]


def test_without_a_dwell_the_first_message_raises() -> None:
    assert replay((7, 3), rule=replace(RULE, dwell_ms=0)) == [raised(7, 7, 3)]


def test_levels_may_be_negative() -> None:
    rule = CrowdRule(limit=-20, dwell_ms=5_000)
    counts = [(0, -45), (1, -18), (6, -12), (8, -45), (14, -45)]
    assert replay(*counts, rule=rule) == [raised(1, 6, -12), ended(1, 6, -12)]


def test_what_is_finished_ended_with_its_last_message() -> None:
    watch = CrowdWatch(RULE)
    for second, people in steady(0, 70, 5):
        watch.see(round(second * 1000), people)
    assert watch.finish() == [ended(0, 70, 5)]
    assert watch.finish() == []


@pytest.mark.parametrize(
    ("rule", "counts", "found"),
    [
        pytest.param(
            replace(RULE, to_start=1),
            [*steady(0, 50, 1), *steady(51, 70, 3)],
            [raised(0, 60, 3)],
            id="one starts the watch, three count",
        ),
        pytest.param(
            replace(RULE, to_start=1), steady(0, 200, 2), [], id="never three"
        ),
        pytest.param(
            replace(RULE, to_start=1),
            [*steady(0, 80, 2), (81, 3), (82, 2)],
            [raised(0, 81, 3)],
            id="three come after the dwell",
        ),
        pytest.param(
            replace(RULE, to_start=1),
            [*steady(0, 50, 3), *steady(51, 70, 1)],
            [],
            id="three were there, but left before it counts",
        ),
        pytest.param(
            replace(RULE, to_start=5),
            [*steady(0, 9, 4), (10, 5), *steady(11, 70, 3)],
            [raised(10, 70, 3)],
            id="it takes more to start than to stay",
        ),
        pytest.param(
            replace(RULE, to_end=2),
            [*steady(0, 60, 3), *steady(61, 90, 2), *steady(91, 97, 1)],
            [raised(0, 60, 3), ended(0, 90, 3)],
            id="two keep it going",
        ),
        pytest.param(
            replace(RULE, to_end=2),
            [*steady(0, 20, 2), *steady(21, 81, 3)],
            [raised(21, 81, 3)],
            id="but two do not begin it",
        ),
        pytest.param(
            replace(RULE, to_end=9),
            [*steady(0, 70, 3), *steady(71, 80, 2)],
            [raised(0, 60, 3), ended(0, 70, 3)],
            id="an end above the rest does nothing",
        ),
        pytest.param(
            replace(RULE, to_start=1, min_messages=3),
            [(0, 1), (60, 3), (61, 3)],
            [raised(0, 61, 3)],
            id="whoever keeps it going confirms it",
        ),
    ],
)
def test_thresholds_of_begin_and_end(
    rule: CrowdRule, counts: Counts, found: list[Finding]
) -> None:
    assert replay(*counts, rule=rule) == found


counts_of_a_day = st.lists(
    st.tuples(st.integers(0, 900_000), st.integers(0, 6)), max_size=60
)
rules = st.builds(
    CrowdRule,
    limit=st.integers(1, 4),
    dwell_ms=st.integers(0, 120_000),
    min_messages=st.integers(1, 5),
    dropout_ms=st.integers(0, 20_000),
    cooldown_ms=st.integers(0, 400_000),
    to_start=st.none() | st.integers(1, 5),
    to_end=st.none() | st.integers(1, 5),
)


def findings(watch: CrowdWatch, counts: list[tuple[int, int]]) -> list[Finding]:
    return [found for ts_ms, people in counts for found in watch.see(ts_ms, people)]


@given(rules, counts_of_a_day, st.integers(0, 60))
def test_a_restart_in_between_changes_nothing(
    rule: CrowdRule, counts: list[tuple[int, int]], cut: int
) -> None:
    first, second = CrowdWatch(rule), CrowdWatch(rule)
    before = findings(first, counts[:cut])
    second.restore(json.loads(json.dumps(first.state())))
    assert before + findings(second, counts[cut:]) == findings(CrowdWatch(rule), counts)


@given(rules, counts_of_a_day, st.integers(1, 10**12))
def test_shifting_all_times_shifts_all_events(
    rule: CrowdRule, counts: list[tuple[int, int]], shift_ms: int
) -> None:
    def shifted(found: Finding) -> Finding:
        began_ms = found.began_ms + shift_ms
        if isinstance(found, Raised):
            return replace(
                found, began_ms=began_ms, raised_ms=found.raised_ms + shift_ms
            )
        return replace(found, began_ms=began_ms, ended_ms=found.ended_ms + shift_ms)

    late = [(ts_ms + shift_ms, people) for ts_ms, people in counts]
    plain = findings(CrowdWatch(rule), counts)
    assert findings(CrowdWatch(rule), late) == [shifted(found) for found in plain]


@given(rules, counts_of_a_day)
def test_every_crowd_has_lasted_and_none_overlaps_another(
    rule: CrowdRule, counts: list[tuple[int, int]]
) -> None:
    found = findings(CrowdWatch(rule), sorted(counts))
    open_since, over_at = None, -1
    for finding in found:
        if isinstance(finding, Raised):
            assert open_since is None
            assert finding.began_ms > over_at
            assert finding.raised_ms - finding.began_ms >= rule.dwell_ms
            assert finding.level >= rule.limit
            open_since = finding.began_ms
        else:
            assert finding.began_ms == open_since
            assert finding.peak >= rule.limit
            open_since, over_at = None, finding.ended_ms
