"""Settings from MVSNAP_* variables: MVSNAP_SERVER__PORT is server.port."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mvsnap.config.model import Settings

_PREFIX = "MVSNAP_"
_LISTS = {"cameras", "rooms", "scopes", "photo_hosts"}


def apply(
    tree: dict[str, Any], environ: Mapping[str, str], mistakes: list[str]
) -> dict[str, str]:
    """Put the variables into `tree`; return each, keyed by the path of its setting."""
    applied: dict[str, str] = {}
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
                # Without a folder it may be the secret itself.
                shown = repr(value[:200]) if value[:1] in "./~" else "(hidden)"
                mistakes.append(f"{name}: no readable file at {shown}")
                continue
        elif keys[-1] in _LISTS and value[:1] == "[":
            try:
                value = yaml.safe_load(value)
            except yaml.YAMLError:
                mistakes.append(f"{name}: not a list like [A, B]")
                continue
        path = ".".join(keys)
        if _put(tree, keys, value):
            applied[path] = name
        else:
            mistakes.append(f"{name}: no such setting: {path}")
    return applied


def with_variable(mistake: str, variables: Mapping[str, str]) -> str:
    """Return a mistake with the variable it came from, if it did."""
    where = mistake.partition(":")[0].lower()
    for path, name in variables.items():
        if where == path or where.startswith(f"{path}."):
            return f"{mistake} (from {name})"
    return mistake


def _top(key: str) -> str:
    known = Settings.model_fields
    return key.removesuffix("_file") if key not in known else key


def _put(tree: Any, keys: list[str], value: Any) -> bool:
    """Set tree[a][b]... = value; numbers address list items. False if impossible."""
    *parents, last = keys
    for index, key in enumerate(parents):
        following = keys[index + 1]
        if isinstance(tree, dict):
            # Names chosen by people may have capitals; variables have no case.
            key = next((k for k in tree if str(k).lower() == key), key)
            if tree.get(key) is None:
                tree[key] = [] if following.isdigit() else {}
            tree = tree[key]
        elif isinstance(tree, list) and key.isdigit() and int(key) <= len(tree):
            if int(key) == len(tree):
                tree.append({})
            tree = tree[int(key)]
        else:
            return False
    if isinstance(tree, list) and last.isdigit() and int(last) <= len(tree):
        tree[int(last) :] = [value, *tree[int(last) + 1 :]]
        return True
    if not isinstance(tree, dict):
        return False
    tree[last] = value
    return True
