"""Audio levels and line crossings become events under their rules."""

from __future__ import annotations

from mvsnap.domain import EventKind
from mvsnap.sense.detector import Detector
from tests.core.build import DOOR, GATE
from tests.sense.frames import (
    NOON_MS,
    at,
    detector,
    frame,
    ignore,
    rules,
    run,
)


def test_noise_that_lasts_is_an_event_of_its_own() -> None:
    made = detector(noise={"level_db": -20, "dwell_s": 5, "dropout_s": 2})
    levels = [(0, -40), (2, -18), (4, -12), (7, -15), (9, -45), (12, -45)]
    frames = [
        frame(
            f"/merakimv/{GATE}/audio_analytics",
            {"ts": NOON_MS + second * 1000, "audioLevel": level},
        )
        for second, level in levels
    ]
    loud, over = run(made, frames).events
    assert (loud.kind, loud.title) == (EventKind.NOISE, "Noise: -15 dB")
    assert (over.details["peak"], over.details["unit"]) == (-12, "dB")
    # Of the whole camera: there is no zone that could be named.
    assert {(e.zone_name, e.trigger.by) for e in (loud, over)} == {("", "")}


def test_noise_is_nothing_when_nobody_wants_to_know() -> None:
    body = {"ts": NOON_MS, "audioLevel": 0}
    frames = [frame(f"/merakimv/{GATE}/audio_analytics", body)]
    assert run(detector(), frames).events == []


def test_two_rules_of_one_line_are_two_events() -> None:
    made = detector(crossings=[{"count": 1}, {"count": 2}])
    frames = [
        frame(
            f"/merakimv/{GATE}/crossing/k1",
            {
                "event": "crossing_in",
                "type": "person",
                "ts": NOON_MS + number,
                "object_id": number,
            },
        )
        for number in (1, 2)
    ]
    first, second = run(made, frames).events
    assert first.id != second.id
    assert [e.details["count"] for e in (first, second)] == [1, 2]


def test_a_line_is_called_as_the_camera_calls_it() -> None:
    body = {"event": "crossing_in", "type": "person", "ts": NOON_MS, "object_id": 1}
    topic = f"/merakimv/{GATE}/crossing/k1"
    (named,) = run(
        detector(crossings=[{}]), [frame(topic, body | {"label": "Door"})]
    ).events
    (unnamed,) = run(detector(crossings=[{}]), [frame(topic, body)]).events
    assert (named.zone_name, unnamed.zone_name) == ("line Door", "line k1")
    assert named.id == unnamed.id


def test_lines_and_noises_of_long_ago_are_forgotten() -> None:
    made = detector(crossings=[{}], noise={"level_db": -20})
    line = {"event": "crossing_in", "type": "person", "ts": NOON_MS, "object_id": 1}
    sound = {"ts": NOON_MS, "audioLevel": -50}
    made.process([frame(f"/merakimv/{GATE}/crossing/k1", line)], at(0))
    made.process([frame(f"/merakimv/{GATE}/audio_analytics", sound)], at(0))
    made.expire(at(5_000))
    assert made._lines._watches == {}
    assert made._noises._watches == {}


def test_a_line_crossed_often_enough_is_an_event() -> None:
    made = detector(crossings=[{"line": "k74272e", "count": 2}])
    frames = [
        frame(
            f"/merakimv/{GATE}/crossing/{line}",
            {
                "label": "Door",
                "event": "crossing_in",
                "type": "person",
                "ts": NOON_MS + number,
                "object_id": number,
            },
        )
        for number, line in enumerate(["k74272e", "other", "k74272e"])
    ]
    (event,) = run(made, frames).events
    assert (event.kind, event.details["count"]) == (EventKind.CROSSING, 2)
    assert event.zone_id == "k74272e"


def test_crossings_without_a_time_and_an_object_all_count() -> None:
    made = detector(crossings=[{"serial": GATE, "line": "gate", "count": 3}])
    body = {"event": "crossing_in", "type": "Person", "ts": None, "object_id": None}
    found = run(made, [frame(f"/merakimv/{GATE}/crossing/gate", body)] * 3)
    (event,) = found.events
    assert event.details["count"] == 3


def test_lines_and_noises_above_the_limit_are_counted() -> None:
    rule = rules(crossings=[{}], noise={"level_db": -20})
    made = Detector(rule, ignore, most=1)
    line = {"event": "crossing_in", "type": "person", "ts": NOON_MS, "object_id": 1}
    loud = {"ts": NOON_MS, "audioLevel": -10}
    for serial in (GATE, DOOR, DOOR):
        noise = frame(f"/merakimv/{serial}/audio_analytics", loud)
        made.process([frame(f"/merakimv/{serial}/crossing/k1", line), noise], at(0))
    assert made.refused == 2
