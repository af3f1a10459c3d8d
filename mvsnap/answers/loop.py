"""The thread that hands requests of people to those that answer them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from mvsnap.answers.requests import BotRequest, BotRequests
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.logs.job import begin_request
from mvsnap.loop import Loop
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES

log = logging.getLogger(__name__)

# People wait for an answer within two seconds.
_LOOK_S = 0.5
_AT_ONCE = 4
_MOST_TRIES = 8
_AGAIN_S = (1.0, 2.0, 5.0, 15.0, 60.0)


class AnswerLoop:
    """Several requests are answered at once: none waits for another's slow call."""

    def __init__(
        self,
        requests: BotRequests,
        answer: Callable[[BotRequest], None],
        clock: SystemClock,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """now: returns the database's time: the clocks of machines differ."""
        self._now = now
        self._requests = requests
        self._answer = answer
        self._clock = clock
        self._free = threading.Semaphore(_AT_ONCE)
        self._pool: ThreadPoolExecutor | None = None
        self.loop = Loop(
            "answers", self._step, _LOOK_S, clock, outages=OUTAGES, at_end=self._end
        )

    def wake(self) -> None:
        self.loop.wake()

    def _step(self) -> None:
        """Take what is there, as long as somebody is free."""
        while not self._clock.stopped and self._free.acquire(blocking=False):
            request = None
            try:
                request = self._requests.take(self._now())
            finally:
                if request is None:
                    self._free.release()
            if request is None:
                return
            self._pool = self._pool or ThreadPoolExecutor(_AT_ONCE, "answer")
            self._pool.submit(self._run, request)

    def _run(self, request: BotRequest) -> None:
        begin_request()
        try:
            self._try(request)
        except OUTAGES as exc:  # it is taken again when its time is up
            log.error("answer: the database is unavailable: %s", reason(exc))
        finally:
            self._free.release()
            self.wake()

    def _try(self, request: BotRequest) -> None:
        try:
            self._answer(request)
        except UpstreamError as exc:
            if exc.retry and request.tries < _MOST_TRIES:
                self._put_back(request, exc)
                return
            log.error("a %s was not answered: %s", request.kind, exc.message)
        except OUTAGES:
            raise
        except Exception:
            log.exception("a %s could not be answered", request.kind)
        self._requests.finish(request.id, self._now())

    def _put_back(self, request: BotRequest, why: UpstreamError) -> None:
        again_s = _AGAIN_S[min(request.tries, len(_AGAIN_S)) - 1]
        wait = timedelta(seconds=max(again_s, why.retry_after_s or 0.0))
        log.warning("a %s is answered later: %s", request.kind, why.message)
        self._requests.put_back(request.id, self._now() + wait)

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
