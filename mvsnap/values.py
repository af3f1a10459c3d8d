"""Copies of values, changed or as dicts.

A value is a frozen `msgspec.Struct`: its methods are the library's, where a dataclass
compiles six of its own each time it is imported. One that hides a field from its text,
or does not compare it, is a frozen dataclass.
"""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, structs

Word = TypeVar("Word", bound=StrEnum)

if TYPE_CHECKING:
    # Of a Struct, too, mypy knows the fields there, and looks at what they are given.
    from dataclasses import replace as replace
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """Return a copy with these fields instead of its own.

        Raises:
            TypeError: it has no such field.
        """
        of_kind = structs.replace if isinstance(value, Struct) else dataclasses.replace
        return of_kind(value, **changes)


def asdict(value: Any) -> dict[str, Any]:
    """Return its fields by name; what is in them is the same, not a copy."""
    if isinstance(value, Struct):
        return structs.asdict(value)
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}


def as_stored(words: type[Word], text: str) -> Word:
    """Return a word of a row; one that only a newer release has stays as it is.

    That one is equal to no other word, and is written back unchanged. What people or
    programs say is no row: `words(text)` refuses it.
    """
    try:
        return words(text)
    except ValueError:
        word = str.__new__(words, text)
        word._name_ = word._value_ = text
        return word
