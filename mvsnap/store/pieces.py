"""Many values in statements of a size that every database takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

# SQLite takes 32,766 values in a statement, PostgreSQL 65,535; a row has several.
AT_ONCE = 500

T = TypeVar("T")


def pieces(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield them in order, `AT_ONCE` at a time."""
    for first in range(0, len(items), AT_ONCE):
        yield items[first : first + AT_ONCE]
