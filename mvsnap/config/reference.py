"""The settings as documentation: config/mvsnap.sample.yaml, docs/configuration.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from msgspec import Struct
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mvsnap.config.channels import ChannelEntry, models
from mvsnap.config.model import Settings
from mvsnap.config.shape import NAME, Shape, shape_of

_HEAD = """\
# Settings of mvsnap. Copy to config/mvsnap.yaml (mode 0600) or run
# `.venv/bin/mvsnap init`.
# Each line shows a key with its default; remove the "#" to change it.
# Any value can come from the environment, MVSNAP_MERAKI__API_KEY=..., or from a file,
# MVSNAP_MERAKI__API_KEY_FILE=/run/secrets/meraki. Names end in their unit (_s: s).
"""


_PAGE_HEAD = """\
# Configuration

<!-- Written by `make docs` from the code in mvsnap/config/: change it there. -->

Settings live in `config/mvsnap.yaml`. [`mvsnap init`](cli.md#init) writes that file for
you; `config/mvsnap.sample.yaml` lists every key with its default, ready to copy.
[`mvsnap check`](cli.md#check) validates the file and reports all mistakes at once, each
with its path.

* **Names** end in their unit: `_s` is seconds, `_mb` megabytes.
* **Environment**: any value can come from a variable, such as
  `MVSNAP_MERAKI__API_KEY` or `MVSNAP_API_KEYS__0__KEY`.
* **Secrets in files**: add `_FILE` to read the value from a file, as in
  `MVSNAP_MERAKI__API_KEY_FILE=/run/secrets/meraki`.
* **Another file**: `--config FILE`, or `MVSNAP_CONFIG` under gunicorn and uWSGI.
* **Relative paths**: `data_dir`, `server.tls` and `badges.directory` are relative to
  the folder that holds `config/`, or, for a settings file elsewhere, to that file's own
  folder. `sense.ca_file` is relative to the working directory.
* A section appears only once in the file: add new keys to the section that is there.
* Changes to the file need a restart; for some of them a
  [reload](install.md#change-settings) will do. The crowd rule and its recipients can
  also be changed at `/settings`, where changes take effect within two seconds.
"""
_TABLE_HEAD = ("| key | default | meaning |", "|---|---|---|")
# Keys outside of any section, such as `data_dir`.
_GENERAL = "General"


class SettingRow(Struct, frozen=True):
    """One setting. `path` is dotted; items of a list are written `api_keys[].name`."""

    path: str
    default: str
    meaning: str


# Separates a key and those of its entries.
_BELOW = {
    Shape.VALUE: "",
    Shape.SECTION: ".",
    Shape.LIST: "[].",
    Shape.NAMED: f".{NAME}.",
}


def schema() -> dict[str, Any]:
    """Return the settings file as a JSON Schema, for editors."""
    found = Settings.model_json_schema(mode="validation")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | found | {"title": "Settings of mvsnap"}


def rows() -> list[SettingRow]:
    return list(_rows(Settings, ""))


def paths() -> list[str]:
    """Return every key; below a name chosen by people like `a.NAME.key`."""
    return [row.path.replace("[]", "") for row in rows()]


def page() -> str:
    """Return docs/configuration.md: a heading and a table per section."""
    sections: dict[str, list[SettingRow]] = {_GENERAL: []}
    for row in rows():
        sections.setdefault(re.split(r"[.\[]", row.path)[0], []).append(row)
    for name in [name for name, found in sections.items() if found[1:] == []]:
        if name != _GENERAL:
            sections[_GENERAL] += sections.pop(name)
    return "\n".join([_PAGE_HEAD, *(_table(name, sections[name]) for name in sections)])


def _table(heading: str, found: list[SettingRow]) -> str:
    lines = [
        # A single "*" is text here, two of them would be emphasis.
        f"| `{r.path}` | {_code(r.default)} | {r.meaning.replace('*', chr(92) + '*')} |"
        for r in found
    ]
    return "\n".join([f"## {heading}", "", *_TABLE_HEAD, *lines, ""])


def sample() -> str:
    return _HEAD + "\n".join(_lines(Settings, 0)) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _rows(model: type[BaseModel], prefix: str) -> Iterator[SettingRow]:
    for name, field in model.model_fields.items():
        path = prefix + name
        shape, section = shape_of(field)
        if shape is not Shape.SECTION:
            yield SettingRow(path, _default(field), field.description or "")
        for entry in _kinds(section):
            yield from _rows(entry, path + _BELOW[shape])


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
            about = f"{field.description}; an entry looks like this"
            yield f"{gap}{pad}#{name}:  # {about}"
            for entry in _kinds(section):
                yield from (f"{pad}#{line}" for line in _entry(shape, entry))


def _kinds(section: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """Return the section, or those of all kinds that an entry may be of."""
    return tuple(models().values()) if section is ChannelEntry else (section,)


def _entry(shape: Shape, section: type[BaseModel]) -> Iterator[str]:
    """Yield one entry of a list, or of named sections, as a comment."""
    if shape is Shape.NAMED:
        yield f"  {NAME}:"
    for number, line in enumerate(_lines(section, 0)):
        # Inside a comment everything is commented out already, and no line is empty.
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
    """Rewrite the sample file and the reference, in a checkout."""
    Path("config/mvsnap.sample.yaml").write_text(sample(), encoding="utf-8")
    Path("docs/configuration.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
