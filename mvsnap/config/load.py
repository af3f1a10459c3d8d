"""Reads config/mvsnap.yaml and the environment; reports all mistakes at once."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from mvsnap.config.environment import apply, with_variable
from mvsnap.config.model import Settings
from mvsnap.config.shape import NAME, Shape, named_at, shape_of
from mvsnap.config.values import KnownCameras, Section
from mvsnap.errors import BadConfig

log = logging.getLogger(__name__)

DEFAULT_PATH = Path("config/mvsnap.yaml")
_SECRET_KEYS = {
    "key",
    "api_key",
    "bot_token",
    "database_url",
    "password",
    "token",
    "meraki_shared_secret",
    "url",  # of a camera: it may contain a password
    "auth",
    "access_key",
    "secret_key",
}
# Sections in which a misplaced text may be a secret.
_SECRET_SECTIONS = {
    "api_keys",
    "meraki",
    "webex",
    "webhooks",
    "recorder",
    "ixon",
    "s3",
}


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `path`, overridden by MVSNAP_* variables.

    A missing file counts as empty. Relative paths (data_dir, badges.directory) are
    relative to the folder of `config/`, so a service finds the same files whatever its
    working directory.

    Raises:
        BadConfig: every mistake, `path: expectation, got value`, and the variable it
            came from.
    """
    mistakes: list[str] = []
    tree = _read_yaml(path, mistakes)
    variables = apply(tree, environ, mistakes)
    try:
        settings = settings_of(tree)
    except BadConfig as exc:
        mistakes += [with_variable(line, variables) for line in exc.mistakes]
    if mistakes:
        raise BadConfig(mistakes)
    root = path.resolve().parent
    root = root.parent if root.name == "config" else root
    below_root = {
        "data_dir": root / settings.data_dir,
        "badges": settings.badges.below(root),
    }
    return settings.model_copy(update=below_root)


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
        mistakes = _mistakes(exc, tree)
    # Not inside `except`: the library's exception contains the secrets.
    raise BadConfig(mistakes)


def readable_by_others(path: Path) -> bool:
    """Return whether other accounts of this machine can read the file."""
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _read_yaml(path: Path, mistakes: list[str]) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _OnceEach)
    except (OSError, UnicodeDecodeError) as exc:
        mistakes.append(f"{path}: cannot be read: {type(exc).__name__}")
        return {}
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(exc, "problem", None) or "not YAML"
        mistakes.append(f"{path}:{where} {problem}")
        return {}
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        mistakes.append(f"{path}: expected sections like `meraki:`, got a list or text")
        return {}
    return _said(tree, Settings)


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


def _mistakes(exc: ValidationError, tree: dict[str, Any]) -> list[str]:
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
    message = message.replace("valid dictionary or instance of", "section, not just")
    if kind == "value_error" and isinstance(_look_up(tree, error["loc"]), dict):
        return f"{where}: {message}"  # about several of its keys, which it names
    return f"{where}: {message[:1].lower()}{message[1:]}, got {_got(error, tree)}"


def _got(error: Any, tree: dict[str, Any]) -> str:
    """Return the value as text; but no secret, nor anything that may contain one."""
    loc = error["loc"]
    value = _look_up(tree, loc)
    names = {str(part) for part in loc}
    holds_secrets = not names.isdisjoint(_SECRET_SECTIONS)
    is_plain = isinstance(value, int | float | bool) or len(loc) > 1
    if loc[-1] in _SECRET_KEYS or (holds_secrets and not is_plain):
        return "(hidden)"
    # In place of a section, people put the one thing they have: a key, an address.
    is_section = error["type"] in ("model_type", "dict_type")
    instead = is_section or (holds_secrets and "://" in str(value))
    if isinstance(value, str) and instead:
        return "(hidden)"
    in_tokens = loc[:2] == ("webhooks", "tokens") and len(loc) < 4
    if in_tokens or isinstance(value, dict) or (loc[0] == "api_keys" and len(loc) < 3):
        return f"(a {type(value).__name__})"
    return repr(value)[:80]


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
