"""How settings nest: which keys are sections, lists of them, or sections by name."""

from __future__ import annotations

import typing
from enum import Enum, auto

from pydantic.fields import FieldInfo

from mvsnap.config.values import Section


class Shape(Enum):
    VALUE = auto()
    SECTION = auto()
    LIST = auto()  # of sections
    NAMED = auto()  # sections below names that people choose


def shape_of(field: FieldInfo) -> tuple[Shape, type[Section]]:
    """Return what a setting is, and the section of its entries; of a value: Section."""
    kind = field.annotation
    if _is_section(kind):
        return Shape.SECTION, kind
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and _is_section(parts[0]):
        return Shape.LIST, parts[0]
    if origin is dict and _is_section(parts[1]):
        return Shape.NAMED, parts[1]
    return Shape.VALUE, Section


def _is_section(kind: object) -> typing.TypeGuard[type[Section]]:
    return isinstance(kind, type) and issubclass(kind, Section)
