"""Names that mean the same however they are written. Pure."""

from __future__ import annotations


def fold(name: str) -> str:
    """Return one spelling for userId, user_id and `User ID`."""
    return "".join(char for char in name.casefold() if char.isalnum())
