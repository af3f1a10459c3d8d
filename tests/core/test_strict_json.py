from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.core.sense_messages import (
    BadMessage,
    decode_audio_detections,
    decode_crossing,
    decode_sensor,
)
from tests.core.sense_build import CROSSED, DECODERS, Decoder, message, refusal

each_decoder = pytest.mark.parametrize(
    "decode", [pytest.param(decode, id=name) for name, decode in DECODERS.items()]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)
KEYS = ("ts", "counts", "person", "audioLevel", "event", "type", "object_id", "name")
likely_keys = st.sampled_from((*KEYS, "action", "pressDuration", "open", "value"))


@each_decoder
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"\0", id="NUL"),
        pytest.param(b"\xff\xfe{}", id="not UTF-8"),
        pytest.param('{"ts":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"ts":', id="cut off"),
        pytest.param(b"{} {}", id="two messages"),
        pytest.param(b"{'ts':1}", id="Python's quotes"),
        pytest.param(b'{"ts":1e400}', id="a huge float"),
        pytest.param(b'{"x":' + b"9" * 30 + b"}", id="a huge number"),
        pytest.param(b'{"x":' + b"9" * 5000 + b"}", id="more digits than int takes"),
        pytest.param(b"[" * 60_000, id="deep lists"),
        pytest.param(b'{"counts":' * 6_000, id="deep objects"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, id="deep and closed"),
        pytest.param(b'{"x":"' + b"a" * 70_000 + b'"}', id="too long"),
        pytest.param(b'{"x":{"y":1,"y":2}}', id="a key twice, inside"),
    ],
)
def test_an_invalid_message_is_refused(decode: Decoder, payload: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(payload)


@given(
    payload=st.binary()
    | anything.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(likely_keys, anything).map(lambda d: json.dumps(d).encode())
)
def test_whatever_comes_is_read_or_refused_in_a_short_line(payload: bytes) -> None:
    for name, decode in DECODERS.items():
        why = refusal(decode, payload)
        assert len(why) <= 150, name
        assert why.isprintable(), name


@each_decoder
@pytest.mark.parametrize("given", ["x", "\n", "é", "\u2028"])
def test_a_refusal_shows_little_of_the_payload(decode: Decoder, given: str) -> None:
    shouting = given * 1000
    for payload in (
        shouting.encode(),
        json.dumps(shouting).encode(),
        message(ts=shouting, event=shouting, type=shouting, action=[shouting]),
        message(event=shouting, type=shouting, action="shortPress", open=shouting),
    ):
        why = refusal(decode, payload)
        assert len(why) <= 150
        assert why.isprintable()
        assert why.count(given) <= 80


@pytest.mark.parametrize("odd", ["\0", "\ud800", "\n", "\x1b", "\u202e", "\u2028"])
def test_texts_from_the_broker_are_one_printable_line(odd: str) -> None:
    text = f"a{odd}b"
    sounds = decode_audio_detections(json.dumps([{"name": text}]).encode())
    label = decode_crossing(message(**CROSSED | {"label": text})).label
    fields = decode_sensor("usbPowered", message(**{text: text})).fields
    assert (sounds, label, fields) == (("a b",), "a b", {"a b": "a b"})
