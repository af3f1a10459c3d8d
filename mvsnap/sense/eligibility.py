"""Whether a listener may have zones: not while only others receive their messages."""

from __future__ import annotations

from mvsnap.clock import Clock
from mvsnap.store.events import Store
from mvsnap.store.sense import SenseStore, alive

# Without the broker for this long, another listener gets the zones.
_DISCONNECTED_S = 10.0


class Eligibility:
    """Of this listener, among those of one store."""

    def __init__(self, sense: SenseStore, events: Store, clock: Clock) -> None:
        self._sense = sense
        self._events = events
        self._clock = clock
        self._connected_s = float("-inf")  # when it last was

    def may_have_zones(self, *, connected: bool) -> bool:
        """Return whether messages come in, or nobody else receives them either.

        connected: to the broker, now.
        """
        now_s = self._clock.monotonic()
        if connected:
            self._connected_s = now_s
        is_recent = now_s - self._connected_s < _DISCONNECTED_S
        return is_recent or not self._is_anyone_connected()

    def _is_anyone_connected(self) -> bool:
        others = alive(self._sense.listeners(), self._events.now())
        return any(one.connected for one in others)
