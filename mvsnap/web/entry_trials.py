"""Entries of the settings are tried before they are saved, beside the requests.

What is tried may hold a secret that nobody has saved: it stays in this process, for
minutes.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mvsnap.clock import Clock
from mvsnap.config.entries import Entry
from mvsnap.config.model import Settings
from mvsnap.errors import BadInput, MvsnapError, UpstreamError

log = logging.getLogger(__name__)

_AT_ONCE, _MOST = 2, 10
_KEPT_S = 600.0


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """ok: None while there is none yet. picture: what a camera showed, a JPEG."""

    ok: bool | None
    lines: tuple[str, ...] = ()
    picture: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class _Trial:
    who: str
    entry: Entry
    began_s: float
    answer: Future[TrialAnswer] = field(repr=False)


def _cannot_try(_settings: Settings, _entry: Entry) -> TrialAnswer:
    raise UpstreamError("This process cannot try it", retry=False)


class EntryTrials:
    """try_entry: says what came of it; raises MvsnapError."""

    def __init__(
        self,
        clock: Clock,
        try_entry: Callable[[Settings, Entry], TrialAnswer] = _cannot_try,
    ) -> None:
        self._clock = clock
        self._try_entry = try_entry
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._trials: dict[str, _Trial] = {}

    def begin(self, who: str, settings: Settings, entry: Entry) -> str:
        """Try it; return an id by which the answer is asked for.

        settings: with the entry.

        Raises:
            BadInput: too many are being tried.
        """
        now_s, trial_id = self._clock.monotonic(), secrets.token_urlsafe(16)
        with self._lock:
            self._forget(now_s)
            running = [t for t in self._trials.values() if not t.answer.done()]
            if len(running) >= _MOST:
                raise BadInput("Others are being tried: try again in a minute.")
            # Not before it is needed: a process may be forked after its start.
            self._pool = self._pool or ThreadPoolExecutor(_AT_ONCE, "trials")
            answer = self._pool.submit(self._answer, settings, entry)
            self._trials[trial_id] = _Trial(who, entry, now_s, answer)
        return trial_id

    def answer(self, trial_id: str, who: str) -> TrialAnswer | None:
        """Return None if this process does not know it, or not of this person."""
        trial = self._find(trial_id, who)
        if trial is None:
            return None
        return trial.answer.result() if trial.answer.done() else TrialAnswer(None)

    def value(self, trial_id: str, who: str, section: str) -> Mapping[str, Any]:
        """Return what was tried, with its secrets; nothing if it is not known here."""
        trial = self._find(trial_id, who)
        is_it = trial is not None and trial.entry.section == section
        return trial.entry.value if trial is not None and is_it else {}

    def _find(self, trial_id: str, who: str) -> _Trial | None:
        with self._lock:
            self._forget(self._clock.monotonic())
            trial = self._trials.get(trial_id)
        return trial if trial is not None and trial.who == who else None

    def _forget(self, now_s: float) -> None:
        for trial_id, trial in list(self._trials.items()):
            if now_s - trial.began_s > _KEPT_S:
                del self._trials[trial_id]
        while len(self._trials) > 4 * _MOST:
            del self._trials[next(iter(self._trials))]

    def _answer(self, settings: Settings, entry: Entry) -> TrialAnswer:
        try:
            return self._try_entry(settings, entry)
        except MvsnapError as exc:
            return TrialAnswer(False, (exc.message,))
        except Exception:
            # A bug; the page that waits for the answer gets one.
            log.exception("a %s could not be tried", entry.section)
            return TrialAnswer(False, ("Internal error; see the log",))
