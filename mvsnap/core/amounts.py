"""A number with its noun, such as `1 visit` or `2,000 visits`. Pure."""

from __future__ import annotations


def amount(number: int, singular: str, plural: str = "") -> str:
    """plural: where it is not made with an s."""
    return f"{number:,} {noun(number, singular, plural)}"


def noun(number: int | str, singular: str, plural: str = "") -> str:
    """Return the noun that follows a number, which may be a text."""
    return singular if str(number) == "1" else plural or f"{singular}s"
