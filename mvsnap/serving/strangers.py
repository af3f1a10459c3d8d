"""Requests of nobody known: what they cost, their address waits for.

Without a key or a login there are pages, such as that for logging in, and refusals. An
address that asks for many of them at once would keep the processor from all others.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from mvsnap.web.proxies import party_of

# An address has so much of a thread at once, and this part of one from then on.
_AT_ONCE_S = 1.0
_PART = 0.25
# Also for others behind the same address, who may have a key.
_LONGEST_S = 1.0
_MOST_ADDRESSES = 1000


class Strangers:
    """Counts for each address how long its strangers have used a thread.

    is_exempt: whether an address is that of a trusted proxy, which speaks for many.
    """

    def __init__(
        self,
        is_exempt: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_exempt = is_exempt
        self._clock = clock
        # When each will have waited for all it has used; least recent first.
        self._even_at_s: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how long the next request of this address has to wait."""
        even_at_s = self._even_at_s.get(party_of(address), 0.0)
        ahead_s = even_at_s - self._clock() - _AT_ONCE_S / _PART
        return min(max(ahead_s, 0.0), _LONGEST_S)

    def used(self, address: str, thread_s: float) -> None:
        """Count a request that was nobody's."""
        if self._is_exempt(address):
            return
        party, now_s = party_of(address), self._clock()
        even_at_s = max(self._even_at_s.pop(party, 0.0), now_s) + thread_s / _PART
        # Not more than can be felt: it is forgotten as soon as the flood is over.
        most_s = now_s + _AT_ONCE_S / _PART + _LONGEST_S
        self._even_at_s[party] = min(even_at_s, most_s)
        if len(self._even_at_s) > _MOST_ADDRESSES:
            self._even_at_s.popitem(last=False)
