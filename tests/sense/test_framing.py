"""Cutting MQTT packets out of a stream that is split anywhere."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.sense.framing import Cutter, Frame

TOPIC = b"/merakimv/Q2AB-CDEF-GHJK/582653201791058186"
COUNT = b'{"ts":1714632612326,"counts":{"person":2}}'
CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
PINGRESP = b"\xd0\x00"


def length(number: int) -> bytes:
    """Return a number as MQTT writes it."""
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (128 if number else 0))
        if not number:
            return bytes(out)


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + length(len(body)) + body


def publish(
    topic: bytes = TOPIC,
    payload: bytes = COUNT,
    *,
    retained: bool = False,
    qos: int = 0,
    packet_id: int = 0,
    properties: bytes | None = None,
) -> bytes:
    """Return a PUBLISH; `properties` not None: as in MQTT 5."""
    body = len(topic).to_bytes(2) + topic
    if qos:
        body += packet_id.to_bytes(2)
    if properties is not None:
        body += length(len(properties)) + properties
    return packet(0x30 | qos << 1 | retained, body + payload)


def cut(
    *pieces: bytes, properties: bool = False, limit: int = 1_000_000
) -> tuple[list[Frame], list[bytes], Cutter]:
    cutter = Cutter(properties=properties, limit_bytes=limit)
    frames: list[Frame] = []
    others: list[bytes] = []
    for piece in pieces:
        some = cutter.cut(piece)
        frames += some.frames
        others += some.others
    return frames, others, cutter


STREAM = (
    CONNACK
    + publish()
    + publish(retained=True)
    + SUBACK
    + publish(qos=1, packet_id=513)
    + publish(payload=b"x" * 300)
    + PINGRESP
    + publish(qos=2, packet_id=7, payload=b"")
)
FRAMES: list[Frame] = [
    (TOPIC, COUNT, False, 0),
    (TOPIC, COUNT, True, 0),
    (TOPIC, COUNT, False, 513),
    (TOPIC, b"x" * 300, False, 0),
    (TOPIC, b"", False, 7),
]


def test_a_stream_split_at_any_place_gives_the_same_packets() -> None:
    for at in range(len(STREAM) + 1):
        frames, others, cutter = cut(STREAM[:at], STREAM[at:])
        assert frames == FRAMES
        assert others == [CONNACK, SUBACK, PINGRESP]
        assert cutter.exactly_once == {7}


def test_a_stream_that_comes_byte_by_byte_gives_the_same_packets() -> None:
    pieces = [STREAM[at : at + 1] for at in range(len(STREAM))]
    assert cut(*pieces)[:2] == (FRAMES, [CONNACK, SUBACK, PINGRESP])


def test_topic_and_payload_are_bytes() -> None:
    frames, _, _ = cut(STREAM)
    assert {type(part) for frame in frames for part in frame[:2]} == {bytes}


def test_a_message_is_handed_out_as_soon_as_it_is_whole() -> None:
    cutter = Cutter()
    whole = publish()
    assert cutter.cut(whole + whole[:-1]).frames == [(TOPIC, COUNT, False, 0)]
    assert cutter.cut(whole[-1:]).frames == [(TOPIC, COUNT, False, 0)]
    assert cutter.cut(b"").frames == []


@pytest.mark.parametrize("size", [1_000, 16_384, 262_144])
def test_a_message_of_900_kb_comes_in_pieces_of_any_size(size: int) -> None:
    payload = bytes(range(256)) * 3516  # 900 kB
    stream = publish(payload=payload) + publish()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert cut(*pieces)[0] == [(TOPIC, payload, False, 0), (TOPIC, COUNT, False, 0)]


@pytest.mark.parametrize("many", [1, 127, 128, 16_383, 16_384, 2_097_152])
def test_every_size_of_length_is_understood(many: int) -> None:
    payload = b"p" * (many - 3)
    stream = publish(b"t", payload) if many > 2 else packet(0xE0, b"x")
    frames, others, _ = cut(stream, PINGRESP, limit=3_000_000)
    assert others[-1] == PINGRESP
    assert frames == ([(b"t", payload, False, 0)] if many > 2 else [])


def test_a_message_above_the_limit_is_skipped_and_counted() -> None:
    long = publish(payload=b"x" * 5_000)
    stream = publish() + long + PINGRESP + long + publish(retained=True)
    for at in range(len(stream)):
        frames, others, cutter = cut(stream[:at], stream[at:], limit=1_000)
        assert frames == FRAMES[:2]
        assert others == [PINGRESP]
        assert cutter.skipped == 2


def test_a_message_above_the_limit_is_not_kept_in_memory() -> None:
    cutter = Cutter(limit_bytes=1_000)
    cutter.cut(publish(payload=b"x" * 1_000_000)[:100])
    assert cutter._have == 0
    cutter.cut(b"x" * 500_000)
    assert cutter._have == 0


@pytest.mark.parametrize("qos", [1, 2])
def test_a_skipped_message_that_wants_an_answer_comes_out_empty(qos: int) -> None:
    long = publish(payload=b"x" * 5_000, qos=qos, packet_id=9, retained=True)
    stream = long + publish()
    for at in range(len(stream)):
        frames, _, cutter = cut(stream[:at], stream[at:], limit=1_000)
        assert frames == [(TOPIC, b"", True, 9), (TOPIC, COUNT, False, 0)]
        assert cutter.skipped == 1
        assert cutter.exactly_once == ({9} if qos == 2 else set())


@pytest.mark.parametrize("properties", [None, b""], ids=["3.1.1", "5"])
@pytest.mark.parametrize(("qos", "packet_id"), [(0, 0), (1, 9), (2, 9)])
def test_a_topic_longer_than_any_of_ours_comes_out_empty(
    qos: int, packet_id: int, properties: bytes | None
) -> None:
    """What comes later remembers topics: 20,000 of these would be a gigabyte."""
    more: dict[str, Any] = {
        "qos": qos,
        "packet_id": packet_id,
        "properties": properties,
    }
    longest = b"t" * 256
    stream = publish(b"t" * 65_000, **more) + publish(longest, **more)
    is_5 = properties is not None
    frames, _, cutter = cut(stream[:70], stream[70:], properties=is_5)
    assert frames == [
        (b"", COUNT, False, packet_id),
        (longest, COUNT, False, packet_id),
    ]
    assert cutter.broken is None
    frames = cut(
        publish(b"t" * 65_000, b"x" * 5_000, **more), properties=is_5, limit=1
    )[0]
    assert all(frame[0] == b"" for frame in frames)


def test_a_topic_of_no_length_is_handed_on() -> None:
    assert cut(publish(b"", b"x"))[0] == [(b"", b"x", False, 0)]
    assert cut(publish(b"", b""))[0] == [(b"", b"", False, 0)]


@pytest.mark.parametrize(
    "properties",
    [b"", b"\x01\x01", b"\x26\x00\x01a\x00\xc8" + b"v" * 200],
    ids=["none", "payload format", "longer than 127 bytes"],
)
@pytest.mark.parametrize(("qos", "packet_id"), [(0, 0), (1, 77)])
def test_properties_of_mqtt_5_are_left_out(
    properties: bytes, qos: int, packet_id: int
) -> None:
    one = publish(properties=properties, qos=qos, packet_id=packet_id)
    for at in range(len(one)):
        frames, _, cutter = cut(one[:at], one[at:] + one, properties=True)
        assert frames == [(TOPIC, COUNT, False, packet_id)] * 2
        assert cutter.broken is None


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(b"\x30\xff\xff\xff\xff\x01", "four bytes", id="long length"),
        pytest.param(b"\x20\x80\x80\x80\x80\x00", "four bytes", id="of a CONNACK"),
        pytest.param(packet(0x30, b"\x00\x09topic"), "topic", id="topic too long"),
        pytest.param(packet(0x30, b"\x00"), "topic", id="half a topic length"),
        pytest.param(packet(0x30, b""), "topic", id="no topic length"),
        pytest.param(packet(0x32, b"\x00\x01t\x01"), "packet id", id="half an id"),
        pytest.param(packet(0x32, b"\x00\x01t\x00\x00"), "packet id", id="id 0"),
        pytest.param(packet(0x36, b"\x00\x01t\x00\x01"), "QoS 3", id="QoS 3"),
        pytest.param(b"\x20" + length(2_000_000), "longer", id="a huge CONNACK"),
    ],
)
def test_anything_but_mqtt_is_reported_and_ends_the_cutting(
    bad: bytes, why: str
) -> None:
    stream = publish() + bad
    for at in range(len(stream)):
        frames, others, cutter = cut(stream[:at], stream[at:], publish())
        assert frames == [(TOPIC, COUNT, False, 0)]
        assert others == []
        assert why in (cutter.broken or "")


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(packet(0x30, b"\x00\x01t"), id="no length of properties"),
        pytest.param(packet(0x30, b"\x00\x01t\x05ab"), id="longer than the packet"),
        pytest.param(packet(0x30, b"\x00\x01t\x80"), id="half a length"),
    ],
)
def test_broken_properties_are_reported(bad: bytes) -> None:
    frames, _, cutter = cut(bad + publish(properties=b""), properties=True)
    assert frames == []
    assert "properties" in (cutter.broken or "")


def test_a_skipped_message_with_a_bad_topic_is_reported() -> None:
    bad = packet(0x32, b"\xff\xff" + b"t" * 2_000)
    for at in range(1, len(bad)):
        frames, _, cutter = cut(bad[:at], bad[at:], limit=1_000)
        assert frames == []
        assert "topic" in (cutter.broken or "")


packets = st.one_of(
    st.builds(
        publish,
        st.binary(max_size=20),
        st.binary(max_size=400),
        retained=st.booleans(),
        qos=st.integers(0, 2),
        packet_id=st.integers(1, 65535),
    ),
    st.sampled_from([CONNACK, SUBACK, PINGRESP]),
)


@given(st.lists(packets, max_size=8).map(b"".join), st.data())
def test_any_chunking_gives_the_same_packets(
    stream: bytes, data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    edges = [0, *sorted(places), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    for limit in (1_000_000, 150):
        whole, split = cut(stream, limit=limit), cut(*pieces, limit=limit)
        assert split[:2] == whole[:2]
        assert split[2].skipped == whole[2].skipped


@given(st.lists(st.binary(max_size=60), max_size=8), st.booleans())
def test_random_bytes_never_raise_and_chunking_does_not_matter(
    pieces: list[bytes], properties: bool
) -> None:
    split = cut(*pieces, properties=properties, limit=40)
    whole = cut(b"".join(pieces), properties=properties, limit=40)
    assert split[:2] == whole[:2]
    assert split[2].broken == whole[2].broken
