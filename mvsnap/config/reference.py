"""The settings as text for people: the sample file and the table of the README."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mvsnap.config.model import Settings
from mvsnap.config.shape import NAME, Shape, shape_of

_HEAD = """\
# Settings of mvsnap. Copy to config/mvsnap.yaml (mode 0600) or run
# `python -m mvsnap init`.
# Each line shows a key with its default; remove the "#" to change it.
# Any value can come from the environment, MVSNAP_MERAKI__API_KEY=..., or from a file,
# MVSNAP_MERAKI__API_KEY_FILE=/run/secrets/meraki. Names end in their unit (_s: s).
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. `path` is dotted; items of a list are written `api_keys[].name`."""

    path: str
    default: str
    meaning: str


# What stands between a key and those of its entries.
_BELOW = {
    Shape.VALUE: "",
    Shape.SECTION: ".",
    Shape.LIST: "[].",
    Shape.NAMED: f".{NAME}.",
}


def rows() -> list[Row]:
    return list(_rows(Settings, ""))


def paths() -> list[str]:
    """Return every key; below a name that people choose like `a.NAME.key`."""
    return [row.path.replace("[]", "") for row in rows()]


def markdown_table() -> str:
    lines = ["| key | default | meaning |", "|---|---|---|"]
    lines += [f"| `{r.path}` | {_code(r.default)} | {r.meaning} |" for r in rows()]
    return "\n".join(lines)


def sample() -> str:
    return _HEAD + "\n".join(_lines(Settings, 0)) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _rows(model: type[BaseModel], prefix: str) -> Iterator[Row]:
    for name, field in model.model_fields.items():
        path = prefix + name
        shape, section = shape_of(field)
        if shape is not Shape.SECTION:
            yield Row(path, _default(field), field.description or "")
        yield from _rows(section, path + _BELOW[shape])


def _lines(model: type[BaseModel], depth: int) -> Iterator[str]:
    for name, field in model.model_fields.items():
        shape, section = shape_of(field)
        pad = "  " * depth
        if shape is Shape.SECTION:
            yield f"\n{pad}{name}:"
            yield from _lines(section, depth + 1)
        elif shape is Shape.VALUE:
            shown = f"{name}: {_default(field)}".rstrip()
            yield f"{pad}#{shown}  # {field.description}"
        else:
            gap = "" if depth else "\n"
            about = f"{field.description}; one entry looks like this"
            yield f"{gap}{pad}#{name}:  # {about}"
            yield from (f"{pad}#{line}" for line in _entry(shape, section))


def _entry(shape: Shape, section: type[BaseModel]) -> Iterator[str]:
    """Yield one entry of a list, or of named sections, for a comment."""
    if shape is Shape.NAMED:
        yield f"  {NAME}:"
    for number, line in enumerate(_lines(section, 0)):
        # In a comment all is commented out already, and no line stays empty.
        plain = line.lstrip("\n").replace("#", "", 1 if "#" in line[:9] else 0)
        dash = "- " if number == 0 and shape is Shape.LIST else "  "
        yield f"  {dash}{plain}"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is PydanticUndefined or value is None:
        return ""
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    if isinstance(value, PurePath):
        return f"./{value}"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if value in ("", "*") else str(value)


def main() -> None:
    """Write the sample file anew and print the README table."""
    import sys
    from pathlib import Path

    Path("config/mvsnap.sample.yaml").write_text(sample(), encoding="utf-8")
    sys.stdout.write(markdown_table() + "\n")


if __name__ == "__main__":
    main()
