"""Ends the job engine as soon as none of its jobs runs.

dbos waits for them as well, but looks once a second, the first time after one: each
stop would take that second. Like `engine_rounds.py` this uses names of dbos that are
not public; of a release that lacks one, dbos waits as it does.
"""

from __future__ import annotations

import threading
from typing import Any

from mvsnap.clock import Clock

_LOOK_S = 0.05
# What was taken from a queue is counted a moment later, in a thread of its own.
_LOOKS = 3
# Of the threads that take from the queues: that of dbos, and `Rounds.run`.
_TAKERS = ("(queue_thread)", "(run)")


def let_jobs_end(engine: Any, limit_s: int, clock: Clock) -> int:
    """Take no more jobs; wait until none runs and all have noted how they ended.

    Returns:
        How many seconds dbos is still to wait by itself.
    """
    try:
        stops, threads = (
            engine.background_thread_stop_events,
            engine._background_threads,
        )
        running = engine._active_workflows_set.activeList
    except AttributeError:
        return limit_s
    deadline_s = clock.monotonic() + limit_s
    for stop in stops:
        stop.set()
    for thread in threads:
        if thread.name.endswith(_TAKERS):  # it may be about to start what it took
            thread.join(max(0.0, deadline_s - clock.monotonic()))
    looks = 0
    while looks < _LOOKS and clock.monotonic() < deadline_s:
        threading.Event().wait(_LOOK_S)
        looks = 0 if running() else looks + 1
    return 0
