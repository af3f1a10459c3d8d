from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mvsnap.core.sense_messages import (
    MAX_FIELDS,
    MAX_TEXT,
    BadMessage,
    SensorReading,
    decode_sensor,
)
from tests.core.sense_build import TS, message

AT = datetime(2026, 1, 1, tzinfo=UTC)
ISO = "2026-01-01T00:00:00Z"
OPEN: list[dict[str, Any]] = [
    *({"open": spelled} for spelled in (1, 1.0, "true", "Yes", "1")),
    *({"Open": True}, {"open": None, "value": "TRUE"}, {"Value": 1}),
]


@pytest.mark.parametrize(
    ("metric", "payload", "fields"),
    [
        pytest.param("door", message(open=True, ts=ISO), {"open": True}, id="door"),
        pytest.param(
            "door", message(value=False, ts=ISO), {"open": False}, id="door as value"
        ),
        pytest.param(
            "waterDetection", message(wet=True, ts=ISO), {"wet": True}, id="water"
        ),
        pytest.param(
            "waterDetection", message(value=True, ts=ISO), {"wet": True}, id="as value"
        ),
        pytest.param(
            "buttonReleased",
            message(action="longPress", pressDuration=2.5, ts=ISO),
            {"action": "longPress", "pressDuration": 2.5},
            id="button",
        ),
        pytest.param(
            "buttonReleased",
            message(action="Short Press", ts=ISO),
            {"action": "shortPress"},
            id="button with a blank",
        ),
        pytest.param(
            "buttonPressed",
            message(action="double Press", ts=ISO),
            {"action": "double Press"},
            id="another press",
        ),
        pytest.param("buttonPressed", message(ts=ISO), {}, id="only pressed"),
        *(
            pytest.param("door", message(ts=ISO, **said), {"open": True}, id=str(said))
            for said in OPEN
        ),
        *(
            pytest.param(
                "buttonReleased",
                message(ts=ISO, action="shortPress", pressDuration=odd),
                {"action": "shortPress"},
                id=f"a duration of {odd}",
            )
            for odd in (None, True, "long", [2])
        ),
        pytest.param(
            "buttonReleased",
            message(ts=ISO, Action="short_press", pressDuration="2"),
            {"action": "shortPress", "pressDuration": 2},
            id="other spellings",
        ),
        pytest.param(
            "buttonReleased", message(ts=ISO, action=None), {}, id="no action"
        ),
        pytest.param(
            "usbPowered", message(ts=ISO, value="0"), {"value": False}, id="a zero"
        ),
        pytest.param(
            "tamperDetection",
            message(value=True, level=3, note="x", parts=[1], more={}, no=None, ts=ISO),
            {"value": True, "level": 3, "note": "x"},
            id="others as they are",
        ),
    ],
)
def test_a_sensor_is_read(
    metric: str, payload: bytes, fields: dict[str, object]
) -> None:
    reading = decode_sensor(metric, payload)
    assert reading == SensorReading(AT, reading.fields)
    assert reading.fields == fields
    assert [*map(type, reading.fields.values())] == [*map(type, fields.values())]


@pytest.mark.parametrize(
    ("metric", "given"),
    [
        ("door", {}),
        ("door", {"open": "maybe"}),
        ("door", {"open": None}),
        ("door", {"open": 2}),
        ("door", {"open": "ajar"}),
        ("waterDetection", {"wet": [True]}),
        ("buttonReleased", {"action": 7}),
    ],
    ids=str,
)
def test_a_sensor_that_says_nothing_we_know_is_refused(
    metric: str, given: dict[str, Any]
) -> None:
    with pytest.raises(BadMessage):
        decode_sensor(metric, message(**given))


@pytest.mark.parametrize(
    ("ts", "at"),
    [
        pytest.param(ISO, AT, id="UTC"),
        pytest.param("2026-01-01T01:00:00+01:00", AT, id="an offset"),
        pytest.param("2026-01-01T00:00:00", AT, id="no offset is UTC"),
        pytest.param(
            "2026-01-01T00:00:00.123Z", AT.replace(microsecond=123_000), id="ms"
        ),
        pytest.param(TS, AT.replace(microsecond=123_000), id="a number of ms"),
        pytest.param(TS // 1000, AT, id="a number of seconds"),
        pytest.param(str(TS // 1000), AT, id="seconds as a text"),
        pytest.param(0, None, id="a clock that was never set"),
    ],
)
def test_the_time_of_a_sensor_is_utc(ts: str | int, at: datetime | None) -> None:
    reading = decode_sensor("door", message(open=True, ts=ts))
    assert reading == SensorReading(at, {"open": True})


def test_a_sensor_message_may_have_no_time() -> None:
    assert decode_sensor("door", message(open=True)).at is None


@pytest.mark.parametrize(
    "ts",
    [
        "",
        "soon",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2201-01-01T00:00:00Z",
        "9" * 400,
        "\ud800",
        -1,
        1.5,
        None,
        True,
        [],
    ],
    ids=ascii,
)
def test_a_time_that_cannot_be_true_drops_nothing(ts: object) -> None:
    reading = decode_sensor("door", message(open=True, ts=ts))
    assert reading == SensorReading(None, {"open": True}, has_odd_time=ts is not None)


def test_a_sensor_cannot_fill_the_memory() -> None:
    given = {f"{n:064}": "x" * 300 for n in range(100)} | {"action": "shortPress"}
    fields = decode_sensor("buttonReleased", message(**given)).fields
    assert fields["action"] == "shortPress"
    assert len(fields) == MAX_FIELDS
    assert all(len(name) <= MAX_TEXT for name in fields)
    assert all(len(str(value)) <= MAX_TEXT for value in fields.values())
