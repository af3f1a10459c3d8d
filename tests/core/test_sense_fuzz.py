"""300,000 broken messages: nothing but BadMessage, and no memory kept."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable

import pytest

from mvsnap.core.sense_messages import BadMessage, parse_topic
from tests.core.sense_build import DECODERS

# Each with the decoder that accepts it unchanged.
MESSAGES = (
    ("counts", b'{"ts":1767225600123,"counts":{"vehicle":0,"person":3}}'),
    ("counts", b'{"ts":1767225600123, "counts":{"person":0}}'),
    ("counts", b'{"ts":1767225600,"counts":{"vehicle":2},"zones":[{"id":"0"}]}'),
    ("counts", b"3"),
    ("audio level", b'{"ts":1767225600123,"audioLevel":-45}'),
    (
        "crossing",
        b'{"label":"Gate","event":"crossing_in","type":"person","ts":1767225600123,'
        b'"object_id":17}',
    ),
    ("audio detections", b'[{"name":"fireAlarm"},{"name":"glass","score":0.9}]'),
    ("door", b'{"open":true,"ts":"2026-01-01T00:00:00Z"}'),
    ("door", b'{"value":false,"ts":"2026-01-01T01:00:00+01:00"}'),
    (
        "button",
        b'{"action":"long press","pressDuration":2.5,"ts":"2026-01-01T00:00:00Z"}',
    ),
    ("tamper", b'{"value":true,"level":3,"ts":1767225600123}'),
)
TOPICS = (
    b"/merakimv/Q2SM-0000-0001/0",
    b"merakimv/Q2SM-0000-0001/582653201791058186",
    b"/merakimv/Q2SM-0000-0001/audio_analytics",
    b"/merakimv/Q2SM-0000-0001/crossing/k74272e",
    b"meraki/v1/mt/N_24329156/ble/38:84:79:00:C3:BA/door",
    b"meraki/v1/mt/N_24329156/ble/38:84:79:00:C3:BA/gateway/0C:8D:DB:00:00:01/rssi",
)
# Replacements for a value, or for anything else.
VALUES = (
    *(b"null", b"true", b"false", b"0", b"-0", b"-1", b"1.5", b"1e5", b"1e999", b"NaN"),
    *(b"Infinity", b"9" * 25, b"9" * 4400, b'""', b'"1"', b'"\\ud800"', b'"\\u0000"'),
    *(b"[]", b"{}", b'{"person":1}', b'[{"name":7}]', b'"2026-01-01"', b"\xff", b"\0"),
    *(b'"ts":1,', b'"person"', b'"open":1,', b"\xef\xbb\xbf", b"/", b"//", b"+", b"#"),
)
# Far below what a leak of some bytes for each message would add up to.
KEPT_BYTES = 90_000

pytestmark = pytest.mark.slow


def flip(data: bytes, chance: random.Random) -> bytes:
    flipped = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def cut(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randrange(len(data)), chance.randrange(len(data))))
    return chance.choice((data[:end], data[start:], data[:start] + data[end:]))


def insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(VALUES) + data[at:]


def swap_value(data: bytes, chance: random.Random) -> bytes:
    marks = [n for n, sign in enumerate(data) if sign in b':,[{/"']
    if not marks:
        return chance.choice(VALUES)
    start = chance.choice(marks)
    end = min((n for n in marks if n > start), default=len(data) - 1)
    return data[: start + 1] + chance.choice(VALUES) + data[end:]


def nest(data: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((1, 2, 5, 900, 3000) if chance.random() < 0.01 else (1, 2, 5))
    before, after = chance.choice(((b"[", b"]"), (b'{"counts":', b"}")))
    return before * depth + data + after * chance.choice((0, depth))


def noise(_: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(60))


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(flip, flip, cut, insert, insert, swap_value, swap_value, nest, noise),
)


def broken(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 3))):
        data = chance.choice(MUTATIONS)(data or b" ", chance)
    return data


def read(count: int, seed: int) -> Counter[str]:
    """Read `count` broken messages and topics; return how each decoder took them.

    Half of the messages go to any decoder: anybody may write to any topic.
    """
    chance = random.Random(seed)
    names = list(DECODERS)
    found: Counter[str] = Counter()
    for _ in range(count // 5):
        topic = parse_topic(broken(chance.choice(TOPICS), chance))
        found["no topic" if topic is None else "topic"] += 1
        for _ in range(4):
            name, sample = chance.choice(MESSAGES)
            payload = broken(sample, chance)
            if chance.random() < 0.5:
                name = chance.choice(names)
            found[f"{name}: {outcome(name, payload)}"] += 1
    return found


def outcome(name: str, payload: bytes) -> str:
    try:
        DECODERS[name](payload)
    except BadMessage:
        return "refused"
    except BaseException as exc:
        exc.add_note(f"{name}: {payload[:300]!r}")
        raise
    return "taken"


def test_broken_messages_raise_nothing_but_bad_message() -> None:
    found = read(300_000, seed=1)
    assert found.total() == 300_000
    # Broken just enough that each decoder goes both ways.
    assert len(found) == 2 * len(DECODERS) + 2
    assert min(found.values()) > 500, found


def test_broken_messages_leave_no_memory_behind() -> None:
    read(1_000, seed=2)
    tracemalloc.start()
    try:
        read(1_000, seed=3)
        gc.collect()
        before_bytes, _ = tracemalloc.get_traced_memory()
        read(30_000, seed=4)
        gc.collect()
        after_bytes, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after_bytes - before_bytes < KEPT_BYTES
    assert peak_bytes - before_bytes < 20_000_000
