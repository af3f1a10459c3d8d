"""Every pattern of the program, and every function of its pure modules that takes text.

They are found and not listed: a new one is measured without anybody thinking of it.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import pkgutil
import re
import types
import typing
from collections import abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

import mvsnap

_METHODS = frozenset(
    ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
)
# Neither is reached from outside: what runs on an admin's own machine.
_NOT_SERVED = ("mvsnap.simulator.", "mvsnap.cli.", "mvsnap.store.migrations.")
# What their callers give them is no longer than this.
_SHORT = {
    "mvsnap.wifi.intake._SEPARATOR[0] sub": 40,  # one of scanning.access_points
    "mvsnap.wifi.intake.access_points": 40,
    "mvsnap.oidc.claims._plain": 200,
    "mvsnap.core.passwords._unit": 256,  # the longest password
    "mvsnap.recorder.mjpeg._NEXT_HEADER[0] search": 1024,
    "mvsnap.clients.webex.rooms._similar": 200,
    # The path of a rule, which is a setting.
    "mvsnap.webhooks.rules.values_at": 100,
    "mvsnap.webhooks.rules.matches": 100,
    "mvsnap.webhooks.rules._fits": 1000,
    "mvsnap.webhooks.rule_report.rule_report": 100,
    "mvsnap.webhooks.rule_report._found": 100,
    "mvsnap.webhooks.badge_paths.swipe_of": 100,
    "mvsnap.redaction._without_beginning": 2000,
    "mvsnap.spelling._composed": 2000,
    "mvsnap.core.camera_names._words": 2000,
    "mvsnap.core.camera_names._similar": 120,
    "mvsnap.badges.csv_times._parsed": 100,
    "mvsnap.badges.csv_times._written": 100,
    "mvsnap.core.encodings._is_word": 200,
    # A worker does it once for a file: 16,384 bytes, in forty encodings.
    "mvsnap.core.encodings._readings": 1500,
}
# Its text is a pattern of the module.
_NOT_FROM_OUTSIDE = "mvsnap.recorder.diagnosis._first_match"
_MOST_YIELDED = 100_000  # some never end
_NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parser:
    """Something that text from outside meets; `run` may raise anything."""

    name: str
    run: Callable[[str], object]

    def __call__(self, text: str) -> None:
        try:
            found = self.run(text[: _SHORT.get(self.name)])
            if isinstance(found, abc.Iterator):
                for _ in islice(found, _MOST_YIELDED):
                    pass
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return
        except Exception as exc:  # ours, which say what is wrong with the text
            if not type(exc).__module__.startswith("mvsnap."):
                raise


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(mvsnap.__path__, "mvsnap."):
        if not info.name.startswith(_NOT_SERVED) and not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


# --- patterns


def patterns() -> Iterator[Parser]:
    """Yield every pattern with each way in which its module uses it."""
    for module in modules():
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        for name in _assigned(tree):
            found = list(_within(getattr(module, name, None)))
            methods = sorted(_used(tree, name)) if found else []
            for number, pattern in enumerate(found):
                for method in methods:
                    yield _applied(
                        f"{module.__name__}.{name}[{number}]", pattern, method
                    )
        for line, text, method in _inline(tree):
            pattern = re.compile(text)
            yield _applied(f"{module.__name__}:{line}", pattern, method)


def _applied(name: str, pattern: re.Pattern[Any], method: str) -> Parser:
    def run(text: str) -> object:
        what = text if isinstance(pattern.pattern, str) else text.encode()
        if method in ("sub", "subn"):
            return getattr(pattern, method)(lambda found: found[0], what)
        return getattr(pattern, method)(what)

    return Parser(f"{name} {method}", run)


def _assigned(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for each in targets if isinstance(each, ast.Name))


def _within(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from _within(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _within(inner)


def _used(tree: ast.Module, name: str) -> set[str]:
    """Return how the module applies it; one in a collection: as any other name."""
    here, elsewhere = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _METHODS:
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            if of == name:
                here.add(node.attr)
            elif of != "re":
                elsewhere.add(node.attr)
    return here or elsewhere or {"search"}


def _inline(tree: ast.Module) -> Iterator[tuple[int, Any, str]]:
    """Yield the line, text and method of `re.sub("...", ...)` and its like."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and (node.func.value.id, node.func.attr in _METHODS) == ("re", True)
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, node.args[0].value, node.func.attr


