from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.core.sense_messages import (
    MAX_NAMES,
    BadMessage,
    Crossing,
    CrossingEvent,
    CrossingType,
    decode_audio_detections,
    decode_audio_level,
    decode_counts,
    decode_crossing,
)
from mvsnap.core.strict_json import ODD_TIME
from tests.core.sense_build import CROSSED, TS, message, refusal

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
times_ms = st.integers(100_000_000_000, 7_000_000_000_000)
people = st.integers(0, 100_000)
ODD_TIMES: list[object] = [
    *(-1, 10**13, 10**10, True, False, "now", "-5"),
    *("", "\u0663", [], {}, "1970-01-02T04:00:00Z"),
    *("9999-12-31T23:59:59-14:00", "9" * 400),
]


def counts(**given: Any) -> bytes:
    return message(ts=TS, counts=given)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        pytest.param(counts(person=2, vehicle=0), (TS, 2), id="both"),
        pytest.param(counts(vehicle=3, person=0), (TS, 0), id="nobody"),
        pytest.param(counts(person=4), (TS, 4), id="people only"),
        pytest.param(counts(vehicle=4), None, id="vehicles only"),
        pytest.param(counts(), None, id="nothing counted"),
        pytest.param(
            b'{"ts":1572567835359, "counts":{"person":1}}',
            (1_572_567_835_359, 1),
            id="blanks as in 2019",
        ),
        pytest.param(
            b' {\n\t"counts" : {\r\n"person" :5 }, "ts":1572567835359 } \n',
            (1_572_567_835_359, 5),
            id="blanks everywhere",
        ),
        pytest.param(b"3", (0, 3), id="a bare number as in 2018"),
        pytest.param(b" 0\n", (0, 0), id="a bare zero"),
        pytest.param(b'{"counts":{"person":1}}', (0, 1), id="no time"),
        pytest.param(counts(person=1, dog=2), (TS, 1), id="an unknown kind"),
        pytest.param(
            message(ts=TS, counts={"person": 1}, zones=[{"id": "0"}], v="2"),
            (TS, 1),
            id="unknown keys",
        ),
        pytest.param(counts(person=1, vehicle="many"), (TS, 1), id="odd vehicles"),
        pytest.param(counts(person=2.0), (TS, 2), id="people as a float"),
        pytest.param(counts(person=100_000), (TS, 100_000), id="very many"),
        pytest.param(
            message(ts=1_767_225_600, counts={"person": 1}),
            (1_767_225_600_000, 1),
            id="seconds",
        ),
        pytest.param(
            message(ts=float(TS), counts={"person": 1}), (TS, 1), id="time as a float"
        ),
        pytest.param(
            message(ts=str(TS), counts={"person": 1}), (TS, 1), id="time as a text"
        ),
        pytest.param(
            message(ts="1767225600", counts={"person": 1}),
            (1_767_225_600_000, 1),
            id="seconds as a text",
        ),
        pytest.param(
            message(ts=99_999_999_999 // 100, counts={"person": 1}),
            (999_999_999_000, 1),
            id="the year 2001 in seconds",
        ),
        pytest.param(
            rb'{"t\u0073":1572567835359,"counts":{"p\u0065rson":1}}',
            (1_572_567_835_359, 1),
            id="keys with escapes",
        ),
    ],
)
def test_counts_are_read_in_every_shape_that_cameras_send(
    payload: bytes, found: tuple[int, int] | None
) -> None:
    assert decode_counts(payload) == found


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        pytest.param(message(ts=None, counts={"person": 1}), (0, 1), id="time"),
        pytest.param(counts(person=None), None, id="people"),
        pytest.param(counts(person=None, vehicle=2), None, id="people, not vehicles"),
        pytest.param(counts(person=2, vehicle=None), (TS, 2), id="vehicles"),
        pytest.param(
            message(ts=TS, label=None, counts={"person": 1}), (TS, 1), id="label"
        ),
    ],
)
def test_a_key_that_is_null_is_a_key_that_is_absent(
    payload: bytes, found: tuple[int, int] | None
) -> None:
    assert decode_counts(payload) == found


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        pytest.param(counts(Person=2.0), (TS, 2), id="Person"),
        pytest.param(message(TS=TS, Counts={"PERSON": "3"}), (TS, 3), id="capitals"),
        pytest.param(counts(person=" 4 "), (TS, 4), id="a text"),
        pytest.param(counts(person="4.0"), (TS, 4), id="a float as a text"),
        pytest.param(counts(person=None, Person=1), (TS, 1), id="null in one spelling"),
        pytest.param(b'"1"', (0, 1), id="a bare text"),
    ],
)
def test_counts_in_other_spellings_are_read(
    payload: bytes, found: tuple[int, int]
) -> None:
    assert decode_counts(payload) == found


