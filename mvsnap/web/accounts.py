"""System accounts: whether they exist, and whether PAM accepts their passwords."""

from __future__ import annotations

import logging
import os
import pwd
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from mvsnap.errors import AccountsAway
from mvsnap.loop import begin

log = logging.getLogger(__name__)

INSTALL = "pip install 'python-pam>=2.1'"
# Checked in place of a name that must not be used: takes as long as a wrong password,
# and never reveals the real password of that account (root's, say).
_NOBODY, _NO_PASSWORD = "mvsnap-nobody", "none"
# PAM takes seconds for a wrong password, and longer if a directory does not answer.
_AT_ONCE = 3
_LIMIT_S = 10.0
# Wrong passwords of others take longer; a right one is soon through.
_TURN_S = 1.0
_LONGEST_PASSWORD = 127  # PAM's own limit is 512 bytes, and a character takes up to 4
_FOLDERS = (Path("/etc/pam.d"), Path("/usr/lib/pam.d"))


def exists(name: str) -> bool:
    """Return whether this system account exists and may be used: never root.

    Asks the machine's own sources of accounts: /etc/passwd, or a directory it caches.
    """
    try:
        return pwd.getpwnam(name).pw_uid != 0
    except KeyError:
        return False


class SystemAccounts:
    """Checks few passwords at a time, so that most threads stay free for requests."""

    def __init__(self, service: str, *, limit_s: float = _LIMIT_S) -> None:
        self._service = service
        self._limit_s = limit_s
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def fits(self, name: str | None, password: str) -> bool:
        """Return whether the account may log in with this password; None: always no.

        Expired and locked accounts may not, nor those without a password.

        Raises:
            AccountsAway: too many are being checked, or PAM does not answer.
        """
        is_usable = "\0" not in password and 0 < len(password) <= _LONGEST_PASSWORD
        if name is None or not is_usable:
            self._refused(_NOBODY, _NO_PASSWORD)
            return False
        refused = self._refused(name, password)
        if refused:
            log.info("PAM refused %s: %s", name, refused)
        return not refused

    def _refused(self, name: str, password: str) -> str:
        """Return why PAM refuses the login, "" if it accepts it."""
        self._require_set_up()
        if not self._free.acquire(timeout=_TURN_S):
            raise AccountsAway("Too many logins at once. Try again.")
        try:
            return self._ask(name, password).result(self._limit_s)
        except TimeoutError:
            log.error("PAM did not answer within %.0f s", self._limit_s)
            raise AccountsAway("The system accounts are not responding.") from None

    def _ask(self, name: str, password: str) -> Future[str]:
        """Ask PAM in a thread, as it may be slow; return why not, or ""."""
        answer: Future[str] = Future()

        def ask() -> None:
            try:
                refused = self._why_not(name, password)
            except AccountsAway as exc:
                answer.set_exception(exc)
            else:
                answer.set_result(refused)

        thread = threading.Thread(target=ask, name="pam", daemon=True)
        begin(thread, self._free.release)
        return answer

    def _why_not(self, name: str, password: str) -> str:
        try:
            return _why_not(name, password, self._service)
        except (ImportError, AttributeError, OSError) as exc:
            log.error("logins: PAM cannot be used: %s", exc)
            message = "Logins cannot be checked at the moment; see the log."
            raise AccountsAway(message) from exc
        finally:  # before the answer: an immediate retry finds it free
            self._free.release()

    def _require_set_up(self) -> None:
        # Without a file of that name PAM would use its fallback for other programs.
        if service_file(self._service) is None:
            log.error("logins: %s", _no_file(self._service))
            raise AccountsAway("Logins are not set up yet; see the log.")


def service_file(service: str) -> Path | None:
    found = (folder / service for folder in _FOLDERS)
    return next((path for path in found if path.is_file()), None)


def mistakes(service: str, names: Sequence[str]) -> list[str]:
    """Return what keeps these accounts from logging in, in words for an admin."""
    found = []
    try:
        import pam

        pam.PamAuthenticator()
    except ImportError:
        found.append(f"python-pam is missing: {INSTALL}")
    except (AttributeError, OSError) as exc:
        found.append(f"The PAM library cannot be used: {exc}")
    if service_file(service) is None:
        found.append(_no_file(service))
    gone = [name for name in names if not exists(name)]
    if gone:
        found.append(f"no such system account, or root: {', '.join(gone)}")
    if _has_hidden_passwords(names) and not os.access("/etc/shadow", os.R_OK):
        found.append(
            "only root and the group shadow may check passwords of others: "
            f"sudo adduser {pwd.getpwuid(os.geteuid()).pw_name} shadow"
        )
    return found


def _why_not(name: str, password: str, service: str) -> str:
    """Return why PAM refuses the login, "" if it accepts it; may take seconds."""
    # Imported here: an optional extra.
    import pam

    asked = pam.PamAuthenticator()
    # No credentials are set up: they would change the groups of this process.
    is_in = asked.authenticate(name, password, service=service, resetcreds=False)
    if is_in and not asked.messages:
        return "it has no password"  # "nullok" accepts an empty password
    return "" if is_in else str(asked.reason)


def _no_file(service: str) -> str:
    return (
        f"there is no /etc/pam.d/{service}: "
        f"sudo cp init.d/mvsnap.pam /etc/pam.d/{service}"
    )


def _has_hidden_passwords(names: Sequence[str]) -> bool:
    """Return whether an account is local to this machine, not from a directory."""
    lines = Path("/etc/passwd").read_text(encoding="utf-8", errors="replace")
    local = {line.partition(":")[0] for line in lines.splitlines()}
    return not local.isdisjoint(names)
