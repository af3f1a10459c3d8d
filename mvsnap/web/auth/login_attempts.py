"""Password logins: equal time for wrong and unknown names, and a lockout."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mvsnap.config.login import LoginSection
from mvsnap.core import users
from mvsnap.domain import User
from mvsnap.errors import AccountsAway, BadInput, TooManyRequests
from mvsnap.jobs.shares import WaitingRequests
from mvsnap.store.users import UserStore
from mvsnap.values import replace
from mvsnap.web import accounts, passwords
from mvsnap.web.limit import Limit, Limiter
from mvsnap.web.proxies import party_of

log = logging.getLogger(__name__)

_MOST_KNOWN = 1000
# Guessing must not grow the audit log, which is kept for a year; the log has it all.
_WRITTEN_AN_HOUR = 20
# Requests that check a password or wait for it: each holds a thread of the server.
_AT_ONCE = 4
_TURN_S = 10.0
_AGAIN_S = 2
_COUNTED_FOR_NAME = 3


class LoginAttempts:
    """Checks one mvsnap password at a time: each check takes much memory and a core.

    Those of system accounts take seconds but no CPU, so a few are checked at once; that
    many more attempts may pass before a lockout. A few wait, those of one address not
    in all places; any more are refused at once.
    """

    def __init__(self, users: UserStore, login: LoginSection) -> None:
        self._users = users
        self._login = login
        self._accounts = accounts.SystemAccounts(login.pam_service)
        limiter = Limiter()
        what = "Too many failed logins"
        self._of_address = Limit(limiter, 10, what)
        self._of_both = Limit(limiter, 10, what, minutes=5)
        self._of_name = Limit(limiter, 10, what, minutes=5)
        # One address must not lock a name out everywhere: so few of its failures count.
        self._for_name = Limit(limiter, _COUNTED_FOR_NAME, what, minutes=5)
        self._written = Limit(limiter, _WRITTEN_AN_HOUR, what, minutes=60)
        # Where somebody has logged in before, strangers cannot lock that user out, nor
        # neighbours behind the same address.
        self._known_good: set[tuple[str, str]] = set()
        self._waiting = WaitingRequests(_AT_ONCE)
        self._hashing = None if login.backend == "pam" else threading.Lock()

    def check(self, name: str, password: str, address: str) -> User | None:
        """Return the user, None if name or password is wrong.

        Raises:
            TooManyRequests: too many have failed from this address or for this name,
                or are being checked.
            AccountsAway: the system's accounts are unavailable now.
        """
        name = name.strip().lower()[: users.LONGEST_NAME + 1]
        # Before it waits as well: who is locked out takes no place.
        self.require_free(name, address)
        with self._turn(address):
            self.require_free(name, address)
            user = self.find(name)
            if self._fits(user, password) and user is not None:
                self._remember(name, address)
                return self._renewed(user, password)
            self.count_failure(name, address)
        # Not what was typed: it may be a password in the wrong field.
        shown = "unknown user" if user is None else user.name
        log.warning("failed login as %s from %s", shown, address)
        return None

    def require_free(self, name: str, address: str) -> None:
        """Raise TooManyRequests if too many attempts have failed."""
        for limit, who in self._counters(name, address):
            if limit.reached_by(who):
                raise limit.too_many(who)

    @contextmanager
    def _turn(self, address: str) -> Iterator[None]:
        with self._waiting.place(party_of(address)) as has_place:
            if not has_place:
                raise TooManyRequests(
                    "Too many logins at once. Try again.", retry_after_s=_AGAIN_S
                )
            if self._hashing is None:
                yield
                return
            if not self._hashing.acquire(timeout=_TURN_S):
                raise AccountsAway("Too many logins at once. Try again.")
            try:
                yield
            finally:
                self._hashing.release()

    def find(self, name: str) -> User | None:
        """Return the user of this name, if this kind of login can succeed at all."""
        try:
            user = self._users.user(users.parse_name(name))
        except BadInput:
            return None
        if user is None or user.backend == "oidc":  # there is no password to check
            return None
        return user if may_come(user, self._login) else None

    def should_write(self, user: User | None) -> bool:
        """Return whether another failure of this user goes into the audit log."""
        return self._written.hit("nobody" if user is None else f"user {user.name}")

    def _fits(self, user: User | None, password: str) -> bool:
        if self._login.backend == "pam":
            return self._accounts.fits(user.name if user else None, password)
        stored = passwords.NOBODYS if user is None else user.password_hash
        return passwords.fits(stored, password)

    def _renewed(self, user: User, password: str) -> User:
        """Return the user with a hash of today's cost."""
        if not passwords.is_outdated(user.password_hash):
            return user
        fresh = passwords.hashed(password)
        self._users.rehash(user, fresh)
        return replace(user, password_hash=fresh)

    def _counters(self, name: str, address: str) -> list[tuple[Limit, str]]:
        """Return what may lock somebody out; who is known is counted alone."""
        party = party_of(address)
        both = f"{party} {name}"
        if (name, party) in self._known_good:
            return [(self._of_address, f"known {both}")]
        return [
            (self._of_address, f"address {party}"),
            (self._of_both, f"both {both}"),
            (self._of_name, f"name {name}"),
        ]

    def count_failure(self, name: str, address: str) -> None:
        both = f"{party_of(address)} {name}"
        for limit, who in self._counters(name, address):
            if limit is not self._of_name or self._for_name.hit(both):
                limit.hit(who)

    def _remember(self, name: str, address: str) -> None:
        if len(self._known_good) >= _MOST_KNOWN:
            self._known_good.clear()
        self._known_good.add((name, party_of(address)))


def may_come(user: User, login: LoginSection) -> bool:
    """Return whether the user was added for this backend and still has an account.

    A user with an mvsnap password is not the system account of the same name, nor the
    other way round.
    """
    if not login.knows(user):
        return False
    return user.backend != "pam" or accounts.exists(user.name)
