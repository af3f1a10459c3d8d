from __future__ import annotations

from mvsnap.core.crossing import Crossed, CrossingRule, CrossingWatch

RULE = CrossingRule(
    "crossing_in", "person", count=3, window_ms=60_000, cooldown_ms=100_000
)


def replay(*crossings: tuple[int, int], rule: CrossingRule = RULE) -> list[Crossed]:
    """Crossings are (second, object id)."""
    watch = CrossingWatch(rule)
    found = [
        watch.see(second * 1000, number, "crossing_in", "person")
        for second, number in crossings
    ]
    return [crossed for crossed in found if crossed is not None]


def test_so_many_crossings_within_the_window_are_one_event() -> None:
    assert replay((0, 1), (30, 2)) == []
    assert replay((0, 1), (30, 2), (60, 3)) == [Crossed(0, 60_000, 3)]
    assert replay((0, 1), (30, 2), (61, 3)) == []


def test_a_repeat_of_the_same_crossing_does_not_count() -> None:
    assert replay((0, 1), (0, 1), (5, 2), (5, 2)) == []
    assert replay((0, 1), (0, 2), (5, 1)) == [Crossed(0, 5_000, 3)]


def test_one_that_comes_late_counts_when_it_belongs_to_the_window() -> None:
    assert replay((50, 1), (60, 2), (40, 3)) == [Crossed(40_000, 60_000, 3)]


def test_the_next_one_waits_for_the_cool_down() -> None:
    crossings = [(second, second) for second in range(0, 200, 10)]
    found = replay(*crossings)
    assert [crossed.raised_ms for crossed in found] == [20_000, 120_000]


def test_the_other_direction_and_vehicles_do_not_count() -> None:
    watch = CrossingWatch(CrossingRule("crossing_in", "person"))
    assert watch.see(1, 1, "crossing_out", "person") is None
    assert watch.see(2, 2, "crossing_in", "vehicle") is None
    assert watch.see(3, 3, "crossing_in", "person") == Crossed(3, 3, 1)
