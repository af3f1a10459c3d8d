"""Sharing of work: what one process does in its turn, and where many turns end."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from mvsnap.core.sharing import Holding, Plan, plan


class Site:
    """Processes that take turns, as the store has them do."""

    def __init__(self, able: dict[str, set[str]]) -> None:
        self.able = able
        self.holdings: dict[str, Holding] = {}
        self.plans: dict[str, Plan] = {}

    def turn(self, me: str) -> Plan:
        alive = {me, *self.plans}
        before = self.plans.get(me)
        known = {n: one for n, one in self.holdings.items() if one.holder in alive}
        found = plan(
            me,
            self.able[me],
            known,
            alive,
            leaving=before.leaving if before else (),
            free_before=before.free if before else (),
        )
        for name, to in found.hand_over.items():
            del self.holdings[name]
            if to is not None:
                self.holdings[name] = Holding(to)
        for name in found.take:
            self.holdings[name] = Holding(me)
        for name in found.ask:
            self.holdings[name] = Holding(self.holdings[name].holder, me)
        self.plans[me] = found
        return found

    def rounds(self, many: int) -> None:
        for _ in range(many):
            for me in self.able:
                self.turn(me)

    def die(self, name: str) -> None:
        del self.able[name], self.plans[name]

    def counts(self) -> list[int]:
        many = Counter(one.holder for one in self.holdings.values())
        return sorted(many[name] for name in self.able)


CAMERAS = {f"camera-{number:02}" for number in range(10)}


def test_one_process_takes_everything_at_once() -> None:
    site = Site({"a": CAMERAS})

    assert site.turn("a").held == CAMERAS


def test_a_second_one_gets_its_half_after_the_first_has_finished_with_it() -> None:
    site = Site({"a": CAMERAS, "b": CAMERAS})
    site.turn("a")

    assert site.turn("b").held == frozenset()  # it asks
    first = site.turn("a")  # it is asked, and finishes
    assert (len(first.held), len(first.leaving)) == (5, 5)
    assert site.turn("b").held == frozenset()  # not yet
    site.turn("a")  # hands over

    assert site.turn("b").held == first.leaving
    site.rounds(5)
    assert site.counts() == [5, 5]


def test_what_a_dead_one_had_is_taken_over_within_two_rounds() -> None:
    site = Site({"a": CAMERAS, "b": CAMERAS, "c": CAMERAS})
    site.rounds(8)
    assert site.counts() == [3, 3, 4]

    site.die("b")
    site.rounds(2)

    assert {one.holder for one in site.holdings.values()} == {"a", "c"}
    assert set(site.holdings) == CAMERAS
    assert site.plans["a"].held | site.plans["c"].held == CAMERAS


def test_nobody_asks_for_what_would_come_back() -> None:
    site = Site({"a": CAMERAS, "b": CAMERAS})
    site.rounds(8)
    before = dict(site.holdings)

    site.rounds(8)

    assert site.holdings == before


def test_a_process_without_a_camera_in_its_settings_leaves_it_to_others() -> None:
    near, far = {"door", "hall"}, {"gate", "yard", "lane", "ramp"}
    site = Site({"a": near, "b": far})

    site.rounds(3)

    assert site.plans["a"].held == near
    assert site.plans["b"].held == far


def test_a_camera_that_left_the_settings_is_free_at_once() -> None:
    site = Site({"a": {"door", "hall"}, "b": {"door"}})
    site.turn("a")

    site.able["a"] = {"hall"}
    site.turn("a")

    assert site.turn("b").held | site.turn("b").held == {"door"}


def test_what_was_promised_to_one_that_died_stays() -> None:
    site = Site({"a": CAMERAS, "b": CAMERAS})
    site.turn("a")
    site.turn("b")
    site.turn("a")  # is leaving five

    site.die("b")
    # The store shows no wish of a dead one.
    site.holdings = {name: Holding(one.holder) for name, one in site.holdings.items()}

    assert site.turn("a").held == CAMERAS


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abcde"),
        st.sets(st.integers(0, 30).map(str), max_size=30),
        min_size=1,
    )
)
def test_everything_finds_one_holder_that_is_able_and_then_stays(
    able: dict[str, set[str]],
) -> None:
    site = Site(able)
    site.rounds(60)

    before = dict(site.holdings)
    site.rounds(5)

    assert site.holdings == before
    assert set(before) == set().union(*able.values())
    for name, one in before.items():
        assert name in able[one.holder]
    held = [name for each in site.plans.values() for name in each.held]
    assert len(held) == len(set(held)) == len(before)