@pytest.mark.parametrize(
    ("ts", "found"),
    [
        ("2026-01-01T00:00:00.123Z", TS),
        ("2026-01-01T01:00:00.123+01:00", TS),
        ("2026-01-01 00:00:00.123", TS),
        (TS / 1000, TS),
        (str(TS / 1000), TS),
        (TS + 0.4, TS),
        (TS * 1000, TS),
        (TS * 1_000_000, TS),
        (0, 0),
        (0.0, 0),
        ("0", 0),
        (None, 0),
        *((odd, ODD_TIME) for odd in ODD_TIMES),
    ],
    ids=ascii,
)
def test_a_time_is_read_in_every_shape_and_an_odd_one_drops_nothing(
    ts: object, found: int
) -> None:
    assert decode_counts(message(ts=ts, counts={"person": 1})) == (found, 1)
    assert decode_audio_level(message(ts=ts, audioLevel=-45)) == (found, -45)
    assert decode_crossing(message(**CROSSED | {"ts": ts})).ts_ms == found


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(counts(person=-1), id="fewer than nobody"),
        pytest.param(b"-1", id="a bare negative"),
        pytest.param(counts(person=100_001), id="too many"),
        pytest.param(b"100001", id="too many, bare"),
        pytest.param(counts(person=True), id="true"),
        pytest.param(b"true", id="a bare true"),
        pytest.param(counts(person=1.5), id="half a person"),
        pytest.param(b'{"ts":1572567835359,"counts":{"person":1e999}}', id="1e999"),
        pytest.param(counts(person=[1]), id="a list of people"),
        pytest.param(message(ts=TS, counts=1), id="counts is a number"),
        pytest.param(message(ts=TS, counts=None), id="counts is null"),
        pytest.param(message(ts=TS), id="no counts"),
        pytest.param(b"[]", id="a list"),
        pytest.param(
            b'{"ts":1572567835359,"counts":{"person":1,"person":9}}', id="people twice"
        ),
        pytest.param(
            b'{"ts":1572567835359,"counts":{"person":1,"p\\u0065rson":9}}',
            id="people twice, once with an escape",
        ),
        pytest.param(
            b'{"ts":1572567835359,"ts":1,"counts":{"person":1}}', id="time twice"
        ),
        pytest.param(
            b'{"ts":1572567835359,"counts":{"person":9},"counts":{"vehicle":1}}',
            id="counts twice",
        ),
        pytest.param(
            b'{"ts":1572567835359,"counts":{"vehicle":1,"vehicle":1}}',
            id="vehicles twice",
        ),
        pytest.param(
            b'{"ts":1572567835359,"x":1,"x":2,"counts":{"person":1}}',
            id="an unknown key twice",
        ),
        pytest.param(
            b'{"ts":1572567835359,"x":"\xff","counts":{"person":1}}',
            id="not UTF-8 in an unknown key",
        ),
    ],
)
def test_counts_that_cannot_be_true_are_refused(payload: bytes) -> None:
    with pytest.raises(BadMessage):
        decode_counts(payload)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"ts":NaN,"counts":{"person":2}}', id="NaN for a time"),
        pytest.param(b'{"counts":{"person":2,"vehicle":NaN}}', id="NaN for vehicles"),
        pytest.param(b'\xef\xbb\xbf{"counts":{"person":2}}', id="a byte order mark"),
        pytest.param(b'{"counts":{"person":2}}\0', id="a NUL at the end"),
        pytest.param(b'{"label":"a\nb","counts":{"person":2}}', id="a line break"),
    ],
)
def test_counts_with_one_meaning_are_read(payload: bytes) -> None:
    assert decode_counts(payload) == (0, 2)
    nobody = payload.replace(b":2", b":NaN")
    assert decode_counts(nobody) is None


@given(ts_ms=times_ms, persons=people, vehicles=people, blank=st.sampled_from(" \n\t"))
def test_counts_come_back_whatever_their_order_and_blanks(
    ts_ms: int, persons: int, vehicles: int, blank: str
) -> None:
    one = f'{{"ts":{ts_ms},{blank}"counts":{{"person":{persons}{blank}}}}}'
    other = f'{{"counts":{{"vehicle":{vehicles},"person":{persons}}},"ts":{ts_ms}}}'
    for text in (one, other):
        assert decode_counts(text.encode()) == (ts_ms, persons)


