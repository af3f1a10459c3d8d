"""Admission: how many connections there may be, in all and from one address.

So that one address can never take all, and that jobs find open files, too.
"""

from __future__ import annotations

import logging
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network
from itertools import chain
from typing import Protocol

from mvsnap.web.proxies import address_of, party_of

log = logging.getLogger(__name__)

# Libraries of other parts wait with select(), which knows file numbers below 1024 only.
_MOST = 600
_LEAST = 16
_WARN_EVERY_S = 60.0
_PROXY = "proxy"


class Guest(Protocol):
    """A connection, as admission sees it."""

    def abort(self) -> None: ...


class Admission:
    """Counts connections. For the thread of the event loop alone.

    most: in all; when they are taken, one of the address that has most makes room: the
        one that has been waiting for the head of a request for longest, or else one of
        those that may go. So neither idle nor slow ones keep a device out.
    per_address: of one address; of a network of 64 bits for IPv6, which is what one
        customer has.
    is_exempt: whether an address is that of a trusted proxy.
    """

    def __init__(
        self, most: int, per_address: int, is_exempt: Callable[[str], bool]
    ) -> None:
        self._most = most
        self._per_address = min(per_address, most // 2)
        self._is_exempt = is_exempt
        self._parties: dict[Guest, str] = {}
        self._of_party: Counter[str] = Counter()
        self._waiting: dict[Guest, None] = {}  # for longest first
        self._may_go: dict[Guest, None] = {}
        self._warned_at = -_WARN_EVERY_S

    def admit(self, guest: Guest, address: str) -> bool:
        """Count a new connection; False: it has to go."""
        party = _PROXY if self._is_exempt(address) else party_of(address)
        if self._most_of(party) >= self._per_address:
            self._warn(party)
            return False
        if len(self._parties) >= self._most and not self._made_room(party):
            return False
        self._parties[guest] = party
        self._of_party[party] += 1
        self._waiting[guest] = None
        return True

    def is_waiting(self, guest: Guest, waiting: bool) -> None:
        """Note whether a connection waits for the head of a request."""
        self._waiting.pop(guest, None)
        if waiting and guest in self._parties:
            self._waiting[guest] = None

    def may_go(self, guest: Guest, may: bool) -> None:
        """Note whether it waits for its turn, or for a client that reads slowly."""
        self._may_go.pop(guest, None)
        if may and guest in self._parties:
            self._may_go[guest] = None

    def release(self, guest: Guest) -> None:
        """Forget a connection, admitted or not."""
        self._waiting.pop(guest, None)
        self._may_go.pop(guest, None)
        party = self._parties.pop(guest, None)
        if party is None:
            return
        self._of_party[party] -= 1
        if not self._of_party[party]:
            del self._of_party[party]

    def _warn(self, party: str) -> None:
        now = time.monotonic()
        if now - self._warned_at >= _WARN_EVERY_S:
            self._warned_at = now
            log.warning(
                "%s has %d connections; more are refused "
                "(server.max_connections_per_address)",
                *(party, self._of_party[party]),
            )

    def _made_room(self, party: str) -> bool:
        """Make room for one more, unless its address has more than any other."""
        chosen = max(
            chain(self._waiting, self._may_go),
            key=lambda guest: self._most_of(self._parties[guest]),
            default=None,
        )
        if chosen is None:
            return False
        theirs = self._parties[chosen]
        if self._most_of(party) > self._most_of(theirs):
            return False
        if theirs == party and chosen not in self._waiting:
            return False  # no answer is given up for a later one of the same address
        self.release(chosen)
        chosen.abort()
        return True

    def _most_of(self, party: str) -> int:
        """Return how many connections one address has; a proxy speaks for many."""
        return 0 if party == _PROXY else self._of_party[party]


def most_connections() -> int:
    """Return how many this process can afford: half of the files it may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST
    return max(_LEAST, min(soft // 2, _MOST))


def among(proxies: Iterable[IPv4Network | IPv6Network]) -> Callable[[str], bool]:
    """Return a test whether an address is one of these."""
    networks = tuple(proxies)

    def is_one(text: str) -> bool:
        address = address_of(text)
        return address is not None and any(address in net for net in networks)

    return is_one
