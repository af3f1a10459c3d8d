"""Log-in with a password: equal time for wrong and unknown, an end to guessing."""

from __future__ import annotations

import logging
import threading

from mvsnap.core import users
from mvsnap.domain import User
from mvsnap.errors import BadInput
from mvsnap.store.people import People
from mvsnap.web import passwords
from mvsnap.web.auth.limit import Limit, Limiter

log = logging.getLogger(__name__)

_MOST_KNOWN = 1000


class Tries:
    """Checks one password at a time: each takes 32 MB and a core."""

    def __init__(self, people: People) -> None:
        self._people = people
        limiter = Limiter()
        what = "Too many failed log-ins"
        self._of_address = Limit(limiter, 10, what)
        self._of_name = Limit(limiter, 10, what, minutes=5)
        # Where somebody has logged in before, strangers cannot lock him out.
        self._known_good: set[tuple[str, str]] = set()
        self._turn = threading.Lock()

    def check(self, name: str, password: str, address: str) -> User | None:
        """Return the user, None when name or password is wrong.

        Raises:
            TooManyRequests: too many have failed from this address or for this name.
        """
        name = name.strip().lower()[: users.LONGEST_NAME + 1]
        with self._turn:
            for limit, who in self._counters(name, address):
                if limit.reached_by(who):
                    raise limit.too_many(who)
            user = self._find(name)
            stored = passwords.NOBODYS if user is None else user.password_hash
            if passwords.fits(stored, password) and user is not None:
                log.info("%s logged in from %s", user.name, address)
                self._remember(name, address)
                return user
            for limit, who in self._counters(name, address):
                limit.hit(who)
        # Not what was typed: it may be a password in the wrong field.
        shown = "nobody we know" if user is None else user.name
        log.warning("failed log-in as %s from %s", shown, address)
        return None

    def _counters(self, name: str, address: str) -> list[tuple[Limit, str]]:
        of_address = (self._of_address, f"address {address}")
        if (name, address) in self._known_good:
            return [of_address]
        return [of_address, (self._of_name, f"name {name}")]

    def _remember(self, name: str, address: str) -> None:
        if len(self._known_good) >= _MOST_KNOWN:
            self._known_good.clear()
        self._known_good.add((name, address))

    def _find(self, name: str) -> User | None:
        try:
            return self._people.user(users.parse_name(name))
        except BadInput:
            return None
