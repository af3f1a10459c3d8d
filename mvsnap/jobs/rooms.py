"""Which rooms and cameras cannot be reached now, as far as this process knows.

While a room is away, one message tries it now and then, and the others wait without a
call: `jobs.waker` lets them go on when it works again. Each room is known for itself:
one that refuses says nothing about the others. A camera is named with `waits.CAMERA`;
its Dashboard is asked for each new trigger, but not for a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from mvsnap.clock import Clock
from mvsnap.texts.wording import Reason

# Between two attempts of a room that is away.
_ATTEMPT_EVERY_S = 2.0
# In a silent network an attempt takes long: a new one need not wait for it.
_MOST_ATTEMPTS = 4
# A message that failed as often, while others arrived, fails for a reason of its own.
_OWN_FAULTS = 3
_MOST_FAULTS = 10_000


@dataclass(slots=True)
class _Away:
    why: Reason
    next_s: float
    attempts: int = 0


class Rooms:
    """on_back: called when a room works again that was away; from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.on_back: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._away: dict[str, _Away] = {}
        self._worked_s: dict[str, float] = {}
        # Of messages: how often they failed, and when last.
        self._faults: dict[object, tuple[int, float]] = {}

    def why_away(self, room: str) -> Reason | None:
        """Return why it cannot be reached; None: as far as known, it can."""
        with self._lock:
            away = self._away.get(room)
            return away.why if away else None

    def is_due(self, room: str) -> bool:
        """Return whether `begin` would let a message try it now."""
        with self._lock:
            return self._is_due(room)

    def begin(self, room: str) -> bool:
        """Return whether a message may try it now; then call `worked` or `failed`."""
        with self._lock:
            if not self._is_due(room):
                return False
            away = self._away.get(room)
            if away is not None:
                away.attempts += 1
                away.next_s = self._clock.monotonic() + _ATTEMPT_EVERY_S
            return True

    def worked(self, room: str) -> None:
        """The room answered, if only with a refusal of this message."""
        with self._lock:
            self._worked_s[room] = now_s = self._clock.monotonic()
            was_away = self._away.pop(room, None) is not None
            if was_away:  # so do the others, maybe
                for other in self._away.values():
                    other.next_s = now_s
        if was_away:
            self.on_back()

    def failed(self, room: str, message: object, why: Reason, asked_s: float) -> bool:
        """Return whether the room is to blame, and not this message alone.

        asked_s: how long the service asked not to be called.
        """
        now_s = self._clock.monotonic()
        with self._lock:
            faults, before_s = self._faults.get(message, (0, now_s))
            others_arrived = self._worked_s.get(room, float("-inf")) > before_s
            if len(self._faults) >= _MOST_FAULTS:
                self._faults.clear()
            self._faults[message] = (faults + (others_arrived or not faults), now_s)
            if others_arrived and faults >= _OWN_FAULTS:
                return False
            away = self._away.setdefault(room, _Away(why, now_s))
            away.why, away.attempts = why, max(away.attempts - 1, 0)
            away.next_s = max(away.next_s, now_s + max(asked_s, _ATTEMPT_EVERY_S / 2))
            return True

    def fails_alone(self, message: object) -> bool:
        """Return whether it failed again and again while others arrived."""
        with self._lock:
            return self._faults.get(message, (0, 0.0))[0] > _OWN_FAULTS

    def _is_due(self, room: str) -> bool:
        away = self._away.get(room)
        if away is None:
            return True
        is_time = self._clock.monotonic() >= away.next_s
        return is_time and away.attempts < _MOST_ATTEMPTS
