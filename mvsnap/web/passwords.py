"""Passwords: which are accepted, and how they are stored (scrypt, by werkzeug)."""

from __future__ import annotations

from werkzeug.security import check_password_hash, generate_password_hash

from mvsnap.core.passwords import parse_password, require_hard_to_guess

# One of OWASP's equal choices: 32 MB, as there is little memory on a Raspberry Pi.
_METHOD = "scrypt:32768:8:3"
# Earlier versions had no limit for those that were set.
_LONGEST_CHECKED = 1024
# Earlier versions did a third of the work.
_OLD_METHOD = "scrypt:32768:8:1"
# Both of discarded random texts: unknown users take as long as a wrong password ...
NOBODYS = (
    "scrypt:32768:8:3$HllVFqWfz3s9Om3K$"
    "a43de91857d7a02a844178ba925a6f44eceb24449075d0a52b34e10621badba5"
    "a1b4822bdd59b6ddb12275dbd02074e276e077c8d2b39cd0ad360097fb4524c9"
)
# ... and so do those whose hash is old.
_REST = (
    "scrypt:32768:8:2$tsxqwru7qqU7O0mD$"
    "9f38a588aecc3ae1461186c14542b321ddee357152916a5c8885f75a26cfec65"
    "6e25f4ce3c1ec383e9cd36f5efdaff662c1f219d48e4d641b72a93a9757f71e1"
)


def hashed(password: str) -> str:
    return generate_password_hash(password, _METHOD)


def fits(stored: str, password: str) -> bool:
    given = password[:_LONGEST_CHECKED]
    is_right = check_password_hash(stored, given)
    if not is_right and is_outdated(stored):
        check_password_hash(_REST, given)
    return is_right


def is_outdated(stored: str) -> bool:
    """Return whether a new hash of the same password would be safer."""
    return stored.startswith(f"{_OLD_METHOD}$")


def accepted(password: str, user_name: str, site_name: str) -> str:
    """Return a new password that can be used.

    Raises:
        BadInput: it is too short, too long or too easy to guess.
    """
    parse_password(password)
    # Imported here: 14 MB of lists, which no other request needs.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    common = frozenset(FREQUENCY_LISTS["passwords"])
    require_hard_to_guess(password, common, (user_name, site_name))
    return password
