"""What may be acknowledged, and when."""

from __future__ import annotations

from mvsnap.sense.buffer import Batch
from mvsnap.sense.unacknowledged import Unacknowledged

FIRST, SECOND, THIRD = (Batch([], connection, 0) for connection in (1, 2, 3))


def test_only_what_started_a_job_waits_for_the_queue() -> None:
    waiting = Unacknowledged()
    waiting.add(FIRST, has_job=True)
    waiting.add(SECOND, has_job=False)
    assert waiting.pop(jobs_are_accepted=False) == [SECOND]
    assert not waiting.waits_to_be_saved
    waiting.add(THIRD, has_job=False)
    assert waiting.waits_to_be_saved
    assert waiting.pop(jobs_are_accepted=True) == [THIRD, FIRST]
    assert waiting.pop(jobs_are_accepted=True) == []


def test_what_a_lost_connection_brought_is_never_acknowledged() -> None:
    waiting = Unacknowledged()
    waiting.add(FIRST, has_job=True)
    waiting.add(SECOND, has_job=False)
    waiting.clear()
    assert waiting.pop(jobs_are_accepted=True) == []
