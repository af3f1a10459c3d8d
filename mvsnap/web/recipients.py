"""Recipients: whether messages can reach a room or person, asked beside the requests.

The answer comes from outside and may take a while: a thread asks, and a request waits
for a few seconds at most.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from msgspec import Struct

from mvsnap.errors import UnknownRecipient, UpstreamError

log = logging.getLogger(__name__)

_WAIT_S = 4.0
# How long an answer is shown before it is asked for again.
_FRESH_S = 300.0
_PROBLEM_FRESH_S = 15.0
_AT_ONCE = 2
# Requests that may wait at once, whoever asks: all others leave their threads.
_MOST_WAITING = 2
_MOST_ANSWERS = 1000


class RecipientProblem(Struct, frozen=True):
    """is_certain: nothing sent to it arrives; otherwise nobody knows.

    is_pending: there is no answer yet, and no text.
    """

    text: str
    is_certain: bool
    is_pending: bool = False


class CheckOutcome(Struct, frozen=True):
    """ok: None while there is no answer yet. text: what is wrong."""

    ok: bool | None
    text: str = ""


_PENDING = RecipientProblem("", is_certain=False, is_pending=True)


class _Answer(Struct, frozen=True):
    at_s: float
    problem: RecipientProblem | None

    @property
    def is_fresh(self) -> bool:
        limit_s = _FRESH_S if self.problem is None else _PROBLEM_FRESH_S
        return time.monotonic() - self.at_s < limit_s


class RecipientCheck:
    """require: raises UnknownRecipient, or another UpstreamError if it cannot say."""

    def __init__(
        self,
        require: Callable[[str], None] = lambda _name: None,
        *,
        wait_s: float = _WAIT_S,
    ) -> None:
        self._require = require
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._turn_to_wait = threading.Semaphore(_MOST_WAITING)
        self._asking: dict[str, Future[RecipientProblem | None]] = {}
        self._answers: dict[str, _Answer] = {}

    def ask(self, names: Iterable[str]) -> dict[str, RecipientProblem]:
        """Return what is wrong with these now; waits for some seconds at most.

        While others wait, it does not: what is not known is pending.
        """
        asking = {name: self._submit(name) for name in names}
        done = self._done(asking.values())
        found = {
            name: future.result() if future in done else _PENDING
            for name, future in asking.items()
        }
        return {name: problem for name, problem in found.items() if problem}

    def _done(
        self, asking: Collection[Future[RecipientProblem | None]]
    ) -> set[Future[RecipientProblem | None]]:
        may_wait = self._turn_to_wait.acquire(blocking=False)
        try:
            return wait(asking, self._wait_s if may_wait else 0).done
        finally:
            if may_wait:
                self._turn_to_wait.release()

    def begin(self, name: str) -> None:
        """Ask for this one now, whatever was found before; does not wait."""
        with self._lock:
            self._answers.pop(name, None)
        self._submit(name)

    def outcome(self, name: str) -> CheckOutcome | None:
        """Return what came of it; None: this process has not asked lately."""
        with self._lock:
            answer, is_asking = self._answers.get(name), name in self._asking
        if is_asking:
            return CheckOutcome(None)
        if answer is None or not answer.is_fresh:
            return None
        problem = answer.problem
        return CheckOutcome(problem is None, problem.text if problem else "")

    def known(self, names: Iterable[str]) -> dict[str, RecipientProblem]:
        """Return what was wrong with these lately; what is not known is asked for."""
        found = {}
        for name in dict.fromkeys(names):
            answer = self._answers.get(name)
            if answer is None or not answer.is_fresh:
                self._submit(name)
            problem = answer.problem if answer else _PENDING
            if problem is not None:
                found[name] = problem
        return found

    def _submit(self, name: str) -> Future[RecipientProblem | None]:
        with self._lock:
            if (asking := self._asking.get(name)) is None:
                # Not before it is needed: a process may be forked after its start.
                self._pool = self._pool or ThreadPoolExecutor(_AT_ONCE, "recipients")
                asking = self._asking[name] = self._pool.submit(self._check, name)
        return asking

    def _check(self, name: str) -> RecipientProblem | None:
        problem = None
        try:
            self._require(name)
        except UpstreamError as exc:
            is_certain = isinstance(exc, UnknownRecipient)
            problem = RecipientProblem(exc.message, is_certain)
            log.warning("recipient %s: %s", name, exc.message)
        except Exception:
            # A bug; without an answer the name would be asked about for ever.
            log.exception("recipient %s could not be checked", name)
            problem = RecipientProblem("Internal error; see the log", is_certain=False)
        with self._lock:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[name] = _Answer(time.monotonic(), problem)
            del self._asking[name]
        return problem
