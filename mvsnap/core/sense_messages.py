"""Messages of MV Sense cameras and MT sensors: bytes in, values or BadMessage out.

Pure. Unknown keys are ignored: new firmware adds some. A key that is null is absent;
keys, events and types may be spelled differently. A time that cannot be right is
ODD_TIME: what happened is true all the same.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mvsnap.core.sense_topics import Topic as Topic
from mvsnap.core.sense_topics import TopicKind as TopicKind
from mvsnap.core.sense_topics import parse_topic as parse_topic
from mvsnap.core.strict_json import (
    END_MS,
    FIRST_MS,
    ODD_TIME,
    moment,
    number_of,
    one_line,
    parse,
    parse_object,
    refuse,
    shown,
    time_ms,
    truth,
    value_of,
    whole_number,
)
from mvsnap.core.strict_json import BadMessage as BadMessage
from mvsnap.spelling import fold

MAX_PEOPLE = 100_000
MAX_LEVEL_DB = 200
MAX_FIELDS = 20
MAX_NAMES = 20
MAX_TEXT = 200
_MAX_NAME = 64

Scalar = str | int | float | bool


class CrossingEvent(StrEnum):
    IN = "crossing_in"
    OUT = "crossing_out"
    APPEARED = "appeared"
    EXPIRED = "expired"


class CrossingType(StrEnum):
    PERSON = "person"
    VEHICLE = "vehicle"


_CROSSING_EVENTS = {fold(event): event for event in CrossingEvent}
_CROSSING_TYPES = {fold(type_): type_ for type_ in CrossingType}


class Crossing(Struct, frozen=True):
    """An object at a line; `ts_ms` and `object_id` are 0 if the message has none.

    ts_ms: ODD_TIME if it cannot be right.
    """

    ts_ms: int
    event: CrossingEvent
    type: CrossingType
    label: str
    object_id: int


class SensorReading(Struct, frozen=True):
    """A reading of a sensor; `at` is None if the message has no time.

    has_odd_time: it has one, which cannot be right.
    """

    at: datetime | None
    fields: dict[str, Scalar]
    has_odd_time: bool = False


_Many = Annotated[int, msgspec.Meta(ge=0, le=MAX_PEOPLE)]
_Time = Annotated[int, msgspec.Meta(ge=FIRST_MS, lt=END_MS)]


class _Counts(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    person: _Many | None | UnsetType = UNSET
    vehicle: _Many | None | UnsetType = UNSET


class _CountsMessage(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    ts: _Time | None
    counts: _Counts


_usual_counts = msgspec.json.Decoder(_CountsMessage).decode
_NOT_USUAL = (msgspec.MsgspecError, ValueError, RecursionError)


def decode_counts(payload: bytes) -> tuple[int, int] | None:
    """Return (ts_ms, people); None if the message is not about people.

    `{"ts":1714632612326,"counts":{"vehicle":0,"person":3}}`; 2018 firmware sent a bare
    `3`, of which ts_ms is 0. ts_ms is ODD_TIME if it cannot be right. Cameras send this
    constantly, so the usual shape takes a shortcut; all others, valid or not, are
    parsed completely.

    Raises:
        BadMessage
    """
    try:
        message = _usual_counts(payload)
    except _NOT_USUAL:
        return _unusual_counts(payload)
    person = message.counts.person
    # Only keys are quoted here: more quotes than these keys have mean a duplicate key.
    quotes = 4 if message.counts.vehicle is UNSET else 6
    if person is UNSET:
        if payload.count(b'"') == quotes:
            return None
    elif payload.count(b'"') == quotes + 2:
        return None if person is None else (message.ts or 0, person)
    return _unusual_counts(payload)


def _unusual_counts(payload: bytes) -> tuple[int, int] | None:
    message = parse(payload)
    if not isinstance(message, dict):
        return 0, whole_number("people", message, 0, MAX_PEOPLE)
    ts_ms = time_ms(message)
    counts = value_of(message, "counts")
    if not isinstance(counts, dict):
        refuse("counts: expected an object", counts)
    person = value_of(counts, "person")
    if person is None:
        return None
    return ts_ms, whole_number("person", person, 0, MAX_PEOPLE)


def decode_audio_level(payload: bytes) -> tuple[int, int]:
    """Return (ts_ms, level_db); ts_ms is 0 when the message has no time.

    `{"ts":1642564552000,"audioLevel":-45}`

    Raises:
        BadMessage
    """
    message = parse_object(payload)
    level = number_of(value_of(message, "audioLevel"))
    if isinstance(level, float):
        level = round(level)
    return time_ms(message), whole_number(
        "audioLevel", level, -MAX_LEVEL_DB, MAX_LEVEL_DB
    )


def decode_crossing(payload: bytes) -> Crossing:
    """Return the crossing.

    `{"label":"Gate","event":"crossing_in","type":"person","ts":1642564552000,
    "object_id":17}`

    Raises:
        BadMessage
    """
    message = parse_object(payload)
    event = _CROSSING_EVENTS.get(_folded(message, "event"))
    type_ = _CROSSING_TYPES.get(_folded(message, "type"))
    if event is None or type_ is None:
        said = shown(message.get("event", "")), shown(message.get("type", ""))
        raise BadMessage(f"event, type: unknown: {', '.join(said)}")
    label = value_of(message, "label")
    return Crossing(
        time_ms(message),
        event,
        type_,
        one_line(label, MAX_TEXT) if isinstance(label, str) else "",
        _object_id(value_of(message, "object_id")),
    )


def _folded(message: dict[str, Any], name: str) -> str:
    value = value_of(message, name)
    return fold(value) if isinstance(value, str) else ""


def _object_id(value: object) -> int:
    """Return the number, 0 for none: an odd one must not hide a crossing."""
    number = number_of(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return 0
    return int(number)


def decode_audio_detections(payload: bytes) -> tuple[str, ...]:
    """Return the names of the sounds, at most `MAX_NAMES`.

    `[{"name":"fireAlarm"}]` gives ("fireAlarm",)

    Raises:
        BadMessage
    """
    found = parse(payload)
    if not isinstance(found, list):
        refuse("expected a list", found)
    named = [value_of(sound, "name") for sound in found if isinstance(sound, dict)]
    names = [
        one_line(name, MAX_TEXT) for name in named if name and isinstance(name, str)
    ]
    # One invalid entry must not hide the alarm next to it; only invalid ones are an
    # error.
    if found and not names:
        refuse("expected a list of names", found)
    return tuple(names[:MAX_NAMES])


# The key of each metric's value: that of most firmware; some use "value".
_STATES = {"door": "open", "waterDetection": "wet"}
_PRESSES = {"shortpress": "shortPress", "longpress": "longPress"}


def decode_sensor(metric: str, payload: bytes) -> SensorReading:
    """Return an MT sensor's reading of `metric` (the `part` of its topic).

    `{"open":true,"ts":"2026-01-28T12:00:00Z"}` for a door; a button sends
    `{"action":"longPress","pressDuration":2,"ts":"2026-01-28T12:00:00Z"}`

    Fields: a door has `open`, a waterDetection `wet`; an `action` is shortPress or
        longPress in any spelling. Others are kept, unless they are lists or objects.

    Raises:
        BadMessage
    """
    message = parse_object(payload)
    at, has_odd_time = moment(message), time_ms(message) == ODD_TIME
    _take(message, "ts")
    fields: dict[str, Scalar] = {}
    if state := _STATES.get(metric):
        value = _take(message, state)
        fields[state] = _truth(
            state, _take(message, "value") if value is None else value
        )
    elif metric.startswith("button"):
        fields = _press(message)
    elif (found := truth(value_of(message, "value"))) is not None:
        _take(message, "value")
        fields["value"] = found
    for name, value in message.items():
        if isinstance(value, Scalar) and len(fields) < MAX_FIELDS:
            kept = one_line(value, MAX_TEXT) if isinstance(value, str) else value
            fields.setdefault(one_line(name, _MAX_NAME), kept)
    return SensorReading(at, fields, has_odd_time)


def _press(message: dict[str, Any]) -> dict[str, Scalar]:
    """Extract the fields of a button from its message."""
    fields: dict[str, Scalar] = {}
    action = _take(message, "action")
    if action is not None:
        if not isinstance(action, str):
            refuse("action: expected text", action)
        spelled = fold(action[:MAX_TEXT])
        fields["action"] = _PRESSES.get(spelled) or one_line(action, MAX_TEXT)
    duration_s = number_of(_take(message, "pressDuration"))
    if isinstance(duration_s, int | float) and not isinstance(duration_s, bool):
        fields["pressDuration"] = duration_s
    return fields


def _truth(name: str, value: object) -> bool:
    found = truth(value)
    if found is None:
        refuse(f"{name}: expected true or false", value)
    return found


def _take(message: dict[str, Any], name: str) -> Any:
    """Remove a key in every spelling; return its value, None if absent or null."""
    found, wanted = value_of(message, name), fold(name)
    for key in [key for key in message if fold(key) == wanted]:
        del message[key]
    return found
