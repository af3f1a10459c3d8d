"""Names that are equal in any spelling. Pure."""

from __future__ import annotations

import unicodedata

# No name is longer; marks in disorder take quadratic time to compose.
_LONGEST = 2000
# They change how the sign before them is drawn: text or emoji, one glyph or another.
_SELECTORS = frozenset((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))


def fold(name: str) -> str:
    """Return the same spelling for userId, user_id and `User ID`."""
    return "".join(char for char in name.casefold() if char.isalnum())


def folded(text: str) -> str:
    """Return the same text for names that look alike to a reader.

    Upper and lower case, composed and combining marks, wide and narrow forms are one;
    so are blanks of any kind and number. Signs that take no space do not count. A
    text of more than 2000 characters is no name: it equals only itself.
    """
    if len(text) > _LONGEST:
        return text
    # Folding the case may leave marks apart again.
    plain = _composed(_composed(text).casefold())
    seen = "".join(char for char in plain if not _is_unseen(char))
    return " ".join(seen.split())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _is_unseen(char: str) -> bool:
    # Cf: zero-width blanks and joiners, soft hyphens, marks of direction.
    return ord(char) in _SELECTORS or unicodedata.category(char) == "Cf"
