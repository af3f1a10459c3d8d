"""When a trouble is reported, and when its end; by a clock that the tests set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mvsnap.core.troubles import Sight, Trouble, looked, moved, reported
from mvsnap.values import replace

AFTER = timedelta(minutes=5)
START = datetime(2026, 11, 2, 10, tzinfo=UTC)


class Watcher:
    """Looks every ten seconds; hands jobs over at once, unless the queue is full."""

    def __init__(self) -> None:
        self.s = 0
        self.known: list[Trouble] = []
        self.ended: list[Trouble] = []
        self.messages: list[tuple[int, str, tuple[str, ...]]] = []
        self.queue_is_full = False

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def watch(self, until_s: int, *wrong: str, unknown: Sequence[str] = ()) -> None:
        while self.s < until_s:
            self.look(*wrong, unknown=unknown)
            self.s += 10

    def look(self, *wrong: str, unknown: Sequence[str] = ()) -> None:
        seen = [Sight(name, "camera", True, "silent") for name in wrong]
        seen += [Sight(name, "camera", None) for name in unknown]
        now = self.now
        self.known = reported(looked(self.known, seen, now, AFTER), now, AFTER)
        if not self.queue_is_full:
            self._hand_over()
        self.ended += [one for one in self.known if one.over_by]
        self.known = [one for one in self.known if not one.over_by]

    def _hand_over(self) -> None:
        jobs: dict[tuple[str, str], list[str]] = {}
        for one in self.known:
            if not one.handed_over:
                what = ("over", one.over_by) if one.over_by else ("on", one.reported_by)
                jobs.setdefault(what, []).append(one.name)
        for (happened, _), names in jobs.items():
            self.messages.append((self.s, happened, tuple(sorted(names))))
        self.known = [replace(one, handed_over=True) for one in self.known]


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


def test_a_trouble_is_reported_once_and_once_more_when_it_is_over(
    watcher: Watcher,
) -> None:
    watcher.watch(4000, "Gate")
    watcher.watch(9000)
    assert watcher.messages == [(300, "on", ("Gate",)), (4300, "over", ("Gate",))]
    (gate,) = watcher.ended
    assert gate.lasted(watcher.now) == timedelta(seconds=4000)
    assert watcher.known == []


def test_one_that_comes_and_goes_is_never_reported(watcher: Watcher) -> None:
    watcher.watch(290, "Gate")
    watcher.watch(2000)
    watcher.watch(2200, "Gate")
    watcher.watch(4000)
    assert watcher.messages == []
    assert watcher.known == []


def test_one_that_comes_back_is_the_same(watcher: Watcher) -> None:
    watcher.watch(1000, "Gate")
    for _ in range(10):
        watcher.watch(watcher.s + 200)
        watcher.watch(watcher.s + 200, "Gate")
    watcher.watch(9000)
    assert [what for _, what, _ in watcher.messages] == ["on", "over"]
    assert watcher.ended[0].began_at == START


def test_it_is_another_one_after_its_end_was_reported(watcher: Watcher) -> None:
    watcher.watch(1000, "Gate")
    watcher.watch(2000)
    watcher.watch(3000, "Gate")
    watcher.watch(4000)
    assert [what for _, what, _ in watcher.messages] == ["on", "over"] * 2
    assert len({one.id for one in watcher.ended}) == 2
    assert len({one.reported_by for one in watcher.ended}) == 2


def test_what_goes_down_together_is_one_message(watcher: Watcher) -> None:
    watcher.watch(20, "Webex")
    watcher.watch(50, "Webex", "Meraki")
    watcher.watch(2000, "Webex", "Meraki", "Gate", "Yard")
    watcher.watch(2030, "Gate", "Yard")
    watcher.watch(4000)
    everything = ("Gate", "Meraki", "Webex", "Yard")
    assert [found[1:] for found in watcher.messages] == [
        ("on", everything),
        ("over", everything),
    ]


def test_what_begins_much_later_does_not_hold_up_the_first(watcher: Watcher) -> None:
    watcher.watch(200, "Webex")
    watcher.watch(2000, "Webex", "Gate")
    assert watcher.messages == [(300, "on", ("Webex",)), (500, "on", ("Gate",))]


def test_what_nobody_knows_begins_nothing_and_ends_nothing(watcher: Watcher) -> None:
    watcher.watch(1000, unknown=["Gate"])
    assert watcher.messages == []
    watcher.watch(2000, "Gate")
    watcher.watch(9000, unknown=["Gate"])
    assert [what for _, what, _ in watcher.messages] == ["on"]


def test_a_process_that_is_forgotten_is_not_well_again() -> None:
    dead = Trouble("1", "Process a", "process", "", "", START, reported_by="job")
    (found,) = looked([dead], [], START + timedelta(days=1), AFTER)
    assert found.over_by
    assert found.handed_over


def test_an_end_waits_until_its_trouble_is_accepted(watcher: Watcher) -> None:
    watcher.queue_is_full = True
    watcher.watch(1000, "Gate")
    watcher.watch(3000)
    watcher.queue_is_full = False
    watcher.watch(4000)
    assert [what for _, what, _ in watcher.messages] == ["on", "over"]


def test_ids_come_from_what_happened(watcher: Watcher) -> None:
    """Two processes, or one that died before it wrote, give the same job."""
    other = Watcher()
    for one in (watcher, other):
        one.watch(1000, "Gate", "Yard")
    assert watcher.known == other.known


def test_a_clock_that_is_set_makes_nothing_older() -> None:
    gate = Trouble("1", "Gate", "camera", "", "", START, START + timedelta(seconds=9))
    (found,) = moved([gate], timedelta(hours=25))
    assert found.lasted(START) == gate.lasted(START)
    assert found.began_at == START + timedelta(hours=25)


def test_one_name_is_one_trouble(watcher: Watcher) -> None:
    """A camera of the recorder that is a Meraki camera, too."""
    seen = [Sight("Gate", "camera", False), Sight("Gate", "camera", True, "offline")]
    for order in (seen, seen[::-1], [*seen, Sight("Gate", "camera", None)]):
        (found,) = looked([], order, START, AFTER)
        assert found.text == "offline"
