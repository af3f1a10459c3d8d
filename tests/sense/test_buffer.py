"""Messages that wait between two threads."""

from __future__ import annotations

from mvsnap.sense.buffer import MessageBuffer
from mvsnap.sense.framing import Frame


def counts(*numbers: int) -> list[Frame]:
    return [(b"t", b"%d" % number, False, 0) for number in numbers]


def kept(*numbers: int) -> list[Frame]:
    """Return messages that want an acknowledgement."""
    return [(b"t", b"%d" % number, False, number) for number in numbers]


def taken(buffer: MessageBuffer) -> list[tuple[int, list[int]]]:
    """Return (connection, numbers) of every batch."""
    batches = []
    while batch := buffer.receive(0):
        batches.append((batch.connection, [int(f[1]) for f in batch.frames]))
    return batches


def test_everything_of_one_connection_is_one_batch_in_order() -> None:
    buffer = MessageBuffer(100)
    buffer.put(1, counts(1, 2))
    buffer.put(1, kept(3) + counts(4))
    buffer.put(2, counts(5))
    buffer.put(2, counts(6))
    assert taken(buffer) == [(1, [1, 2, 3, 4]), (2, [5, 6])]


def test_the_oldest_counts_are_dropped_and_the_others_stay_in_order() -> None:
    buffer = MessageBuffer(4)
    buffer.put(1, kept(1) + counts(2) + kept(3) + counts(4))
    buffer.put(1, counts(5, 6, 7))
    assert buffer.dropped == 3
    assert taken(buffer) == [(1, [1, 3, 6, 7])]


def test_a_heap_larger_than_the_limit_leaves_its_newest() -> None:
    buffer = MessageBuffer(3)
    buffer.put(1, counts(*range(10)))
    assert buffer.dropped == 7
    assert taken(buffer) == [(1, [7, 8, 9])]


def test_messages_that_want_an_acknowledgement_are_never_dropped() -> None:
    buffer = MessageBuffer(2)
    for number in range(1, 6):
        buffer.put(1, kept(number) + counts(100 + number))
    buffer.put(2, kept(6))
    assert buffer.dropped == 5
    assert taken(buffer) == [(1, [1, 2, 3, 4, 5]), (2, [6])]


def test_after_dropping_the_limit_counts_what_is_there() -> None:
    buffer = MessageBuffer(3)
    buffer.put(1, counts(1, 2, 3, 4))
    assert taken(buffer) == [(1, [2, 3, 4])]
    buffer.put(1, counts(5, 6, 7))
    assert taken(buffer) == [(1, [5, 6, 7])]
    assert buffer.dropped == 1


def test_a_batch_says_when_its_first_message_came() -> None:
    buffer = MessageBuffer(3)
    buffer.put(1, counts(1))
    buffer.put(1, counts(2))
    first, last = buffer.receive(0), buffer.receive(0)
    assert first is not None
    assert first.received_at_ns > 1_700_000_000 * 10**9
    assert last is None


def test_waiting_messages_can_be_received_after_closing_and_then_nobody_waits() -> None:
    buffer = MessageBuffer(3)
    buffer.put(1, counts(1))
    buffer.close()
    assert taken(buffer) == [(1, [1])]
    assert buffer.receive(60) is None
