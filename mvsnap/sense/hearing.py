"""Hearing: whether a listener gets messages, or other listeners do instead of it."""

from __future__ import annotations

from mvsnap.clock import Clock
from mvsnap.store.events import SILENT_AFTER, Store
from mvsnap.store.sense import SenseStore

# Without the broker for this long, another listener gets the zones.
_DEAF_S = 10.0


class Hearing:
    def __init__(self, sense: SenseStore, events: Store, clock: Clock) -> None:
        self._sense = sense
        self._events = events
        self._clock = clock
        self._heard_s = float("-inf")

    def is_best(self, *, connected: bool) -> bool:
        """Return whether messages come in, or at least nobody else receives them.

        connected: to the broker, now.
        """
        now_s = self._clock.monotonic()
        if connected:
            self._heard_s = now_s
        return now_s - self._heard_s < _DEAF_S or not self._is_anyone_connected()

    def _is_anyone_connected(self) -> bool:
        recent = self._events.now() - SILENT_AFTER
        return any(
            one.connected and one.seen_at > recent for one in self._sense.listeners()
        )
