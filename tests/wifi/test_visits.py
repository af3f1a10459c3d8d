"""Visits: when one ends, and that no order or batching changes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.wifi.visits import (
    DWELL_CLASSES_S,
    Observation,
    Visit,
    VisitRule,
    chained,
    dwell_class,
    merged,
    stay,
    visits,
)

RULE = VisitRule(gap_s=300, near_dbm=-65)
DEVICE = 7
BEGIN = 29_000_000


def observed(minute: int, second: int = 0, **given: Any) -> Observation:
    fields = {"last_s": second, "rssi_dbm": -80} | given
    return Observation(DEVICE, BEGIN + minute, second, **fields)


def spans(found: list[Visit]) -> list[tuple[int, int]]:
    """Return begin and end of each visit in seconds after the first minute."""
    begin_s = BEGIN * 60
    return [(visit.time_in_s - begin_s, visit.time_out_s - begin_s) for visit in found]


@pytest.mark.parametrize(
    ("second", "expected"),
    [(0, [(0, 300)]), (1, [(0, 0), (301, 301)])],
    ids=["just within the gap", "one second more"],
)
def test_silence_longer_than_the_gap_ends_a_visit(
    second: int, expected: list[tuple[int, int]]
) -> None:
    assert spans(visits([observed(0), observed(5, second)], RULE)) == expected


def test_a_late_observation_makes_one_visit_of_two() -> None:
    both = visits([observed(0), observed(9)], RULE)
    assert len(both) == 2
    (visit,) = chained([*both, stay(observed(5), RULE)], RULE.gap_s)
    assert (visit.observations, spans([visit])) == (3, [(0, 540)])


def test_a_visit_knows_its_strongest_signal_and_when_it_was_near() -> None:
    found = [
        observed(0),
        observed(1, rssi_dbm=-60),
        observed(2, 9, rssi_dbm=-65),
        observed(3),
    ]
    (visit,) = visits(found, RULE)
    begin_s = BEGIN * 60
    assert visit == Visit(begin_s, begin_s + 180, 4, -60, begin_s + 60, begin_s + 129)


def test_several_access_points_in_a_minute_are_one_observation() -> None:
    weak = observed(0, 10, rssi_dbm=-80, ap=1, ssid="guests")
    strong = observed(0, 40, rssi_dbm=-60, ap=2)
    expected = Observation(DEVICE, BEGIN, 10, 40, -60, 2, "guests")
    assert merged(weak, strong) == merged(strong, weak) == expected


@pytest.mark.parametrize("index", range(len(DWELL_CLASSES_S)))
def test_a_class_of_lengths_begins_with_its_lower_end(index: int) -> None:
    assert dwell_class(DWELL_CLASSES_S[index]) == index
    assert dwell_class(max(0, DWELL_CLASSES_S[index] - 1)) == max(0, index - 1)


reports = st.lists(
    st.builds(
        observed,
        st.integers(0, 60),
        st.integers(0, 59),
        rssi_dbm=st.sampled_from([-90, -80, -65, -50]),
        ap=st.integers(0, 3),
        ssid=st.sampled_from([None, "a", "b"]),
    ),
    max_size=30,
)


@given(reports, st.data(), st.integers(60, 600))
def test_any_order_and_batching_gives_the_same_visits(
    minutes: list[Observation], data: st.DataObject, gap_s: int
) -> None:
    rule = VisitRule(gap_s=gap_s, near_dbm=-65)
    known: dict[int, Observation] = {}
    for one in minutes:
        known[one.minute] = merged(known.get(one.minute, one), one)
    kept: dict[int, Observation] = {}
    found: list[Visit] = []
    shuffled = data.draw(st.permutations(minutes))
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        batch, shuffled = shuffled[:size], shuffled[size:]
        stays = []
        for one in batch:
            was = kept.get(one.minute)
            now = kept[one.minute] = one if was is None else merged(was, one)
            stays.append(stay(now, rule, is_known=was is not None))
        found = chained([*found, *stays], gap_s)
    assert kept == known
    assert found == visits(known.values(), rule)


@given(reports, st.integers(60, 600))
def test_visits_lie_apart_and_hold_every_observation(
    minutes: list[Observation], gap_s: int
) -> None:
    once = {one.minute: one for one in minutes}.values()
    found = visits(once, VisitRule(gap_s=gap_s))
    assert sum(visit.observations for visit in found) == len(once)
    for one, later in zip(found, found[1:], strict=False):
        assert later.time_in_s - one.time_out_s > gap_s
