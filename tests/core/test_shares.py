from __future__ import annotations

from collections import Counter

import pytest

from mvsnap.core.shares import is_within_share


def most(size: int, *callers: str, weight: int = 1) -> Counter[str]:
    """Return what each has when all take what they get, in turns."""
    have: Counter[str] = Counter()
    while True:
        before = have.total()
        for caller in callers:
            if is_within_share(have[caller], have.total(), size, weight=weight):
                have[caller] += 1
        if have.total() == before:
            return have


@pytest.mark.parametrize(("size", "alone"), [(1, 1), (2, 2), (10, 6), (1000, 501)])
def test_alone_a_caller_gets_about_half(size: int, alone: int) -> None:
    assert most(size, "a") == {"a": alone}


def test_callers_that_want_all_get_the_same_and_leave_as_much() -> None:
    assert set(most(1000, "a", "b", "c").values()) == {250, 251}


def test_there_is_room_for_the_next_however_many_want_all() -> None:
    wild = [f"caller {number}" for number in range(20)]
    assert 1000 - most(1000, *wild).total() >= 40


def test_with_a_weight_a_caller_gets_more() -> None:
    assert most(10, "a", weight=3) == {"a": 8}
    assert most(100, "a", weight=3) == {"a": 76}
