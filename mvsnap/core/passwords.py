"""Passwords that are too easy to guess: rules over a list of common ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from mvsnap.errors import BadInput

SHORTEST_PASSWORD = 10
# No one remembers more, and hashing must not be made to take long.
LONGEST_PASSWORD = 256
# What is left of a password without names in it, or of one that repeats itself.
_LEAST_OWN = 8
_FEWEST_CHARACTERS = 5
_SHORTEST_NAME = 3
# Written instead of a character that looks like them.
_LOOK_ALIKES = str.maketrans("@430!1$57", "aaeoiisst")
_NO_LETTERS = re.compile(r"[\W\d_]+")
_SIGNS = re.compile(r"^[\W_]+|[\W_]+$")
_ALWAYS = ("mvsnap", "meraki", "admin", "administrator")
_EASY = "password: too easy to guess:"
_ADVICE = "use several words, for example"


def parse_password(text: str) -> str:
    """Return the password if its length can be used; spaces and all symbols count."""
    if len(text) < SHORTEST_PASSWORD:
        raise BadInput(
            f"password: too short (expected at least {SHORTEST_PASSWORD} characters)"
        )
    if len(text) > LONGEST_PASSWORD:
        raise BadInput(
            f"password: too long (expected at most {LONGEST_PASSWORD} characters)"
        )
    return text


def require_hard_to_guess(
    password: str, common: Container[str], names: Iterable[str]
) -> None:
    """Raise BadInput, with the reason, if others would guess the password.

    common: passwords in lower case. names: of the user and the site.
    """
    folded = _unit(password.casefold())
    if len(folded) < _LEAST_OWN or _is_pattern(folded):
        raise BadInput(f"{_EASY} it repeats itself or counts up or down; {_ADVICE}")
    if _is_common(folded, common):
        raise BadInput(
            f"{_EASY} a common password, also with digits or symbols around it; "
            f"{_ADVICE}"
        )
    own = _without(folded, names)
    if own != folded and (len(own) < _LEAST_OWN or _is_common(own, common)):
        raise BadInput(
            f"{_EASY} little more than the name of the user, the site or the program; "
            f"{_ADVICE}"
        )


def _unit(text: str) -> str:
    """Return what the text repeats, or the text itself."""
    sizes = range(1, len(text) // 2 + 1)
    return next(
        (text[:size] for size in sizes if text[size:] == text[:-size]),
        text,
    )


def _is_common(folded: str, common: Container[str]) -> bool:
    plain = folded.translate(_LOOK_ALIKES)
    return any(text in common for text in (folded, _core(folded), plain, _core(plain)))


def _core(text: str) -> str:
    """Return the text without digits and symbols at its ends."""
    first = _NO_LETTERS.match(text)
    text = text[first.end() :] if first else text
    kept = len(text)
    while kept and not text[kept - 1].isalpha():
        kept -= 1
    return text[:kept]


def _is_pattern(folded: str) -> bool:
    if len(set(folded)) < _FEWEST_CHARACTERS:
        return True
    steps = {
        ord(after) - ord(before)
        for before, after in zip(folded, folded[1:], strict=False)
    }
    return steps in ({1}, {-1})


def _without(folded: str, names: Iterable[str]) -> str:
    parts = {
        part
        for name in (*names, *_ALWAYS)
        for part in _NO_LETTERS.split(name.casefold())
        if len(part) >= _SHORTEST_NAME
    }
    whole = folded
    for part in sorted(parts, key=len, reverse=True):
        folded = folded.replace(part, "")
    return _SIGNS.sub("", folded) if folded != whole else whole
