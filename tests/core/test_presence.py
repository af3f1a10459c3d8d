from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.core.presence import CUT_MS, GAP_MS, PresenceSpan, PresenceWatch


def replay(*counts: tuple[int, int]) -> list[PresenceSpan]:
    """Counts are (second, people)."""
    watch = PresenceWatch()
    found = [watch.see(second * 1000, people) for second, people in counts]
    return [seen for seen in found if seen is not None]


def seen(in_s: int, out_s: int, peak: int) -> PresenceSpan:
    return PresenceSpan(in_s * 1000, out_s * 1000, peak)


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        pytest.param([(0, 0), (1, 0)], [], id="nobody"),
        pytest.param([(1, 2), (2, 5), (9, 0)], [seen(1, 2, 5)], id="came and went"),
        pytest.param([(1, 2), (2, 0), (6, 0)], [], id="five seconds may be a gap"),
        pytest.param([(1, 2), (6, 0), (7, 0)], [seen(1, 1, 2)], id="six are none"),
        pytest.param(
            [(1, 2), (40, 3), (99, 1), (105, 0)],
            [seen(1, 99, 3)],
            id="a silent camera says nothing about the people",
        ),
        pytest.param(
            [(1, 2), (62, 3), (68, 0)],
            [seen(1, 1, 2), seen(62, 62, 3)],
            id="but after a minute nobody knows",
        ),
    ],
)
def test_a_presence_is_from_the_first_to_the_last_count_above_zero(
    counts: list[tuple[int, int]], found: list[PresenceSpan]
) -> None:
    assert replay(*counts) == found


def test_a_long_presence_is_cut_every_quarter_of_an_hour() -> None:
    found = replay(*[(second, 2) for second in range(0, 2000, 10)])
    assert found == [seen(0, 890, 2), seen(900, 1790, 2)]


def test_what_is_finished_was_last_seen_at_its_last_count() -> None:
    watch = PresenceWatch()
    assert watch.finish() is None
    watch.see(5_000, 1)
    assert watch.finish() == seen(5, 5, 1)
    assert not watch.is_open


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 3)), max_size=80),
    st.integers(0, 80),
)
def test_presences_never_overlap_and_survive_a_restart(
    counts: list[tuple[int, int]], cut: int
) -> None:
    ordered = sorted(dict(counts).items())
    first, second = PresenceWatch(), PresenceWatch()
    found = [first.see(s * 1000, people) for s, people in ordered[:cut]]
    second.restore(first.state())
    found += [second.see(s * 1000, people) for s, people in ordered[cut:]]
    over = [presence for presence in found if presence is not None]
    assert over == replay(*ordered)
    for earlier, later in zip(over, over[1:], strict=False):
        assert earlier.out_ms < later.in_ms
    assert all(0 <= p.out_ms - p.in_ms <= CUT_MS for p in over)
    assert GAP_MS < CUT_MS
