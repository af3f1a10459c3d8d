"""Which time a message of a camera has, whatever somebody sets our clock to meanwhile.

Cameras stamp their messages, and their clocks are mostly right. A timestamp that is
missing, in the future or more than a day old is wrong: the time of arrival is used.
"""

from __future__ import annotations

AHEAD_MS = 10_000
BEHIND_MS = 86_400_000
# A faulty clock may step for ever.
_MOST_STEPS = 4


class ClockSteps:
    """By how much our clock was set lately.

    A camera is right if it agrees with what our clock said before it was set, too.
    """

    def __init__(self) -> None:
        # What the clock would say by each earlier setting, less what it says.
        self._others_ms = [0]

    def note(self, by_ms: int) -> None:
        earlier_ms = [other_ms - by_ms for other_ms in self._others_ms]
        self._others_ms = [0, *earlier_ms][: _MOST_STEPS + 1]

    def believed_ms(self, ts_ms: int, received_ms: int) -> int:
        """Return the time of a message: its own unless that cannot be right."""
        for other_ms in self._others_ms:
            if -AHEAD_MS <= received_ms + other_ms - ts_ms <= BEHIND_MS:
                return ts_ms
        return received_ms


class SteadyTimes:
    """The times of one source, without the steps of our clock.

    What began by the time of arrival goes on by it as if the clock had not been set:
    otherwise a step of an hour ends a crowd, or makes it last for an hour. `rebase`
    between two of them.
    """

    __slots__ = ("_by_arrival", "_steps", "offset_ms")

    def __init__(self, steps: ClockSteps, offset_ms: int = 0) -> None:
        self._steps = steps
        self._by_arrival = False
        self.offset_ms = offset_ms

    def time_ms(self, ts_ms: int, received_ms: int) -> int:
        believed_ms = self._steps.believed_ms(ts_ms, received_ms)
        self._by_arrival = believed_ms != ts_ms
        return believed_ms - self.offset_ms

    def clock_was_set(self, by_ms: int) -> None:
        if self._by_arrival:
            self.offset_ms += by_ms

    def rebase(self) -> int:
        """Follow the clock from now on; return by how much times go ahead."""
        by_ms, self.offset_ms = self.offset_ms, 0
        return by_ms
