"""The detector on frames as the broker sends them; time comes with the data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.domain import FULL_FRAME, Event, EventKind, Mute, Presence
from mvsnap.sense.detector import Detector
from mvsnap.sense.events import Names
from mvsnap.sense.framing import Frame
from tests.core.build import DOOR, GATE
from tests.sense.frames import (
    NOON_MS,
    at,
    count,
    crowd,
    detector,
    frame,
    ignore,
    rules,
    run,
)


def test_a_crowd_is_an_event_with_its_beginning_and_its_numbers() -> None:
    (event,) = run(detector(), crowd(0, 10, 4)).events
    assert (event.kind, event.serial, event.zone_id) == (EventKind.CROWD, GATE, "0")
    assert (event.occurred_at, event.recorded_at) == (at(0), at(100))
    assert (event.title, event.zone_name) == ("Crowd: 4 people", "Full Frame")
    assert event.details == {
        "people": 4,
        "limit": 3,
        "dwell_s": 10.0,
        "raised_at": "2026-03-04T12:00:10.000Z",
    }


def test_a_crowd_that_fewer_began_says_how_many_stayed() -> None:
    made = detector(people_to_start=1)
    (event,) = run(made, [*crowd(0, 8, 1), *crowd(9, 10, 4)]).events
    assert (event.occurred_at, event.details["raised_at"][17:19]) == (at(0), "10")  # type: ignore[index]
    assert (event.details["limit"], event.details["stayed"]) == (3, 1)


def test_an_exception_has_thresholds_of_its_own() -> None:
    own = {"serial": GATE, "zone": "1", "people_to_start": 2, "people_to_end": 1}
    made = detector(people_to_start=3, overrides=[own])
    zones = ("1", "2")
    frames = [
        count(second, people, zone=zone)
        for second, people in enumerate([2] * 9 + [3] * 4 + [1] * 9)
        for zone in zones
    ]
    found = run(made, frames).events
    assert [(e.zone_id, e.kind) for e in found] == [("1", EventKind.CROWD)]


def test_its_end_names_the_event_it_ends_and_shares_its_job() -> None:
    found = run(detector(), [*crowd(0, 10, 4), *crowd(11, 20, 6), *crowd(21, 24, 0)])
    begun, end = found.events
    assert end.kind is EventKind.END
    assert (end.occurred_at, end.job_id) == (at(20), begun.job_id)
    assert end.details == {
        "of": begun.id,
        "peak": 6,
        "unit": "people",
        "duration_s": 20.0,
    }


def test_two_listeners_give_the_same_crowd_the_same_id() -> None:
    first, second = (run(detector(), crowd(0, 10, 4)).events for _ in range(2))
    assert first == second
    (other,) = run(detector(), crowd(0, 10, 4, zone="12")).events
    assert other.id != first[0].id


def test_zones_and_cameras_are_watched_apart() -> None:
    frames = [
        f
        for second in range(11)
        for f in (
            count(second, 3, zone="1"),
            count(second, 2, zone="2"),
            count(second, 9, zone="1", serial=DOOR),
        )
    ]
    events = run(detector(), frames).events
    assert {(e.serial, e.zone_id) for e in events} == {(GATE, "1"), (DOOR, "1")}


@pytest.mark.parametrize(
    ("settings", "raised"),
    [
        pytest.param({"cameras": [DOOR]}, 0, id="another camera"),
        pytest.param({"cameras": [GATE]}, 1, id="this camera"),
        pytest.param({"zones": ["7"]}, 0, id="another zone"),
        pytest.param({"zones": ["0"]}, 1, id="this zone"),
        pytest.param({"overrides": [{"serial": GATE, "people": 5}]}, 0, id="override"),
        pytest.param(
            {
                "overrides": [
                    {"serial": GATE, "zone": "0", "people": 2},
                    {"serial": GATE, "people": 5},
                ]
            },
            1,
            id="the zone's own before the camera's",
        ),
    ],
)
def test_cameras_zones_and_rules_are_chosen_in_the_settings(
    settings: dict[str, Any], raised: int
) -> None:
    assert len(run(detector(**settings), crowd(0, 10, 4)).events) == raised


def test_rules_that_change_judge_what_is_under_way() -> None:
    made = detector(people=9)
    assert run(made, crowd(0, 10, 4)).events == []
    made.follow(rules(people=4), at(10))
    assert len(run(made, crowd(11, 21, 4)).events) == 1


def test_a_muted_crowd_is_noted_with_who_muted_it() -> None:
    made = detector()
    made.events.names = Names(mutes=[Mute("m", at(200), at(0), "anna", GATE)])
    (event,) = run(made, crowd(0, 10, 4)).events
    assert event.details["muted_by"] == "anna"


def test_names_of_the_dashboard_are_used() -> None:
    made = detector()
    made.events.names = Names({GATE: "Gate North"}, {(GATE, "0"): "Hall"})
    (event,) = run(made, crowd(0, 10, 4)).events
    assert (event.camera_name, event.zone_name) == ("Gate North", "Hall")


def test_who_was_there_is_a_presence() -> None:
    found = run(detector(), [*crowd(0, 9, 2), *crowd(10, 15, 0)])
    assert found.presences == [Presence(GATE, FULL_FRAME, at(0), at(9), 2)]


def test_a_stamp_that_cannot_be_right_counts_as_now() -> None:
    for wrong_s in (3_600, -200_000):
        (event,) = run(detector(dwell_s=0), [count(wrong_s, 3)], now_s=50).events
        assert event.occurred_at == at(50)


def test_a_clock_that_is_minutes_slow_does_not_make_a_camera_silent() -> None:
    made = detector()
    for second in range(600):
        made.process([count(second - 120, 5)], at(second))
        if second % 5 == 0:
            made.expire(at(second))
    assert [e.kind for e in made.drain(checkpoint=True).events] == [EventKind.CROWD]


@pytest.mark.parametrize(
    ("first_s", "then_s"),
    [
        pytest.param(3 * 86_400, 0, id="ours was three days ahead"),
        pytest.param(0, -1_800, id="the camera's was set back half an hour"),
    ],
)
def test_after_a_clock_was_set_back_crowds_are_seen_again(
    first_s: int, then_s: int
) -> None:
    made = detector()
    made.process([count(first_s, 0)], at(first_s))
    for second in range(1, 120):
        made.process([count(then_s + second, 5)], at(second))
    assert len(made.drain(checkpoint=True).events) == 1


def test_two_spellings_of_a_topic_are_one_zone() -> None:
    made = detector()
    for second in range(11):
        topic, payload, *rest = count(second, 4)
        other = topic.removeprefix(b"/").replace(b"Q2SM", b"q2sm")
        made.process([(topic if second % 2 else other, payload, False, 0)], at(second))
    assert len(made.drain(checkpoint=True).events) == 1


def test_a_restart_of_minutes_does_not_end_what_goes_on() -> None:
    first, second = detector(), detector()
    before = run(first, crowd(0, 10, 4), now_s=10)
    second.restore(before.states, at(120))
    second.expire(at(121))
    second.process(crowd(11, 120, 4), at(121))
    assert second.drain(checkpoint=True).events == []


def test_what_is_under_way_ends_when_nobody_listens_any_more() -> None:
    made = detector()
    run(made, crowd(0, 10, 4))
    made.finish(at(11))
    (end,) = made.drain(checkpoint=False).events
    assert (end.kind, end.occurred_at) == (EventKind.END, at(10))


def test_a_muted_crowd_does_not_hold_back_the_next_one() -> None:
    made = detector(cooldown_s=1000)
    made.events.names = Names(mutes=[Mute("m", at(15), at(0), "anna", GATE)])
    made.process([*crowd(0, 11, 4), *crowd(12, 15, 0)], at(12))
    made.events.names = Names()
    made.process(crowd(20, 31, 4), at(31))
    reported = [e.details.get("muted_by") for e in made.drain(checkpoint=True).events]
    assert reported == ["anna", None, None]


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([frame(f"/merakimv/{GATE}/0", [])], id="a list"),
        pytest.param([frame(f"/merakimv/{GATE}/light", {"lux": 3.1})], id="light"),
        pytest.param([frame("elsewhere", {"ts": 1})], id="another topic"),
        pytest.param([(b"\xff\x00", b"\xff", False, 0)], id="no text"),
        pytest.param(
            [frame(f"/merakimv/{GATE}/raw_detections", {"ts": 1, "objects": []})],
            id="detections",
        ),
    ],
)
def test_a_topic_without_counts_is_not_watched(frames: list[Frame]) -> None:
    made = detector()
    found = run(made, frames)
    assert (found.events, found.presences, found.states) == ([], [], {})
    assert made.topics == 0


def test_a_vehicle_says_nothing_about_people() -> None:
    body = {"ts": NOON_MS, "counts": {"vehicle": 7}}
    assert run(detector(dwell_s=0), [frame(f"/merakimv/{GATE}/0", body)]).events == []


def test_invented_topics_do_not_fill_the_memory(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = Detector(rules(), ignore, most=100)
    flood = [count(1, 0, zone=str(number)) for number in range(5_000)]
    flood += [frame(f"/merakimv/{GATE}/x{number}", 1) for number in range(50_000)]
    made.process(flood, at(1))
    assert made.topics == 100
    assert len(made._others) <= 20_001
    assert len([r for r in caplog.records if "are ignored" in r.message]) == 1
    assert made.refused == 4_900
    # A minute later those that said nothing more make room.
    made.process([count(70, 3, zone="0")], at(70))
    made.expire(at(70))
    assert made.refused == 4_900  # told for a minute or two
    made.expire(at(3_700))
    assert (made.topics, made.refused) == (0, 0)


def test_crowds_end_when_messages_stop(caplog: pytest.LogCaptureFixture) -> None:
    made = detector()
    run(made, crowd(0, 10, 4), now_s=10)
    made.expire(at(70))
    assert made.drain(checkpoint=False).events == []
    made.expire(at(71))
    (end,) = made.drain(checkpoint=False).events
    assert (end.kind, end.occurred_at) == (EventKind.END, at(10))


def all_of(made: Detector, batches: Iterable[list[Frame]]) -> tuple[Any, ...]:
    events: list[Event] = []
    presences: list[Presence] = []
    for batch in batches:
        found = run(made, batch)
        events += found.events
        presences += found.presences
    return events, presences


scripts = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 5), st.sampled_from("12")), max_size=50
)


@given(scripts, st.lists(st.integers(1, 10), max_size=20))
def test_the_same_messages_give_the_same_events_whatever_the_batching(
    script: list[tuple[int, int, str]], sizes: list[int]
) -> None:
    frames = [count(second, people, zone=zone) for second, people, zone in script]
    batches, left = [], list(frames)
    for size in sizes:
        batches.append(left[:size])
        left = left[size:]
    assert all_of(detector(), [*batches, left]) == all_of(detector(), [frames])


@given(
    # One message of a zone at a time, and in order: when an empty zone was seen last is
    # not worth a write, so a restart does not know that a message comes twice.
    st.lists(
        st.tuples(st.integers(0, 99), st.integers(0, 5), st.sampled_from("12")),
        max_size=50,
        unique_by=lambda step: (step[0], step[2]),
    ),
    st.integers(0, 50),
)
def test_a_restart_in_between_changes_nothing(
    script: list[tuple[int, int, str]], cut: int
) -> None:
    ordered = sorted(script)
    frames = [count(second, people, zone=zone) for second, people, zone in ordered]
    first, second = detector(), detector()
    before = run(first, frames[:cut])
    states = before.states
    kept = {key: json.loads(json.dumps(s)) for key, s in states.items()}
    second.restore(kept, at(100))
    after = run(second, frames[cut:])
    whole = all_of(detector(), [frames])
    assert ([*before.events, *after.events], [*before.presences, *after.presences]) == (
        whole
    )


def test_what_a_restart_must_know_is_asked_for_at_once() -> None:
    made = detector()
    made.process([count(0, 0)], at(0))
    assert not made.needs_saving
    made.process([count(1, 3)], at(1))
    assert made.needs_saving
    assert made.drain(checkpoint=False).states
    assert not made.needs_saving
    run(made, crowd(2, 30, 3))
    made.process([count(31, 3)], at(31))
    assert not made.needs_saving  # raised, and only the time goes on
    assert not made.drain(checkpoint=False).states
    assert made.drain(checkpoint=True).states


def test_last_seen_of_each_camera_is_known() -> None:
    made = detector()
    made.process([count(1, 0, zone="1"), count(2, 0, zone="2")], at(5))
    assert made.last_seen(at(0)) == {GATE: at(5)}
    assert made.last_seen(at(5)) == {}
    assert at(5).tzinfo is UTC


@pytest.mark.parametrize("ts", ["soon", -1, 10**10, NOON_MS - 3 * 86_400_000])
def test_a_time_that_cannot_be_right_is_said_once_and_arrival_is_used(
    ts: object, caplog: pytest.LogCaptureFixture
) -> None:
    made = detector(dwell_s=0)
    body = {"ts": ts, "counts": {"person": 3}}
    for second in range(10):
        zone = frame(f"/merakimv/{GATE}/0", body)
        made.process([zone], at(second))
    made.expire(at(10))
    found = made.drain(checkpoint=False)
    assert [event.kind for event in found.events] == [EventKind.CROWD]
    assert len([r for r in caplog.records if GATE in r.getMessage()]) == 1
    assert made.bad_messages == 0


def test_a_camera_that_others_watch_now_leaves_nothing() -> None:
    made = detector(crossings=[{}], noise={"level_db": -20, "dwell_s": 0}, dwell_s=0)
    line = {"event": "crossing_in", "type": "person", "ts": NOON_MS, "object_id": 1}
    for serial in (GATE, DOOR):
        noise = frame(
            f"/merakimv/{serial}/audio_analytics", {"ts": NOON_MS, "audioLevel": -10}
        )
        crossing = frame(f"/merakimv/{serial}/crossing/k1", line)
        made.process([count(0, 4, serial=serial), noise, crossing], at(0))
    made.drop(lambda source: source == GATE)
    found = made.drain(checkpoint=True)
    assert {event.serial for event in found.events} == {DOOR}
    assert {serial for serial, _ in found.states} == {DOOR}
    made.expire(at(100))
    assert {event.serial for event in made.drain(checkpoint=True).events} == {DOOR}


def test_what_was_seen_already_is_no_clock_that_was_set_back() -> None:
    first, made = detector(), detector()
    frames = [count(second / 4, 4) for second in range(400)]
    made.restore(run(first, frames, now_s=100).states, at(100))
    made.expect_old(400)
    for second in range(100):
        made.process(frames[4 * second : 4 * second + 4], at(second))
    made.expect_old(0)
    made.process([count(101, 0), count(110, 0)], at(110))
    events = made.drain(checkpoint=False).events
    assert [event.kind for event in events] == [EventKind.END]
