"""Background work: a thread that repeats a step until it is stopped.

A failed step does not end the loop, since the next one may work. The log says so when a
step begins to fail and when it works again: a database that is down all night is two
lines.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from mvsnap.clock import SystemClock
from mvsnap.sqlite_errors import reason

log = logging.getLogger(__name__)

# It may return how many seconds to wait until the next step; 0: none.
Step = Callable[[], float | None]
Outages = tuple[type[Exception], ...]


class Every:
    """Says when something is due again; the first time after `first_s`."""

    def __init__(
        self, seconds: float, clock: SystemClock, *, first_s: float = 0
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._due_s = clock.monotonic() + first_s

    def due(self) -> bool:
        now_s = self._clock.monotonic()
        if now_s < self._due_s:
            return False
        self._due_s = now_s + self._seconds
        return True

    def put_off(self, seconds: float) -> None:
        self._due_s = self._clock.monotonic() + seconds


class Attempt:
    """A step that never raises: calling it returns whether it worked.

    outages: errors of something outside that is down; logged without a traceback.
    """

    def __init__(
        self, name: str, step: Step, clock: SystemClock, outages: Outages = ()
    ) -> None:
        self._name = name
        self._step = step
        self._clock = clock
        self._outages = outages
        self._failing: type[Exception] | None = None
        self.wait_s: float | None = None  # the return value of the last step

    def __call__(self) -> bool:
        try:
            self.wait_s = self._step()
        except Exception as exc:
            # A failure while the process ends is not worth a log line.
            if type(exc) is not self._failing and not self._clock.stopped:
                if isinstance(exc, self._outages):
                    log.error(
                        "%s: waiting until it works again (%s)",
                        self._name,
                        reason(exc),
                    )
                else:
                    log.exception("%s: failed, will be tried again", self._name)
            self._failing = type(exc)
            return False
        if self._failing is not None:
            log.info("%s: works again", self._name)
        self._failing = None
        return True


class Chores:
    """A step of several parts, each with its own period; none holds up the others."""

    def __init__(self, clock: SystemClock, outages: Outages = ()) -> None:
        self._clock = clock
        self._outages = outages
        self._chores: list[tuple[Every, Attempt]] = []

    def add(
        self, name: str, step: Step, every_s: float = 0, *, first_s: float = 0
    ) -> None:
        """every_s: 0 is every round of the loop."""
        attempt = Attempt(name, step, self._clock, self._outages)
        self._chores.append((Every(every_s, self._clock, first_s=first_s), attempt))

    def __call__(self) -> None:
        for every, attempt in self._chores:
            if self._clock.stopped or not every.due():
                continue
            if attempt() and attempt.wait_s is not None:
                every.put_off(attempt.wait_s)


class Loop:
    """`start` returns at once; the thread ends with `stop` or with the clock.

    every_s: the wait between two steps, unless the step returns another one.
    failed_s: the wait after a step that failed, not cut short by `wake`.
    at_end: called in the thread when it ends.
    """

    def __init__(
        self,
        name: str,
        step: Step,
        every_s: float,
        clock: SystemClock,
        *,
        failed_s: float | None = None,
        outages: Outages = (),
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._attempt = Attempt(name, step, clock, outages)
        self._every_s = every_s
        self._failed_s = every_s if failed_s is None else failed_s
        self._clock = clock
        self._at_end = at_end
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Let the next step begin at once; from any thread."""
        self._woken.set()

    def stop(self, limit_s: float = 5) -> None:
        """End after the step that runs; waits for that, for `limit_s` at most."""
        stop_all([self], limit_s)

    def _run(self) -> None:
        try:
            while not (self._ended.is_set() or self._clock.stopped):
                if self._attempt():
                    wait_s = self._attempt.wait_s
                    self._woken.wait(self._every_s if wait_s is None else wait_s)
                    self._woken.clear()
                else:
                    self._ended.wait(self._failed_s)
        finally:
            self._at_end()

    def _end(self) -> None:
        self._ended.set()
        self._woken.set()

    def _join(self, limit_s: float) -> None:
        if self._thread.ident is not None:  # otherwise it was never started
            self._thread.join(limit_s)


def begin(thread: threading.Thread, undo: Callable[[], object]) -> None:
    """Start a thread; where none can begin, `undo` takes back what counts on it.

    An account and a container may have only so many: then it works again later.

    Raises:
        RuntimeError: none can begin.
    """
    try:
        thread.start()
    except BaseException:
        undo()
        raise


def stop_all(loops: Iterable[Loop], limit_s: float) -> None:
    """Stop loops together; `limit_s` is for all of them."""
    ending = list(loops)
    for loop in ending:
        loop._end()
    deadline_s = time.monotonic() + limit_s
    for loop in ending:
        loop._join(max(0.0, deadline_s - time.monotonic()))
