"""When to retry, and when to stop: decided here for every outside call."""

from __future__ import annotations

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId
from mvsnap.errors import NoVideo, UpstreamError
from mvsnap.metrics import RETRIES

log = logging.getLogger(__name__)
T = TypeVar("T")

# Longest time one job keeps a thread busy repeating one call; then it is deferred.
RETRY_LIMIT_S = 60.0
# The same for a message: others wait for the thread, and the room is tried again soon.
_MESSAGE_LIMIT_S = 5.0
# For both where somebody waits at a command.
COMMAND_RETRY_LIMIT_S = 15.0
# A job older than this is given up.
GIVE_UP_AFTER = timedelta(hours=24)
# But not by a process that has just started: its clock may still be set by NTP.
_TRIED_FOR = timedelta(hours=1)

# Video that is not there after an hour was never recorded, or is deleted.
_VIDEO_MAY_COME = timedelta(hours=1)

_FIRST_S = 0.5
_LONGEST_S = 15.0


def retrying(
    call: Callable[[], T],
    clock: SystemClock,
    *,
    limit_s: float = RETRY_LIMIT_S,
    at_once: type[UpstreamError] | tuple[()] = (),
    may_repeat: Callable[[], bool] = lambda: True,
) -> T:
    """Call until it works: after 0.5, 1, 2, 4, 8, 15, 15 ... s, each +- 20 %.

    A waiting time that the service asks for is used if it fits within the limit.
    at_once: an error that the caller must know at once, although it may pass.
    may_repeat: asked after each failure; the last error is raised if not.

    Raises:
        UpstreamError: the last one: not worth a retry, or the time is up.
    """
    deadline = clock.monotonic() + limit_s
    pause_s = _FIRST_S
    while True:
        try:
            return call()
        except UpstreamError as exc:
            wait_s = max(exc.retry_after_s or 0, pause_s * random.uniform(0.8, 1.2))
            out_of_time = clock.monotonic() + wait_s > deadline
            is_final = not exc.retry or isinstance(exc, at_once)
            if is_final or out_of_time or clock.stopped or not may_repeat():
                raise
            RETRIES.labels("call").inc()
            log.warning("%s; trying again in %.1f s", exc.message, wait_s)
        clock.sleep(wait_s)
        pause_s = min(pause_s * 2, _LONGEST_S)


class RepeatLimit:
    """Lets a few jobs hold a thread while they repeat a call; the others are deferred.

    Thread-safe. most: how many of this process; None: any number, where nobody waits
        for a thread.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._lock = threading.Lock()
        # A job with many cameras holds one place with all of them.
        self._calls = Counter[JobId]()

    @contextmanager
    def one(self, job_id: JobId) -> Iterator[Callable[[], bool]]:
        """Yield what says whether the block, of this job, may repeat its call."""
        has = False

        def may() -> bool:
            nonlocal has
            with self._lock:
                if not has and self._has_room(job_id):
                    has = True
                    self._calls[job_id] += 1
            return has

        try:
            yield may
        finally:
            if has:
                with self._lock:
                    self._calls[job_id] -= 1
                    self._calls += Counter()  # forgets those without a call

    def _has_room(self, job_id: JobId) -> bool:
        is_one_more = job_id not in self._calls
        return not is_one_more or self._most is None or len(self._calls) < self._most


def is_too_old(since: datetime, clock: SystemClock) -> bool:
    """Return whether what was received then is no longer retried."""
    tried_for = clock.passed_since_start()
    return clock.passed_since(since) >= GIVE_UP_AFTER and tried_for >= _TRIED_FOR


def defer_delay_s(age: timedelta, retry_after_s: float | None) -> float:
    """Return how long a deferred job waits: a quarter of its age, 10 s to 10 min."""
    own_s = min(max(age.total_seconds() / 4, 10.0), 600.0)
    return max(own_s, min(retry_after_s or 0, 3600.0))


def ask_again_s(
    why: UpstreamError, asks: int, since_swipe: timedelta, *, is_over: bool
) -> float | None:
    """Return when to try the picture of a badge event again, None: not automatically.

    Video that is not there yet may appear within an hour. Everything else (a camera
    that is offline, a key that is refused, a cloud out of reach) may be fixed: retried
    for a day.
    asks: the number of attempts so far; the waits double from a minute to an hour.
    is_over: see `is_too_old`.
    """
    if isinstance(why, NoVideo) and since_swipe >= _VIDEO_MAY_COME:
        return None
    if is_over:
        return None
    own_s = min(60.0 * float(2 ** min(asks, 10)), 3600.0)
    return max(own_s, min(why.retry_after_s or 0, 3600.0))


class RetryPolicy:
    """How long a job is retried, and when it runs again.

    is_rerun: False where nothing runs an unfinished job again (a command).
    """

    def __init__(self, clock: SystemClock, *, is_rerun: bool) -> None:
        self._clock = clock
        self.is_rerun = is_rerun
        self.call_s = RETRY_LIMIT_S if is_rerun else COMMAND_RETRY_LIMIT_S
        self.message_s = _MESSAGE_LIMIT_S if is_rerun else COMMAND_RETRY_LIMIT_S

    @property
    def is_over(self) -> bool:
        """Return whether this process is about to end."""
        return self._clock.stopped

    def allows_retry(self, job: Job, why: UpstreamError) -> bool:
        """Return whether the job is worth another run after this error."""
        is_over = is_too_old(job.again_at or job.accepted_at, self._clock)
        return self.is_rerun and why.retry and not is_over

    def defer_s(self, job: Job, why: UpstreamError) -> float:
        """Return in how many seconds to run the job again."""
        if self._clock.stopped:
            return 0.0
        age = self._clock.passed_since(job.again_at or job.accepted_at)
        return defer_delay_s(age, why.retry_after_s)
