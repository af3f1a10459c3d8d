"""The thread that hands requests of people to those that answer them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from mvsnap.bot.requests import TAKEN_FOR, BotRequest, BotRequests
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.logs.job import begin_request
from mvsnap.loop import Every, Loop, begin
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES

log = logging.getLogger(__name__)

# People wait for an answer within two seconds.
_LOOK_S = 0.5
_AT_ONCE = 4
_MOST_TRIES = 8
_AGAIN_S = (1.0, 2.0, 5.0, 15.0, 60.0)
_RENEW_S = TAKEN_FOR.total_seconds() / 4


class AnswerLoop:
    """Several requests are answered at once: none waits for another's slow call.

    A request is this process's own as long as it says so: one that was killed loses it.
    """

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
        self._lock = threading.Lock()
        # Daemons: a process that ends waits for no call that hangs.
        self._answering: dict[str, threading.Thread] = {}
        self._renewal = Every(_RENEW_S, clock)
        self.loop = Loop("answers", self._step, _LOOK_S, clock, outages=OUTAGES)

    def wait(self, limit_s: float) -> None:
        """Let what is being answered end; what takes longer is answered again later."""
        deadline_s = time.monotonic() + limit_s
        for thread in list(self._answering.values()):
            thread.join(max(0.0, deadline_s - time.monotonic()))

    def _step(self) -> None:
        """Take what is there, as long as somebody is free."""
        self._renew()
        while not self._clock.stopped and len(self._answering) < _AT_ONCE:
            request = self._requests.take(self._now())
            if request is None:
                return
            thread = threading.Thread(
                target=self._run, args=(request,), name="answer", daemon=True
            )
            with self._lock:
                self._answering[request.id] = thread
            begin(thread, partial(self._leave, request))

    def _leave(self, request: BotRequest) -> None:
        """Nobody can answer it now: leave it to the next who looks."""
        self._forget(request)
        self._requests.put_back(request.id, self._now())

    def _renew(self) -> None:
        if not self._answering or not self._renewal.due():
            return
        with self._lock:  # none is put back meanwhile
            self._requests.keep(list(self._answering), self._now())

    def _run(self, request: BotRequest) -> None:
        begin_request()
        try:
            self._try(request)
        except OUTAGES as exc:  # it is taken again when its time is up
            log.error("answer: the database is unavailable: %s", reason(exc))
        finally:
            self._forget(request)
            self.loop.wake()

    def _forget(self, request: BotRequest) -> None:
        with self._lock:
            self._answering.pop(request.id, None)

    def _try(self, request: BotRequest) -> None:
        try:
            self._answer(request)
        except UpstreamError as exc:
            if exc.retry and request.tries < _MOST_TRIES:
                self._put_back(request, exc)
                return
            log.error("a %s was not answered: %s", request.kind, exc.message)
        except OUTAGES:
            if request.tries < _MOST_TRIES:
                raise
            # The database took each try: it is this request that it does not take.
            log.exception("a %s cannot be stored", request.kind)
        except Exception:
            # A bug: it would fail each time, and whoever asked next would wait.
            log.exception("a %s could not be answered", request.kind)
        self._requests.finish(request.id, self._now())

    def _put_back(self, request: BotRequest, why: UpstreamError) -> None:
        again_s = _AGAIN_S[min(request.tries, len(_AGAIN_S)) - 1]
        wait = timedelta(seconds=max(again_s, why.retry_after_s or 0.0))
        log.warning("a %s is answered later: %s", request.kind, why.message)
        self._forget(request)
        self._requests.put_back(request.id, self._now() + wait)
