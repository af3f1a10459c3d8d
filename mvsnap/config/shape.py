"""How settings nest: which keys are sections, lists of them, or named sections."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from enum import Enum, auto

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mvsnap.config.values import Section

NAME = "NAME"  # placeholder in a path for names chosen by people


class Shape(Enum):
    VALUE = auto()
    SECTION = auto()
    LIST = auto()  # of sections
    NAMED = auto()  # sections with names chosen by people


def shape_of(field: FieldInfo) -> tuple[Shape, type[Section]]:
    """Return the kind of a setting, and its entries' section; of a value: Section."""
    kind = field.annotation
    if _is_section(kind):
        return Shape.SECTION, kind
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and _is_section(entry := _plain(parts[0])):
        return Shape.LIST, entry
    if origin is dict and _is_section(parts[1]):
        return Shape.NAMED, parts[1]
    return Shape.VALUE, Section


def named_at(loc: Sequence[str | int], section: type[BaseModel]) -> int | None:
    """Return which part of a path in `section` is a name chosen by people."""
    for index, part in enumerate(loc):
        if isinstance(part, int):
            continue
        if (field := section.model_fields.get(part)) is None:
            return None
        shape, section = shape_of(field)
        if shape is Shape.NAMED and index + 1 < len(loc):
            return index + 1
    return None


def field_at(loc: Sequence[str | int]) -> FieldInfo | None:
    """Return the setting that a path leads to, None if there is no such one.

    An item of a value, such as one serial of a list, belongs to that setting.
    """
    from mvsnap.config.model import Settings

    section: type[BaseModel] = Settings
    parts = list(loc)
    while parts:
        if (field := section.model_fields.get(str(parts.pop(0)))) is None:
            return None
        shape, section = shape_of(field)
        if shape is Shape.VALUE:
            return field
        if shape in (Shape.LIST, Shape.NAMED) and parts:
            parts.pop(0)  # which entry
        if not parts:
            return field
    return None


def _plain(kind: object) -> object:
    """Return a type without what is annotated to it."""
    is_annotated = typing.get_origin(kind) is typing.Annotated
    return typing.get_args(kind)[0] if is_annotated else kind


def _is_section(kind: object) -> typing.TypeGuard[type[Section]]:
    return isinstance(kind, type) and issubclass(kind, Section)
