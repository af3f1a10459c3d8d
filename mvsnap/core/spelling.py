"""Names that are equal in any spelling. Pure."""

from __future__ import annotations


def fold(name: str) -> str:
    """Return the same spelling for userId, user_id and `User ID`."""
    return "".join(char for char in name.casefold() if char.isalnum())
