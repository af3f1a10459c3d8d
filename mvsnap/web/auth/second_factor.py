"""Codes of an authenticator app (TOTP, RFC 6238), and those for a lost phone."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
from datetime import datetime
from enum import StrEnum

from mvsnap.store.users.second_factors import SecondFactorStore
from mvsnap.web.auth.login_attempts import LoginAttempts
from mvsnap.web.limit import Limit, Limiter

log = logging.getLogger(__name__)

_STEP_S = 30
# The clocks of a phone and of the gateway may be this many steps apart.
_TOLERATED = (0, -1, 1)
_RECOVERY_CODES = 10
# Easy to tell apart: no l, o, 0 and 1. Four groups of six are 120 random bits, so a
# plain hash of them is enough.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 6
_LONGEST = 64
# A million codes, three of them right: this keeps guessing hopeless for years.
_WRONG_CODES, _MINUTES = 10, 30


class CodeCheck(StrEnum):
    """What a code turned out to be."""

    RIGHT = "right"
    RECOVERY = "recovery code"
    USED = "used"
    WRONG = "wrong"

    @property
    def is_in(self) -> bool:
        return self in (CodeCheck.RIGHT, CodeCheck.RECOVERY)


class CodeAttempts:
    """Checks codes; wrong ones count like wrong passwords, and on their own."""

    def __init__(self, attempts: LoginAttempts, factors: SecondFactorStore) -> None:
        self._attempts = attempts
        self._factors = factors
        what = "Too many wrong codes"
        self._of_code = Limit(Limiter(), _WRONG_CODES, what, minutes=_MINUTES)
        self._turn = threading.Lock()  # or many at once would pass before one counts

    def check(self, name: str, typed: str, address: str, now: datetime) -> CodeCheck:
        """Return what this code of a user is; a right one is used up now.

        Raises:
            TooManyRequests: too many were wrong.
        """
        with self._turn:
            self._attempts.require_free(name, address)
            if self._of_code.reached_by(name):
                raise self._of_code.too_many(name)
            found = self._found(name, typed, now)
            if not found.is_in:
                self._attempts.count_failure(name, address)
                self._of_code.hit(name)
        if not found.is_in:
            log.warning("%s code of %s from %s", found, name, address)
        return found

    def _found(self, name: str, typed: str, now: datetime) -> CodeCheck:
        factor, code = self._factors.find(name), _plain(typed)
        if factor is None or code is None:
            return CodeCheck.WRONG
        step = step_of(factor.secret, code, now)
        if step is not None:
            is_new = self._factors.use_step(name, step)
            return CodeCheck.RIGHT if is_new else CodeCheck.USED
        if self._factors.use_recovery_code(name, recovery_hash(code)):
            return CodeCheck.RECOVERY
        return CodeCheck.WRONG


def new_secret() -> str:
    """Return a random secret for an app, in base32."""
    # Imported here, like below: most installations have no such user.
    import pyotp

    return pyotp.random_base32()


def app_url(secret: str, name: str, site: str) -> str:
    """Return the otpauth: URL that an app reads from a QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=site)


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the 30 s step that the code is of, None if it is wrong now."""
    import pyotp

    code = _plain(typed)
    if code is None:
        return None
    app, current = pyotp.TOTP(secret), int(now.timestamp()) // _STEP_S
    fitting = [
        current + shift
        for shift in _TOLERATED
        if hmac.compare_digest(app.generate_otp(current + shift), code)
    ]
    return fitting[0] if fitting else None


def new_recovery_codes() -> list[str]:
    return [
        "-".join(
            "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
            for _ in range(_GROUPS)
        )
        for _ in range(_RECOVERY_CODES)
    ]


def recovery_hash(code: str) -> str:
    """Return a recovery code as it is stored; its case and dashes do not count."""
    return hashlib.sha256((_plain(code) or "").encode()).hexdigest()


def _plain(typed: str) -> str | None:
    """Return what was typed without spaces and dashes, None if it is no code."""
    if len(typed) > _LONGEST:
        return None
    code = typed.lower().replace("-", "").replace(" ", "").strip()
    return code if code.isascii() and code.isalnum() else None
