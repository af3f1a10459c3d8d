"""Writes config/mvsnap.yaml: new from the sample, or changed with comments kept."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mvsnap import durable_file
from mvsnap.config.reference import sample
from mvsnap.errors import MvsnapError

if TYPE_CHECKING:
    from ruamel.yaml import YAML

# By section; also values that are in none, such as data_dir.
Values = dict[str, Any]

# "  #key: default  # meaning" or "key:  # meaning"
_LINE = re.compile(r"^(?P<pad> *)#?(?P<key>[a-z_0-9]+):.*?(?P<comment>  #.*)?$")


def write_settings(
    path: Path,
    values: Values,
    api_keys: list[dict[str, Any]],
    *,
    replace: bool = False,
) -> None:
    """Set `values[section][key]` and add `api_keys`; others cannot read the file.

    A mapping is merged into the existing one; None removes the key.
    replace: nothing of an existing file stays.
    The file is replaced atomically, so a power cut leaves the old one.

    Raises:
        MvsnapError: it cannot be written; the old one is left.
    """
    if path.exists() and not replace:
        text = _changed(path.read_text(encoding="utf-8"), values, api_keys)
    else:
        sections = {k: v for k, v in values.items() if isinstance(v, dict)}
        text = _new(sections, api_keys)
        if others := {k: v for k, v in values.items() if k not in sections}:
            text = _changed(text, others, [])
    try:
        durable_file.write(path, text.encode(), mode=0o600)
    except OSError as exc:
        raise MvsnapError(f"{path} cannot be written: {exc.strerror}") from exc


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return a settings file in which each secret is empty; comments stay."""
    longest_first = sorted({s for s in secrets if s}, key=len, reverse=True)
    yaml = _round_trip()
    tree = yaml.load(text)
    if tree is None:
        return text
    out = io.StringIO()
    yaml.dump(_emptied(tree, longest_first), out)
    return out.getvalue()


def _emptied(node: Any, secrets: list[str]) -> Any:
    if isinstance(node, dict):
        for key, value in node.items():
            node[key] = _emptied(value, secrets)
    elif isinstance(node, list):
        node[:] = [_emptied(value, secrets) for value in node]
    elif not isinstance(node, bool | None):
        text = str(node)
        for secret in secrets:  # a password may be inside an address
            text = text.replace(secret, "")
        return node if text == str(node) else text
    return node


def _new(values: Values, api_keys: list[dict[str, Any]]) -> str:
    lines = []
    section, given = "", False
    for line in sample().splitlines():
        if given and (not line or line.startswith("    ")):
            continue  # the defaults of a section inside, all of which was given
        given = False
        found = _LINE.match(line)
        if found and not found["pad"]:
            section = found["key"]
        if found and section == "api_keys" and not found["pad"] and api_keys:
            lines.append(f"api_keys:{found['comment'] or ''}")
            lines += _key_lines(api_keys)
        elif found and (value := _value(found, values.get(section, {}))) is not None:
            comment = found["comment"] or ""
            lines.append(f"  {found['key']}:{_after_colon(value, comment)}")
            given = isinstance(value, dict) and not line.lstrip().startswith("#")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _value(found: re.Match[str], changes: dict[str, Any]) -> Any:
    """Return the value of a key directly below its section, None for any other line."""
    return changes.get(found["key"]) if found["pad"] == "  " else None


def _after_colon(value: Any, comment: str) -> str:
    is_list = isinstance(value, list) and any(isinstance(v, dict) for v in value)
    if not isinstance(value, dict) and not is_list:
        return f" {_flow(value)}{comment}"
    import yaml

    text = yaml.safe_dump(value, allow_unicode=True, width=10_000, sort_keys=False)
    block = "\n".join(f"    {line}" for line in text.splitlines())
    return f"{comment}\n{block}"


def _key_lines(api_keys: list[dict[str, Any]]) -> list[str]:
    lines = []
    for entry in api_keys:
        items = [f"{name}: {_flow(value)}" for name, value in entry.items()]
        lines.append(f"  - {items[0]}")
        lines += [f"    {item}" for item in items[1:]]
    return lines


def _flow(value: Any) -> str:
    """Return the value as YAML on one line."""
    import yaml

    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=10_000
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _changed(text: str, values: Values, api_keys: list[dict[str, Any]]) -> str:
    yaml = _round_trip()
    tree = yaml.load(text)
    if tree is None:  # only comments: they stay, and new keys follow
        return text.rstrip("\n") + "\n" + _changed("{}", values, api_keys)
    for section, changes in values.items():
        if not isinstance(changes, dict):  # a value or a list outside of any section
            old = tree.get(section)
            is_longer = isinstance(old, list) and isinstance(changes, list)
            if is_longer and changes[: len(old)] == old:
                old.extend(changes[len(old) :])  # the comments of the others stay
            else:
                tree[section] = changes
            continue
        if changes and not isinstance(tree.get(section), dict):
            tree[section] = {}
        for key, value in changes.items():
            old = tree[section].get(key)
            if value is None:
                tree[section].pop(key, None)
            elif isinstance(value, dict) and isinstance(old, dict):
                old.update(value)
            else:
                tree[section][key] = value
    if api_keys:
        known = tree.get("api_keys")
        tree["api_keys"] = [*(known if isinstance(known, list) else []), *api_keys]
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def _round_trip() -> YAML:
    # Imported here: it is slow to load, and PyYAML drops the comments.
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    return yaml
