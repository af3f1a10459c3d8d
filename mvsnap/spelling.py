"""Names that are equal in any spelling. Pure."""

from __future__ import annotations

import re
import unicodedata

_NO_LETTERS_OR_DIGITS = re.compile(r"[\W_]+")
# No name is longer; marks in disorder take quadratic time to compose.
_LONGEST = 2000
# They change how the sign before them is drawn: text or emoji, one glyph or another.
# Those after 0xE0000 and the reserved ones are not to be drawn either.
_SELECTORS = range(0xFE00, 0xFE10), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000)
_BRAILLE_BLANK = "\u2800"  # looks like a blank, and is a sign
# Letters and marks that are drawn as nothing, though no category says so.
_FILLERS = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F),
        *(0x2065, 0x3164),
    )
)


def fold(name: str) -> str:
    """Return the same spelling for userId, user_id and `User ID`."""
    plain = name.casefold()
    return plain if plain.isalnum() else _NO_LETTERS_OR_DIGITS.sub("", plain)


def folded(text: str) -> str:
    """Return the same text for names that look alike to a reader.

    Upper and lower case, composed and combining marks, wide and narrow forms are one;
    so are blanks of any kind and number. Signs that take no space do not count. A
    text of more than 2000 characters is no name: it equals only itself.
    """
    if len(text) > _LONGEST:
        return text
    if text.isascii() and text.isprintable():  # nothing below would change it
        return " ".join(text.lower().split())
    # Folding the case may leave marks apart again.
    plain = _composed(_composed(text).casefold())
    plain = plain.replace(_BRAILLE_BLANK, " ")
    seen = "".join(char for char in plain if not _is_unseen(char))
    # What stood between a sign and its mark may have gone.
    return " ".join(_composed(seen).split())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _is_unseen(char: str) -> bool:
    # Cf: zero-width blanks and joiners, soft hyphens, marks of direction. Cc: control
    # characters, but for those that are blanks.
    code = ord(char)
    if code in _FILLERS or any(code in selectors for selectors in _SELECTORS):
        return True
    return unicodedata.category(char) in ("Cf", "Cc") and not char.isspace()
