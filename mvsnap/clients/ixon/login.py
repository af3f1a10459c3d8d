"""IXON login: the bearer token of every call, from a setting or from an account.

Each login leaves a token object in IXON, so it is used until it expires. Too many wrong
passwords lock the account, so a refused one is not sent again soon.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mvsnap.clients.ixon.errors import NotAllowed
from mvsnap.clock import Clock
from mvsnap.texts.wording import Reason

log = logging.getLogger(__name__)

# IXON allows 60 s to 60 days.
TOKEN_LIFE = timedelta(hours=12)
_RENEWED_BEFORE = timedelta(minutes=5)
_AT_ONCE = datetime.min.replace(tzinfo=UTC)
_PAUSE_AFTER_REFUSAL_S = 300.0


class PasswordRefused(NotAllowed):
    """Wrong, or not enough: the account has two-factor authentication."""


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """The long-lived token of an API service account."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account without two-factor authentication."""

    email: str
    password: str = field(repr=False)

    def basic(self) -> str:
        """Return the Authorization header of a login.

        Its middle part is the one-time password: `email:otp:password`, or empty.
        """
        text = f"{self.email}::{self.password}".encode()
        return "Basic " + base64.b64encode(text).decode()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token issued by IXON; expires_at: None if it did not say."""

    secret: str = field(repr=False)
    expires_at: datetime | None


class IxonLogin:
    """Supplies the token to send and renews it in time; thread-safe."""

    def __init__(
        self,
        credentials: ServiceToken | Account,
        *,
        clock: Clock,
        sign_in: Callable[[Account], AccessToken],
    ) -> None:
        """sign_in: sends the password; raises PasswordRefused or UpstreamError."""
        self._credentials = credentials
        self._clock = clock
        self._sign_in = sign_in
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = _AT_ONCE
        self._refusal = Reason("")
        self._refused_until_s = float("-inf")

    @property
    def renewable(self) -> bool:
        return isinstance(self._credentials, Account)

    def forget(self) -> str:
        """Return the token of a login, "" without one, and stop using it."""
        with self._lock:
            token, self._token = self._token, ""
            self._renew_at = _AT_ONCE
            return token

    def secrets(self) -> list[str]:
        """Return every text that no message may contain."""
        if isinstance(self._credentials, ServiceToken):
            return [self._credentials.secret]
        basic = self._credentials.basic().removeprefix("Basic ")
        return [self._credentials.password, basic, self._token]

    def token(self) -> str:
        """Return the token to send.

        Raises:
            UpstreamError: a login was needed and failed.
        """
        if isinstance(self._credentials, ServiceToken):
            return self._credentials.secret
        with self._lock:
            if self._clock.now() >= self._renew_at:
                self._renew(self._credentials)
            return self._token

    def renewed(self, refused: str) -> str:
        """Return a replacement for the token that IXON refused.

        If several threads were refused together, only one signs in.
        """
        if isinstance(self._credentials, ServiceToken):
            return refused
        with self._lock:
            if self._token == refused:
                self._renew(self._credentials)
            return self._token

    def _renew(self, account: Account) -> None:
        if self._clock.monotonic() < self._refused_until_s:
            raise PasswordRefused(self._refusal, retry=False)
        try:
            granted = self._sign_in(account)
        except PasswordRefused as exc:
            self._refusal = exc.as_reason
            self._refused_until_s = self._clock.monotonic() + _PAUSE_AFTER_REFUSAL_S
            raise
        now = self._clock.now()
        latest = now + TOKEN_LIFE
        ends_at = granted.expires_at or latest
        if not now + _RENEWED_BEFORE < ends_at <= latest:
            # The clocks differ. A token that expires sooner is detected by a 401.
            ends_at = latest
        self._token, self._renew_at = granted.secret, ends_at - _RENEWED_BEFORE
        log.info("signed in to IXON")
