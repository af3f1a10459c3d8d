"""What many viewers see alike is read once for all who ask within a moment."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

T = TypeVar("T")

# Less than the time between two polls of a page: nobody sees the same news later.
FRESH_S = 1.0
# Keys contain what people type into filters: their number has a limit.
_MOST = 64
# As long as nobody writes, a read is used that many times as long: what some of them
# say changes with the time as well.
_UNCHANGED = 10
# Slow reads are used at most so many times as long as others.
_SLOW = 10


@dataclass(slots=True)
class _Slot:
    """The last read of one key. until: monotonic; before it nobody reads again.

    count: of commits before it; None: not known. last: when it is too old in any case.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = -1.0
    count: int | None = None
    last: float = -1.0
    value: Any = None
    error: Exception | None = None


class SharedReads:
    """The last reads of a process, by key; fresh_s: how long one may be used.

    Who asks while another one reads waits for that read. An error is shared as well:
    a database in trouble is not asked by one waiting thread after the other.
    """

    def __init__(
        self,
        fresh_s: float = FRESH_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fresh_s = fresh_s
        self._monotonic = monotonic
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self,
        key: Hashable,
        read: Callable[[], T],
        *,
        times: int = 1,
        commits: Callable[[], int | None] = lambda: None,
    ) -> T:
        """Return what `read` returned for this key lately, or returns now.

        times: how many times as long as others it may be used. commits: counts those of
        the database; until the next one, the read may be used for ten seconds.
        """
        slot = self._slot(key)
        came = self._monotonic()
        with slot.lock:
            fresh_s = self._fresh_s * times
            if slot.until <= came < slot.last and commits() == slot.count:
                slot.until = min(came + fresh_s, slot.last)
            if came >= slot.until:
                began = self._monotonic()
                slot.value = slot.error = None
                slot.count, slot.last = commits(), -1.0
                try:
                    slot.value = read()
                    slot.until = _until(began, self._monotonic(), fresh_s)
                    if slot.count is not None:
                        slot.last = began + fresh_s * _UNCHANGED
                except Exception as exc:  # noqa: BLE001  # raised below
                    slot.error = exc
                    slot.until = self._monotonic() + self._fresh_s
            if slot.error is not None:
                raise slot.error
            return cast(T, slot.value)

    def _slot(self, key: Hashable) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > _MOST:
                self._slots.popitem(last=False)
            return slot


def _until(began: float, ended: float, fresh_s: float) -> float:
    """Return when it is read anew; who came before its end uses it in any case.

    A slow read is used for about as long as it took: else one after the other would
    fill the processor, and those who wait for them the threads of requests.
    """
    took_s = ended - began
    if took_s < fresh_s:
        return began + fresh_s
    return ended + min(took_s, _SLOW * fresh_s)
