"""Reads config/mvsnap.yaml and the environment; reports all mistakes at once."""

from __future__ import annotations

import copy
import logging
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from mvsnap.config.environment import apply, with_variable
from mvsnap.config.mistakes import describe, drop
from mvsnap.config.model import Settings
from mvsnap.config.shape import Shape, shape_of
from mvsnap.config.values import KnownCameras, Section
from mvsnap.errors import BadConfig

log = logging.getLogger(__name__)

DEFAULT_PATH = Path("config/mvsnap.yaml")
# Removing a mistake may make another one: a camera without its address.
_ROUNDS = 50


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `path`, overridden by MVSNAP_* variables.

    A missing file counts as empty. Relative paths (data_dir, server.tls,
    badges.directory) are relative to the folder of `config/`, so a service finds the
    same files whatever its working directory.

    Raises:
        BadConfig: every mistake, `path: expectation, got value`, and the variable it
            came from.
    """
    settings, mistakes = load_usable(path, environ)
    if mistakes:
        raise BadConfig(mistakes)
    return settings


def load_usable(
    path: Path, environ: Mapping[str, str] = os.environ
) -> tuple[Settings, list[str]]:
    """Return the settings as `load` does but without the wrong ones, and the mistakes.

    Raises:
        BadConfig: the file itself cannot be read.
    """
    mistakes: list[str] = []
    tree = _read_yaml(path, mistakes)
    is_readable = not mistakes
    variables = apply(tree, environ, mistakes)
    try:
        settings = settings_of(tree)
    except BadConfig as exc:
        mistakes += [with_variable(line, variables) for line in exc.mistakes]
        settings = _without_mistakes(tree)
    if not is_readable:
        raise BadConfig(mistakes)
    root = path.resolve().parent
    root = root.parent if root.name == "config" else root
    tls = settings.server.tls.below(root)
    mistakes += [with_variable(line, variables) for line in tls.mistakes()]
    below_root = {
        "data_dir": root / settings.data_dir,
        "server": settings.server.model_copy(update={"tls": tls}),
        "badges": settings.badges.below(root),
    }
    return settings.model_copy(update=below_root), mistakes


def _known(tree: dict[str, Any]) -> KnownCameras:
    recorder = tree.get("recorder")
    cameras = recorder.get("cameras") if isinstance(recorder, dict) else None
    names = cameras if isinstance(cameras, dict) else {}
    return KnownCameras(tuple(str(name).strip() for name in names))


def settings_of(tree: dict[str, Any]) -> Settings:
    """Return the settings from the contents of a file.

    Raises:
        BadConfig: every mistake, `path: expectation, got value`.
    """
    try:
        return Settings.model_validate(tree, context=_known(tree))
    except ValidationError as exc:
        mistakes = describe(exc, tree)
    # Not inside `except`: the library's exception contains the secrets.
    raise BadConfig(mistakes)


def _without_mistakes(tree: dict[str, Any]) -> Settings:
    """Return the settings of the entries that are right."""
    tree = copy.deepcopy(tree)
    for _ in range(_ROUNDS):
        try:
            return Settings.model_validate(tree, context=_known(tree))
        except ValidationError as exc:
            drop(exc, tree)
    return Settings()


def readable_by_others(path: Path) -> bool:
    """Return whether other accounts of this machine can read the file."""
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _read_yaml(path: Path, mistakes: list[str]) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return _said(read_tree(path), Settings)
    except BadConfig as exc:
        mistakes += exc.mistakes
        return {}


def read_tree(path: Path) -> dict[str, Any]:
    """Return the sections of a YAML file as they are.

    Raises:
        BadConfig: it cannot be read, or is something else.
    """
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _OnceEach)
    except UnicodeDecodeError:
        mistake = " cannot be read: it is not text in UTF-8"
    except OSError as exc:
        mistake = f" cannot be read: {exc.strerror}"
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        mistake = _problem(exc)
    else:
        if tree is None or isinstance(tree, dict):
            return tree or {}
        mistake = " expected sections like `meraki:`, got a list or text"
    raise BadConfig([f"{path}:{mistake}"])


def _problem(exc: Exception) -> str:
    """Return where a file is no YAML and why; without what may be a secret there.

    The library quotes text: `password: *abc` is an "undefined alias 'abc'".
    """
    mark = getattr(exc, "problem_mark", None)
    where = f" line {mark.line + 1}:" if mark else ""
    problem = getattr(exc, "problem", None) or "unexpected characters"
    if isinstance(exc, RecursionError):
        problem = "it is nested too deeply"
    elif isinstance(exc, ValueError):  # such as the date 2026-13-45
        problem = "a number or date that does not exist; put it in quotes"
    if "duplicate key" in problem:
        return f"{where} {problem}"
    problem, hidden = re.subn(r"'[^']{2,}'", "(hidden)", problem)
    hint = "; put a value that begins with * & or ! in quotes" if hidden else ""
    return f"{where} not YAML: {problem}{hint}"


class _OnceEach(yaml.SafeLoader):
    """YAML in which a duplicate key is a mistake, not silently the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if isinstance(name, str) and name in seen:
                problem = f"duplicate key `{name}`"
                raise yaml.constructor.ConstructorError(
                    None, None, problem, key.start_mark
                )
            seen.add(name if isinstance(name, str) else repr(name))
        return super().construct_mapping(node, deep)


def _said(tree: dict[str, Any], section: type[BaseModel]) -> dict[str, Any]:
    """Remove empty sections: `meraki:` with all keys commented out reads as None."""
    said = {}
    for name, value in tree.items():
        field = section.model_fields.get(name)
        shape, inner = shape_of(field) if field else (Shape.VALUE, Section)
        is_heading = shape in (Shape.SECTION, Shape.NAMED) or section is Settings
        if value is None and field and is_heading:
            continue
        if shape is Shape.SECTION and isinstance(value, dict):
            value = _said(value, inner)
        elif shape is Shape.NAMED and isinstance(value, dict):
            value = {
                key: _said(entry, inner) if isinstance(entry, dict) else entry
                for key, entry in value.items()
            }
        said[name] = value
    return said
