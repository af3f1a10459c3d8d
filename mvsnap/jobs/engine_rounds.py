"""Lets the job engine rest on SQLite: one thread of ours looks whether it has work.

dbos would ask its file from seven threads, each second anew, which on a small machine
costs more than all else while nothing happens. Its settings know longer intervals, but
then a job of another process would wait as long: nothing wakes those threads before. So
they are not started: `Rounds` takes from the queues as soon as the file was written, or
a deferred job is due.

That uses names of dbos that are not public, here and in `engine_end.py` alone. Of a
release that lacks one, or has changed what it takes, dbos works as it comes, and the
log says so. Schedules, timeouts and messages of dbos, whose threads are not started
either, are not used by us.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from mvsnap.clock import SystemClock
from mvsnap.jobs.waiting import rest
from mvsnap.loop import Attempt, Every
from mvsnap.store.changes import FileChanges
from mvsnap.store.database import OUTAGES
from mvsnap.store.pools import Pool

log = logging.getLogger(__name__)

# How long a job of another process waits at most, and one whose delay is over. As long
# as with PostgreSQL.
LOOK_S = 0.2
# While something waits in a queue: what it waits for is a commit, so a look sees it.
_AGAIN_S = 1.0
# Nothing should need that.
_ANYWAY_S = 60.0
# Where jobs run all the time rounds take a tenth of it, on a slow machine, too.
_PAUSES = 9
_LONGEST_PAUSE_S = 1.0
_TAKES = {
    "queue_thread": ("stop_event", "dbos"),
    "background_jobs_thread": ("stop_event", "dbos"),
    "dynamic_scheduler_loop": ("stop_event", "polling_interval_sec"),
    "run_notification_listener": ("self",),
    "queue_worker_thread": ("stop_event", "dbos", "queue"),
    "transition_delayed_workflows": ("self",),
    "get_internal_queue": ("self",),
}


class Rounds:
    """changes: of the engine's file. serve: from when on it works on queues."""

    def __init__(self, changes: FileChanges, clock: SystemClock) -> None:
        self._changes = changes
        self._clock = clock
        self._queues: Sequence[Any] = ()
        self._is_behind = True  # something waits in a queue, or may
        self._again = Every(_AGAIN_S, clock)
        self._next_delay_ms: int | None = None
        self._anyway = Every(_ANYWAY_S, clock)

    def serve(self, queues: Sequence[Any]) -> None:
        self._queues = queues
        self._is_behind = True
        self._again.put_off(0)

    def run(self, stop_event: threading.Event, dbos: Any) -> None:
        """Until the event is set; in the place of `queue_thread` of dbos."""
        attempt = Attempt(
            "jobs", partial(self._round, stop_event, dbos), self._clock, OUTAGES
        )
        while not stop_event.wait(LOOK_S):
            if self._is_time():
                began_s = self._clock.monotonic()
                self._is_behind = not attempt() or self._is_behind
                took_s = self._clock.monotonic() - began_s
                stop_event.wait(min(_PAUSES * took_s, _LONGEST_PAUSE_S))
        self._changes.close()

    def _is_time(self) -> bool:
        return (
            self._changes.seen()
            or self._is_due()
            or (self._is_behind and self._again.due())
            or self._anyway.due()
        )

    def _round(self, stop_event: threading.Event, dbos: Any) -> None:
        from dbos._queue import queue_worker_thread

        self._is_behind = False
        dbos._sys_db.transition_delayed_workflows()
        for queue in (*self._queues, dbos._registry.get_internal_queue()):
            # Of an event it uses what `_OnePass` has.
            queue_worker_thread(_OnePass(stop_event), dbos, queue)  # type: ignore[arg-type]
        are_left, self._next_delay_ms = rest(dbos)
        if are_left:
            self._is_behind = True

    def _is_due(self) -> bool:
        # By the clock as it is now: it may have been set since.
        due_ms = self._next_delay_ms
        return due_ms is not None and due_ms <= time.time() * 1000


class _OnePass:
    """The event that ends a loop of dbos: set after it has gone round once."""

    def __init__(self, stop_event: threading.Event) -> None:
        self._stop_event = stop_event
        self._has_begun = False

    def is_set(self) -> bool:
        return self._stop_event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        is_over, self._has_begun = self._has_begun, True
        return is_over or self.is_set()


def rounds_for(pool: Pool, clock: SystemClock) -> Rounds | None:
    """Return None where dbos works by itself: another database, another release."""
    changes = FileChanges.of(pool)
    if changes is None:
        return None
    if (wrong := _what_changed()) is not None:
        log.warning("the job engine asks its file all the time: %s", wrong)
        return None
    return Rounds(changes, clock)


@contextmanager
def quiet(rounds: Rounds | None) -> Iterator[None]:
    """Let a launch of dbos in this block start our thread instead of its own."""
    if rounds is None:
        yield
        return
    places = _places()
    ours = {
        "queue_thread": rounds.run,
        "background_jobs_thread": _nothing,
        "dynamic_scheduler_loop": _nothing,
        "run_notification_listener": _nothing,
    }
    theirs = {name: getattr(places[name], name) for name in ours}
    for name, work in ours.items():
        setattr(places[name], name, work)
    try:
        yield
    finally:
        for name, work in theirs.items():
            setattr(places[name], name, work)


def _what_changed() -> str | None:
    """Return what is unlike in the dbos that this module was written for."""
    places = _places()
    for name, takes in _TAKES.items():
        work: Callable[..., object] | None = getattr(places[name], name, None)
        if work is None:
            return f"this release of dbos has no {name}"
        found = tuple(inspect.signature(work).parameters)
        if found != takes:
            return f"{name} of this release of dbos takes {', '.join(found)}"
    return None


def _places() -> dict[str, Any]:
    from dbos import _dbos, _queue, _sys_db

    return {
        "queue_thread": _dbos,
        "background_jobs_thread": _dbos,
        "dynamic_scheduler_loop": _dbos,
        "run_notification_listener": _sys_db.SystemDatabase,
        "queue_worker_thread": _queue,
        "transition_delayed_workflows": _sys_db.SystemDatabase,
        "get_internal_queue": _dbos.DBOSRegistry,
    }


def _nothing(*_: object) -> None:
    """The work of a thread that has none."""
