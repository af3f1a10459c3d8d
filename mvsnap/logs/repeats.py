"""Repeated warnings are counted, not written: an outage is some lines, not a megabyte.

The first of equal lines is written at once, those of the next minute as one: "... (57
times more in a minute)". Lines that say something happened are always written.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from mvsnap.logs.lines import job_of, message_of

WINDOW_S = 60.0
# Different lines that are remembered; more than any outage has.
_MOST = 500
_LONGEST = 300
# Libraries put times, counts and ids into their words.
_MAYBE_NUMBER = re.compile(r"[0-9a-f.\-]+")

Key = tuple[str, int, str]


@dataclass(slots=True)
class _Seen:
    record: logging.LogRecord
    until_s: float
    times: int = 0


class Repeats:
    """write: what a line is given to that is to be written; it needs the lock."""

    def __init__(
        self,
        write: Callable[[logging.LogRecord], None],
        clock: Callable[[], float],
        lock: AbstractContextManager[object],
        *,
        window_s: float = WINDOW_S,
    ) -> None:
        self._write = write
        self._clock = clock
        self._window_s = window_s
        self._seen: OrderedDict[Key, _Seen] = OrderedDict()
        self._lock = lock
        self._timer: threading.Timer | None = None

    def handle(self, record: logging.LogRecord) -> None:
        """Write the line, or count it."""
        if record.levelno < logging.WARNING:
            self._write(record)
            return
        with self._lock:
            self._end(self._clock())
            record.job = job_of(record)  # another thread writes the count
            key = _key(record)
            known = self._seen.get(key)
            if known is not None:
                known.times += 1
                self._end_later()
                return
            if len(self._seen) >= _MOST:
                self._tell(self._seen.popitem(last=False)[1])
            self._seen[key] = _Seen(record, self._clock() + self._window_s)
            self._write(record)

    def tell_all(self) -> None:
        """Write what was counted until now."""
        with self._lock:
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            self._end(float("inf"))

    def _end(self, now_s: float) -> None:
        """Write the counts whose minute is over; the oldest are first.

        What was counted is counted for another minute: in an outage it goes on.
        """
        while self._seen:
            key, oldest = next(iter(self._seen.items()))
            if oldest.until_s > now_s:
                return
            del self._seen[key]
            if oldest.times and now_s < float("inf"):
                until_s = now_s + self._window_s
                self._seen[key] = _Seen(oldest.record, until_s)
            self._tell(oldest)

    def _tell(self, seen: _Seen) -> None:
        if not seen.times:
            return
        last = seen.record
        times = "once more" if seen.times == 1 else f"{seen.times} times more"
        counted = logging.LogRecord(
            last.name,
            last.levelno,
            last.pathname,
            last.lineno,
            "%s (%s in %s)",
            (message_of(last)[:_LONGEST], times, _lasting(self._window_s)),
            None,
        )
        counted.job = job_of(last)
        counted.threadName = last.threadName
        self._write(counted)

    def _end_later(self) -> None:
        """Nothing else may be logged for hours: have the counts written in time."""
        if self._timer is not None:
            return
        timer = threading.Timer(self._window_s, self._ring)
        timer.name, timer.daemon = "log", True
        # Where no thread can begin the next line tries again. Whoever says something
        # is often in the middle of an error already, and must not get another one.
        with suppress(RuntimeError):
            timer.start()
            self._timer = timer

    def _ring(self) -> None:
        with self._lock:
            self._timer = None
            self._end(self._clock())
            if any(seen.times for seen in self._seen.values()):
                self._end_later()


def _key(record: logging.LogRecord) -> Key:
    text = message_of(record)
    if record.name.partition(".")[0] == "mvsnap":
        text = f"{job_of(record)} {text}"
    else:
        text = _MAYBE_NUMBER.sub(_without_number, text[:_LONGEST])
    return record.name, record.levelno, text[:_LONGEST]


def _without_number(found: re.Match[str]) -> str:
    return "#" if any(map(str.isdigit, found[0])) else found[0]


def _lasting(seconds: float) -> str:
    return "a minute" if seconds == WINDOW_S else f"{seconds:g} s"