# --- functions


def functions() -> Iterator[Parser]:
    """Yield each function of a pure module with the text for all that takes text."""
    for module in modules():
        if "Pure." not in (module.__doc__ or ""):
            continue
        for name, function in list(vars(module).items()):
            is_own = inspect.isfunction(function) and (
                function.__module__ == module.__name__
            )
            full = f"{module.__name__}.{name}"
            if full == _NOT_FROM_OUTSIDE:
                continue
            if is_own and not inspect.iscoroutinefunction(function):
                try:
                    hints = typing.get_type_hints(function)
                    _arguments(function, hints, "a")
                except (LookupError, NameError, TypeError):
                    continue  # it takes what others have parsed
                if any(map(_takes_text, hints.values())):
                    called = partial(_called, function, hints)
                    yield Parser(full, called)


def _called(function: Callable[..., Any], hints: dict[str, Any], text: str) -> object:
    given, named = _arguments(function, hints, text)
    return function(*given, **named)


def _arguments(
    function: Callable[..., Any], hints: dict[str, Any], text: str
) -> tuple[list[Any], dict[str, Any]]:
    given: list[Any] = []
    named: dict[str, Any] = {}
    for name, one in inspect.signature(function).parameters.items():
        if one.kind is one.VAR_KEYWORD:
            continue
        value = _value(hints[name], text)
        if one.kind is one.KEYWORD_ONLY:
            named[name] = value
        else:
            given.append(value)
    return given, named


def _takes_text(hint: Any) -> bool:
    return any(word in str(hint) for word in ("str", "bytes", "Any", "object"))


_PLAIN: dict[Any, Any] = {
    datetime: _NOW,
    timedelta: timedelta(seconds=1),
    ZoneInfo: ZoneInfo("Europe/Rome"),
    int: 1000,
    float: 1.0,
    bool: False,
    type(None): None,
    Path: Path("a"),
    json.JSONDecoder: json.JSONDecoder(),
}
_LISTS = (list, abc.Iterable, abc.Sequence, abc.Collection, abc.Iterator)


def _value(hint: Any, text: str) -> Any:
    """Return a value of this type, made of the text wherever it can be.

    Raises:
        LookupError: none is known.
    """
    if hint in (str, Any, object):
        return text
    if hint is bytes:
        return text.encode()
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, typing.NewType):
        return _value(hint.__supertype__, text)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if isinstance(hint, type) and (names := _field_names(hint)):
        hints = typing.get_type_hints(hint)
        return hint(**{name: _value(hints[name], text) for name in names})
    return _of_several(typing.get_origin(hint), typing.get_args(hint), text)


def _field_names(hint: Any) -> tuple[str, ...]:
    if issubclass(hint, Struct):
        return tuple(hint.__struct_fields__)
    return tuple(f.name for f in fields(hint) if f.init) if is_dataclass(hint) else ()


def _of_several(origin: Any, inner: tuple[Any, ...], text: str) -> Any:
    if origin in (typing.Union, types.UnionType):
        return _value(next(one for one in inner if one is not type(None)), text)
    if origin in _LISTS:
        return [_value(inner[0], text)]
    if origin is tuple:
        return tuple(_value(one, text) for one in inner if one is not ...)
    if origin in (set, frozenset):
        return {_value(inner[0], text)}
    if origin in (dict, abc.Mapping):
        key, value = inner
        return {_value(key, each): _value(value, text) for each in (text, "a")}
    raise LookupError(origin)
