"""What a job waits for when it cannot go on."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mvsnap.domain import JobId
from mvsnap.texts.wording import Reason

# Followed by a name.
ROOM = "room "
CAMERA = "camera "
JOB = "job "
# The time alone.
TIME = ""

# What waits for something else goes on after this time at the latest: then it is seen
# whether it is too old, and a process that never heard of the rest takes it up, too.
LONGEST_S = 1800.0


class Wait(Struct, frozen=True):
    """delay_s: after this it is tried again. what: what lets it go on before.

    why: for people.
    """

    delay_s: float
    what: str = TIME
    why: Reason = Reason("")


def for_room(room: str, why: Reason) -> Wait:
    return Wait(LONGEST_S, ROOM + room, why)


def for_job(job_id: JobId, delay_s: float, why: Reason) -> Wait:
    return Wait(delay_s, JOB + job_id, why)


def soonest(waits: Iterable[Wait | None]) -> Wait | None:
    """Return what to wait for first, None when nothing remains to wait for."""
    some = [wait for wait in waits if wait is not None]
    if not some:
        return None
    first = min(some, key=lambda wait: wait.delay_s)
    # A room is back at some moment; a picture is tried again anyway.
    named = min(some, key=lambda wait: (not wait.what.startswith(ROOM), not wait.what))
    return Wait(first.delay_s, named.what, named.why or first.why)
