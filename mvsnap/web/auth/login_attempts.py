"""Password logins: equal time for wrong and unknown names, and a lockout."""

from __future__ import annotations

import logging
import threading
from contextlib import nullcontext

from mvsnap.config.login import LoginSection
from mvsnap.core import users
from mvsnap.domain import User
from mvsnap.errors import BadInput
from mvsnap.store.users import UserStore
from mvsnap.web import accounts, passwords
from mvsnap.web.auth.limit import Limit, Limiter

log = logging.getLogger(__name__)

_MOST_KNOWN = 1000
# Guessing must not grow the audit log, which is kept for a year; the log has it all.
_WRITTEN_AN_HOUR = 20


class LoginAttempts:
    """Checks one mvsnap password at a time: each check takes 32 MB and a core.

    Those of system accounts take seconds but no CPU, so a few are checked at once; that
    many more attempts may pass before a lockout.
    """

    def __init__(self, users: UserStore, login: LoginSection) -> None:
        self._users = users
        self._login = login
        self._accounts = accounts.SystemAccounts(login.pam_service)
        limiter = Limiter()
        what = "Too many failed logins"
        self._of_address = Limit(limiter, 10, what)
        self._of_name = Limit(limiter, 10, what, minutes=5)
        self._written = Limit(limiter, _WRITTEN_AN_HOUR, what, minutes=60)
        # Where somebody has logged in before, strangers cannot lock that user out.
        self._known_good: set[tuple[str, str]] = set()
        is_local = login.backend != "pam"
        self._turn = threading.Lock() if is_local else nullcontext()

    def check(self, name: str, password: str, address: str) -> User | None:
        """Return the user, None if name or password is wrong.

        Raises:
            TooManyRequests: too many have failed from this address or for this name.
            AccountsAway: the system's accounts are unavailable now.
        """
        name = name.strip().lower()[: users.LONGEST_NAME + 1]
        with self._turn:
            for limit, who in self._counters(name, address):
                if limit.reached_by(who):
                    raise limit.too_many(who)
            user = self.find(name)
            if self._fits(user, password) and user is not None:
                log.info("%s logged in from %s", user.name, address)
                self._remember(name, address)
                return user
            for limit, who in self._counters(name, address):
                limit.hit(who)
        # Not what was typed: it may be a password in the wrong field.
        shown = "unknown user" if user is None else user.name
        log.warning("failed login as %s from %s", shown, address)
        return None

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

    def _counters(self, name: str, address: str) -> list[tuple[Limit, str]]:
        of_address = (self._of_address, f"address {address}")
        if (name, address) in self._known_good:
            return [of_address]
        return [of_address, (self._of_name, f"name {name}")]

    def _remember(self, name: str, address: str) -> None:
        if len(self._known_good) >= _MOST_KNOWN:
            self._known_good.clear()
        self._known_good.add((name, address))


def may_come(user: User, login: LoginSection) -> bool:
    """Return whether the user was added for this backend and still has an account.

    A user with an mvsnap password is not the system account of the same name, nor the
    other way round.
    """
    if not login.knows(user):
        return False
    return user.backend != "pam" or accounts.exists(user.name)
