"""Mistakes in the settings: what is wrong where, in words, and never a secret."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from mvsnap.config.model import Settings
from mvsnap.config.shape import NAME, Shape, field_at, named_at, shape_of

# What pydantic says of a text or list that is too short or too long.
_LENGTH = re.compile(
    r"^\w+ should have (at \w+ \d+) (\w+)( after validation, not \d+)?"
)


def describe(exc: ValidationError, tree: dict[str, Any]) -> list[str]:
    """Return every mistake: `path: expectation, got value`."""
    errors = exc.errors()
    # A list with only invalid items is not also "too short".
    parents = {error["loc"][:-1] for error in errors}
    return [
        line
        for error in errors
        if not (error["type"] == "too_short" and error["loc"] in parents)
        for line in _describe(error, tree).splitlines()
    ]


def _describe(error: Any, tree: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{where}: no such setting{_nearest(error['loc'])}"
    if kind == "missing":
        return f"{where}: missing"
    message = error["msg"].removeprefix("Value error, ")
    if not where:
        return str(message)
    message = message.replace("Input should be", "expected").replace("tuple", "list")
    message = message.replace("input should be", "expected")
    message = _LENGTH.sub(_expected_length, message)
    message = message.replace("valid dictionary or instance of", "section, not just")
    if kind == "value_error" and isinstance(_look_up(tree, error["loc"]), dict):
        return f"{where}: {message}"  # about several of its keys, which it names
    return f"{where}: {message[:1].lower()}{message[1:]}, got {_got(error, tree)}"


def _expected_length(found: re.Match[str]) -> str:
    noun = found[2].replace("item", "entry").replace("entrys", "entries")
    return f"expected {found[1]} {noun}"


def _got(error: Any, tree: dict[str, Any]) -> str:
    """Return the value as text, but no secret, nor anything that may contain one."""
    value = _look_up(tree, error["loc"])
    field = field_at(error["loc"])
    if field is not None and "SecretStr" in repr(field.annotation):
        return "(hidden)"
    if isinstance(value, list | tuple | dict):
        return f"(a {type(value).__name__})"
    # In place of a section, people put the one thing they have: a key, an address.
    if field is None:
        return "(hidden)"
    shape, _ = shape_of(field)
    if shape is not Shape.VALUE:
        return "(hidden)"
    text = str(value)
    # Addresses may hold a password, or a token in their query.
    may_sign_in = "@" in text or ("://" in text and "?" in text)
    return "(hidden)" if may_sign_in else repr(value)[:80]


def _nearest(loc: tuple[str | int, ...]) -> str:
    from difflib import get_close_matches

    from mvsnap.config.reference import paths

    # A name chosen by people is not part of the path in the schema, only of the
    # message.
    at = named_at(loc, Settings)
    keys = [str(p) for i, p in enumerate(loc) if i != at and not isinstance(p, int)]
    known = {path.replace(f".{NAME}", ""): path for path in paths()}
    near = get_close_matches(".".join(keys), [*Settings.model_fields, *known], n=1)
    if not near:
        return ""
    found = known.get(near[0], near[0])
    shown = found if at is None else found.replace(NAME, str(loc[at]))
    return f"; did you mean {shown}?"


def _look_up(tree: Any, loc: tuple[str | int, ...]) -> Any:
    for part in loc:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return tree
    return tree


def drop(exc: ValidationError, tree: dict[str, Any]) -> None:
    """Remove the entries from the tree that are wrong, or lack something."""
    locs = {loc for error in exc.errors() for loc in _blamed(error)}
    # The last item of a list first: the others keep their places.
    for loc in sorted(
        locs, key=lambda parts: [(str(p), p) for p in parts], reverse=True
    ):
        _remove(tree, loc)


def _blamed(error: Any) -> list[tuple[str | int, ...]]:
    if error["loc"]:
        return [tuple(part for part in error["loc"] if part != "[key]")]
    # About several sections: the message begins with the path of one.
    lines = error["msg"].removeprefix("Value error, ").splitlines()
    return [(line.partition(":")[0].partition(".")[0],) for line in lines]


def _remove(tree: Any, loc: tuple[str | int, ...]) -> None:
    """Remove what is at `loc`, or the innermost entry that exists on the way there."""
    parents: list[tuple[Any, str | int]] = []
    for part in loc:
        try:
            inner = tree[part]
        except (KeyError, IndexError, TypeError):
            break
        parents.append((tree, part))
        tree = inner
    if parents:
        parent, part = parents[-1]
        del parent[part]
