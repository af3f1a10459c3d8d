"""Copies of values, changed or as dicts.

A value is a frozen `msgspec.Struct`: its methods are the library's, where a dataclass
compiles six of its own each time it is imported. One that hides a field from its text,
or does not compare it, is a frozen dataclass.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

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
