"""IXON fields: `fields=a,b.c,d(e,f),*` selects the fields of an answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mvsnap.simulator.ixon.errors import IxonError

# Included in answers in addition to the requested fields.
_ALWAYS = ("publicId",)


def pick(row: Mapping[str, Any], fields: str) -> dict[str, Any]:
    """Return the requested fields of a row, in the row's own order.

    Raises:
        IxonError: the parentheses do not match, or a field does not exist.
    """
    wanted = _parsed(fields)
    for name in wanted:
        if name not in row and name != "*":
            raise IxonError(400, "Unknown field", name)
    picked = {}
    for name, value in row.items():
        if name in wanted:
            picked[name] = _inside(value, wanted[name])
        elif name in _ALWAYS or "*" in wanted:
            picked[name] = value
    return picked


def _inside(value: Any, fields: str) -> Any:
    if isinstance(value, list):
        return [_inside(item, fields) for item in value]
    if isinstance(value, dict):
        # Without requested fields, related objects only have their id.
        return pick(value, fields)
    return value


def _parsed(fields: str) -> dict[str, str]:
    """Split at the outer commas; return each name with the fields inside it."""
    parts, depth, part = [], 0, ""
    for char in fields:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            break
        if char == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += char
    if depth != 0:
        raise IxonError(400, "Unbalanced parentheses", "fields")
    found: dict[str, str] = {}
    for whole in [*parts, part]:
        if not whole:
            continue
        text = whole.strip()
        if text.endswith(")"):
            name, _, inside = text[:-1].partition("(")
        else:
            name, _, inside = text.partition(".")
        known = found.get(name)
        found[name] = f"{known},{inside}" if known and inside else known or inside
    return found
