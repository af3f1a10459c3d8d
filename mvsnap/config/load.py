"""Read config/mvsnap.yaml and the environment; report every mistake at once."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mvsnap.config.model import Settings
from mvsnap.errors import BadConfig

log = logging.getLogger(__name__)

DEFAULT_PATH = Path("config/mvsnap.yaml")
_PREFIX = "MVSNAP_"
_SECRET_KEYS = {"key", "api_key", "bot_token", "database_url", "password", "token"}


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `path`, overridden by MVSNAP_* variables.

    A missing file counts as empty. A relative data_dir is taken from the folder that
    holds `config/`, so a service finds the same data whatever its working directory.

    Raises:
        BadConfig: every mistake, `path: expectation, got value`.
    """
    mistakes: list[str] = []
    tree = _read_yaml(path, mistakes)
    _apply_environment(tree, environ, mistakes)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as exc:
        mistakes += [_describe(error, tree) for error in exc.errors()]
    if mistakes:
        raise BadConfig(mistakes)
    root = path.resolve().parent
    root = root.parent if root.name == "config" else root
    return settings.model_copy(update={"data_dir": root / settings.data_dir})


def readable_by_others(path: Path) -> bool:
    """Say whether other accounts of this machine can read the file."""
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _read_yaml(path: Path, mistakes: list[str]) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
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
    # A section whose keys are all commented out reads as None.
    return {key: {} if _is_empty_section(key, v) else v for key, v in tree.items()}


def _is_empty_section(key: str, value: Any) -> bool:
    sections = {"site", "server", "meraki", "webex", "storage"}
    return value is None and key in sections


def _apply_environment(
    tree: dict[str, Any], environ: Mapping[str, str], mistakes: list[str]
) -> None:
    for name in sorted(environ):
        keys = name.removeprefix(_PREFIX).lower().split("__")
        # MVSNAP_HOME and the like belong to the init script, not to the settings.
        if not name.startswith(_PREFIX) or _top(keys[0]) not in Settings.model_fields:
            continue
        value: Any = environ[name]
        if keys[-1].endswith("_file"):
            keys[-1] = keys[-1].removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                mistakes.append(f"{name}: no readable file at {value!r}")
                continue
        elif value[:1] in "[{":
            value = yaml.safe_load(value)
        if not _put(tree, keys, value):
            mistakes.append(f"{name}: there is no setting {'.'.join(keys)}")


def _top(key: str) -> str:
    known = Settings.model_fields
    return key.removesuffix("_file") if key not in known else key


def _put(tree: Any, keys: list[str], value: Any) -> bool:
    """Set tree[a][b]... = value; numbers address list items. False if impossible."""
    *parents, last = keys
    for index, key in enumerate(parents):
        following = keys[index + 1]
        if isinstance(tree, dict):
            if tree.get(key) is None:
                tree[key] = [] if following.isdigit() else {}
            tree = tree[key]
        elif isinstance(tree, list) and key.isdigit() and int(key) <= len(tree):
            if int(key) == len(tree):
                tree.append({})
            tree = tree[int(key)]
        else:
            return False
    if not isinstance(tree, dict):
        return False
    tree[last] = value
    return True


def _describe(error: Any, tree: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    kind = error["type"]
    message = error["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"{where}: there is no such setting{_nearest(where)}"
    if kind == "missing":
        return f"{where}: is missing"
    if not where:
        return str(message)
    secret = str(error["loc"][-1]) in _SECRET_KEYS
    got = "(hidden)" if secret else repr(_look_up(tree, error["loc"]))[:80]
    return f"{where}: {message[:1].lower()}{message[1:]}, got {got}"


def _nearest(where: str) -> str:
    from difflib import get_close_matches

    from mvsnap.config.reference import paths

    plain = ".".join(part for part in where.split(".") if not part.isdigit())
    near = get_close_matches(plain, paths(), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _look_up(tree: Any, loc: tuple[str | int, ...]) -> Any:
    for part in loc:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return tree
    return tree
