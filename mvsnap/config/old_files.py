"""Reads settings files of older programs: INI, YAML, and Python that is never run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from mvsnap.errors import BadConfig

_MOST_BYTES = 64 * 1024
_MOST_SETTINGS = 1000
# The library takes a second for a thousand that are not closed.
_MOST_BRACKETS = 200
_KINDS = {
    "ini": "ini",
    "cfg": "ini",
    "conf": "ini",
    "yml": "yaml",
    "yaml": "yaml",
    "py": "python",
}
_SECTION = re.compile(r"\[([^\[\]]{1,200})\]")
_PAIR = re.compile(r"([^=:\s][^=:]{0,199})[=:](.*)")


class OldSetting(Struct, frozen=True):
    """name: with its sections, like `webex.roomname`; value: None if it is empty.

    computed: its value is the result of code, and unknown.
    """

    name: str
    value: Any
    computed: bool = False


def read_old_file(path: Path) -> list[OldSetting]:
    """Return the settings of a file, in its order; of duplicates the last one.

    Raises:
        BadConfig: it cannot be read; no part of its content is in the message.
    """
    text = _text(path)
    try:
        found = {each.name: each for each in _READERS[_kind(path)](text)}
    except (_NotReadable, yaml.YAMLError, SyntaxError, ValueError) as exc:
        why = _why(exc)
    except (RecursionError, MemoryError):
        why = "nested too deeply"
    else:
        if len(found) <= _MOST_SETTINGS:
            return list(found.values())
        why = f"expected at most {_MOST_SETTINGS} settings"
    # Not inside `except`: the libraries' exceptions contain lines of the file.
    raise BadConfig([f"{path}: {why}"])


class _NotReadable(Exception):
    """Says why, and in which line; never what is there."""


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as exc:
        raise BadConfig([f"{path}: cannot be read: {exc.strerror}"]) from exc
    if len(content) > _MOST_BYTES:
        raise BadConfig([f"{path}: expected at most {_MOST_BYTES // 1024} kB"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        why = "expected UTF-8, save it as that first"
    else:
        if "\0" not in text:
            return text
        why = "expected a text file"
    raise BadConfig([f"{path}: {why}"])


def _kind(path: Path) -> str:
    """Return how it is written, by its name: `config.yml.template` is YAML, too."""
    endings = [ending[1:].lower() for ending in path.suffixes]
    found = [_KINDS[ending] for ending in endings if ending in _KINDS]
    if not found:
        raise BadConfig([f"{path}: expected a file named .ini, .yml, .yaml or .py"])
    return found[-1]


def _why(exc: Exception) -> str:
    if isinstance(exc, yaml.MarkedYAMLError):
        mark = exc.problem_mark
        return f"not YAML (line {mark.line + 1})" if mark else "not YAML"
    if isinstance(exc, SyntaxError):
        return f"not Python (line {exc.lineno})" if exc.lineno else "not Python"
    return str(exc) if isinstance(exc, _NotReadable) else "not understood"


def _ini(text: str) -> Iterator[OldSetting]:
    """Yield the settings; names of keys do not depend on upper and lower case.

    An indented line continues a value, as programs in Python read it.
    """
    section, name, lines = "", "", [""]
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.strip()
        if not plain or plain[0] in "#;":
            continue
        if line[0] in " \t" and name:
            lines.append(plain)
            continue
        if name:
            yield OldSetting(name, _ini_value(lines))
        name = ""
        if found := _SECTION.fullmatch(plain):
            section = f"{found[1].strip()}."
        elif found := _PAIR.fullmatch(plain):
            name, lines = f"{section}{found[1].strip()}", [found[2].strip()]
        else:
            raise _NotReadable(f"line {number}: expected [SECTION] or KEY = VALUE")
    if name:
        yield OldSetting(name, _ini_value(lines))


def _ini_value(lines: list[str]) -> str | None:
    text = "\n".join(line for line in lines if line).replace("%%", "%")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return text or None


def _yaml(text: str) -> Iterator[OldSetting]:
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise _NotReadable("nested too deeply")
    if any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(text)):
        # A few aliases of aliases are a file of gigabytes.
        raise _NotReadable("expected no aliases (*name)")
    tree = yaml.safe_load(text)
    if not isinstance(tree, dict):
        raise _NotReadable("expected names with values")
    yield from _flat("", tree)


def _flat(above: str, tree: dict[Any, Any]) -> Iterator[OldSetting]:
    for key, value in tree.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and value:
            yield from _flat(f"{name}.", value)
        else:
            yield OldSetting(name, _or_none(value))


def _python(text: str) -> Iterator[OldSetting]:
    """Yield what a module assigns at its top; nothing of it is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its style is not ours to judge
        tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                yield _assigned(target.id, value)


def _assigned(name: str, value: ast.expr) -> OldSetting:
    try:
        return OldSetting(name, _or_none(ast.literal_eval(value)))
    except (ValueError, TypeError):
        return OldSetting(name, None, computed=True)


def _or_none(value: Any) -> Any:
    is_empty = isinstance(value, str | list | tuple | dict | set) and not value
    return None if is_empty else value


_READERS = {"ini": _ini, "yaml": _yaml, "python": _python}