@given(
    given=st.dictionaries(st.sampled_from(["person", "vehicle"]), scalars),
    ts=scalars | times_ms,
)
def test_an_unknown_key_changes_nothing(given: dict[str, Any], ts: Any) -> None:
    # The shortcut does not accept unknown keys: both ways must agree.
    usual = message(ts=ts, counts=given)
    other = message(ts=ts, counts=given, firmware="4.20")
    assert refusal(decode_counts, usual) == refusal(decode_counts, other)
    if not refusal(decode_counts, usual):
        assert decode_counts(usual) == decode_counts(other)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        pytest.param(message(ts=TS, audioLevel=-45), (TS, -45), id="whole"),
        pytest.param(message(ts=TS, audioLevel=-45.4), (TS, -45), id="rounded up"),
        pytest.param(message(ts=TS, audioLevel=-45.6), (TS, -46), id="rounded down"),
        pytest.param(message(audioLevel=0), (0, 0), id="no time"),
        pytest.param(message(ts=TS, audioLevel=200, x=[]), (TS, 200), id="loudest"),
        pytest.param(message(ts=TS, audioLevel=-200), (TS, -200), id="quietest"),
        pytest.param(message(ts=TS, audioLevel="-45.4"), (TS, -45), id="a text"),
        pytest.param(message(ts=None, AudioLevel=-45), (0, -45), id="time is null"),
    ],
)
def test_an_audio_level_is_whole_decibels(
    payload: bytes, found: tuple[int, int]
) -> None:
    assert decode_audio_level(payload) == found


@pytest.mark.parametrize("level", [-201, 201, 1e300, True, None, "loud", [-45], {}])
def test_an_audio_level_that_cannot_be_true_is_refused(level: object) -> None:
    with pytest.raises(BadMessage):
        decode_audio_level(message(ts=TS, audioLevel=level))


def test_an_audio_level_must_be_there() -> None:
    with pytest.raises(BadMessage):
        decode_audio_level(message(ts=TS))


@pytest.mark.parametrize("event", list(CrossingEvent))
@pytest.mark.parametrize("type_", list(CrossingType))
def test_a_crossing_is_read(event: CrossingEvent, type_: CrossingType) -> None:
    payload = message(**CROSSED | {"event": event, "type": type_})
    assert decode_crossing(payload) == Crossing(TS, event, type_, "Gate", 17)


def test_a_crossing_may_lack_its_label_object_and_time() -> None:
    payload = message(event="expired", type="vehicle", label=None)
    expired = CrossingEvent.EXPIRED
    assert decode_crossing(payload) == Crossing(0, expired, CrossingType.VEHICLE, "", 0)


@pytest.mark.parametrize(
    "given",
    [
        {"event": "crossing_up"},
        {"event": None},
        {"event": ["crossing_in"]},
        {"event": {}},
        {"type": "dog"},
        {"type": 1},
        {"type": None},
    ],
    ids=str,
)
def test_a_crossing_we_do_not_know_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        decode_crossing(message(**CROSSED | given))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"object_id": None}, 0),
        ({"object_id": "17"}, 17),
        ({"object_id": 17.0}, 17),
        ({"object_id": True}, 0),
        ({"object_id": "unknown"}, 0),
        ({"object_id": [17]}, 0),
        ({"type": "Person"}, 17),
        ({"event": "Crossing_In", "label": None}, 17),
        ({"event": "crossingIn"}, 17),
    ],
    ids=str,
)
def test_a_crossing_counts_whatever_its_object_and_spelling(
    given: dict[str, Any], found: int
) -> None:
    crossing = decode_crossing(message(**CROSSED | given))
    assert (crossing.event, crossing.type) == (CrossingEvent.IN, CrossingType.PERSON)
    assert crossing.object_id == found


def test_a_crossing_without_an_event_is_refused() -> None:
    with pytest.raises(BadMessage):
        decode_crossing(message(ts=TS, type="person"))


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        pytest.param(b'[{"name":"fireAlarm"}]', ("fireAlarm",), id="one"),
        pytest.param(b'[{"name":"a"},{"name":"b","ts":1}]', ("a", "b"), id="two"),
        pytest.param(b"[]", (), id="none"),
        pytest.param(b'[7,{"name":1},{"name":"fireAlarm"}]', ("fireAlarm",), id="odd"),
    ],
)
def test_sounds_are_read_by_name(payload: bytes, names: tuple[str, ...]) -> None:
    assert decode_audio_detections(payload) == names


@pytest.mark.parametrize(
    "payload", [b'{"name":"fireAlarm"}', b'[{"x":1}]', b'[{"name":""}]', b"[[]]", b"1"]
)
def test_a_list_of_no_names_is_refused(payload: bytes) -> None:
    with pytest.raises(BadMessage):
        decode_audio_detections(payload)


def test_no_more_sounds_are_read_than_make_sense() -> None:
    many = json.dumps([{"name": f"sound {n}"} for n in range(1000)]).encode()
    assert len(decode_audio_detections(many)) == MAX_NAMES
