"""The full frame beside other zones of a camera."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.domain import EventKind
from mvsnap.sense.framing import Frame
from mvsnap.store.sense import Findings
from tests.core.build import DOOR, GATE
from tests.sense.frames import (
    NOON_MS,
    at,
    count,
    crowd,
    detector,
    frame,
    rules,
    run,
)


def both(begin_s: int, end_s: int, people: int) -> list[Frame]:
    """The same people in a zone and in the whole picture, which comes first."""
    return [
        count(second, people, zone=zone)
        for second in range(begin_s, end_s + 1)
        for zone in ("0", "7")
    ]


def zones_of(found: Findings) -> list[str | None]:
    return [event.zone_id for event in found.events if event.kind is EventKind.CROWD]


@pytest.mark.parametrize(
    ("settings", "raised"),
    [
        pytest.param({}, ["7"], id="all zones"),
        pytest.param({"dwell_s": 0}, ["7"], id="at once"),
        pytest.param({"full_frame": "always"}, ["0", "7"], id="always"),
        pytest.param({"full_frame": "never"}, ["7"], id="never"),
        pytest.param({"zones": ["*", "0"]}, ["0", "7"], id="named"),
        pytest.param({"zones": ["0"]}, ["0"], id="the only one"),
        pytest.param(
            {"overrides": [{"serial": GATE, "zone": "0", "people": 4}]},
            ["0", "7"],
            id="has an exception",
        ),
        pytest.param(
            {"overrides": [{"serial": DOOR, "zone": "0", "people": 4}]},
            ["7"],
            id="another camera has one",
        ),
    ],
)
def test_the_same_people_alert_once(
    settings: dict[str, Any], raised: list[str]
) -> None:
    found = run(detector(**settings), both(0, 20, 4) + both(21, 40, 0))
    assert zones_of(found) == raised
    lasting = {p.zone_id for p in found.presences if p.time_out > p.time_in}
    assert lasting == set(raised)


def test_the_full_frame_of_a_camera_without_another_zone_counts() -> None:
    frames = [*both(0, 20, 4), *crowd(0, 20, 4, serial=DOOR)]
    events = run(detector(), frames).events
    assert {(e.serial, e.zone_id) for e in events} == {(GATE, "7"), (DOOR, "0")}
    assert zones_of(run(detector(full_frame="never"), crowd(0, 20, 4))) == []


def test_the_full_frame_still_tells_how_many_there_are() -> None:
    made = detector()
    run(made, both(0, 20, 4))
    assert {zone.zone_id: zone.people for zone in made.zones()} == {"0": 4, "7": 4}


def test_a_crowd_of_the_full_frame_ends_when_another_zone_sends() -> None:
    made = detector()
    assert zones_of(run(made, crowd(0, 20, 4), now_s=20)) == ["0"]
    found = run(made, both(21, 40, 4), now_s=40)
    assert [(e.kind, e.zone_id) for e in found.events] == [
        (EventKind.END, "0"),
        (EventKind.CROWD, "7"),
    ]


def test_the_full_frame_counts_again_when_the_zone_is_gone() -> None:
    made = detector()
    run(made, both(0, 5, 0), now_s=5)
    for now_s in range(6, 100, 5):
        made.process(crowd(now_s, now_s + 4, 4), at(now_s + 4))
        made.expire(at(now_s + 4))
    assert zones_of(made.drain(checkpoint=True)) == ["0"]


def test_a_camera_that_was_away_does_not_alert_twice() -> None:
    made = detector()
    run(made, both(0, 5, 0), now_s=5)
    for now_s in range(10, 600, 5):
        made.expire(at(now_s))
    assert zones_of(run(made, both(600, 620, 4), now_s=620)) == ["7"]


def test_after_a_restart_the_full_frame_still_steps_back() -> None:
    before, after = detector(dwell_s=0), detector(dwell_s=0)
    states = run(before, both(0, 5, 4), now_s=5).states
    after.restore(states, at(8))
    # Also if it is the first that is heard.
    assert zones_of(run(after, crowd(9, 10, 4), now_s=10)) == []


def test_other_rules_for_the_full_frame_hold_at_once() -> None:
    made = detector(full_frame="always")
    assert zones_of(run(made, both(0, 20, 4), now_s=20)) == ["0", "7"]
    made.follow(rules(), at(21))
    ended = made.drain(checkpoint=True).events
    assert [(e.kind, e.zone_id) for e in ended] == [(EventKind.END, "0")]
    made.follow(rules(full_frame="always"), at(22))
    assert zones_of(run(made, both(22, 40, 4), now_s=40)) == ["0"]


def test_a_zone_that_sees_vehicles_alone_is_none_of_people() -> None:
    lorries = [frame(f"/merakimv/{GATE}/7", {"ts": NOON_MS, "counts": {"vehicle": 2}})]
    found = run(detector(), [*lorries, *crowd(0, 20, 4)])
    assert zones_of(found) == ["0"]
