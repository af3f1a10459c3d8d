"""What errors say, found in Python: each text, with a 7 in place of its values.

Whoever entered something wrong reads it on a page, and `mvsnap.texts.sentences` says it
in the site's language by what stands around its values.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

# Errors whose message may be shown to a person, or by what names a field's mistake.
SHOWN = {
    *("BadInput", "NotFound", "QueueFull", "OverShare", "TooManyRequests"),
    *("JudgedMeanwhile", "NameTaken", "RotatedMeanwhile", "LastAdmin"),
    *("AccountsAway", "EvidenceAway", "LoginRefused", "Unauthorized"),
    *("NoFrame", "NoLivePicture", "ValueError", "Limit", "RecipientProblem"),
}
_FIELDS = "mistakes"


def said(source: str) -> list[str]:
    """Return the texts of these errors, and of what is wrong with fields."""
    tree = ast.parse(source)
    constants = dict(_constants(tree))
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in SHOWN:
            given = [*node.args, *(k.value for k in node.keywords if k.arg == "what")]
            found += [text for one in given if (text := _text(one, constants))]
        elif isinstance(node, ast.Assign) and any(map(_is_field, node.targets)):
            found += _texts(node.value, constants)
    return [text for text in found if " " in text]


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the module's own texts, by name."""
    known: dict[str, str] = {}
    for node in tree.body:
        name = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(node, ast.Assign) or not isinstance(name, ast.Name):
            continue
        if text := _text(node.value, known):
            known[name.id] = text
            yield name.id, text


def _is_field(target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and _name(target.value) == _FIELDS


def _texts(node: ast.expr, known: Mapping[str, str]) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, known), *_texts(node.orelse, known)]
    text = _text(node, known)
    return [text] if text else []


def _text(node: ast.expr, known: Mapping[str, str]) -> str:
    """Return the text, "" for what is none or is marked for the catalogue."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part, known) for part in node.values)
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    return ""


def _part(part: ast.expr, known: Mapping[str, str]) -> str:
    if not isinstance(part, ast.FormattedValue):
        return _text(part, known)
    if isinstance(part.value, ast.Name) and part.value.id in known:
        return known[part.value.id]
    return "'7'" if part.conversion == ord("r") else "7"


def _name(node: ast.expr) -> str:
    """Return the last part of a name: `BadInput`, also of `errors.BadInput`."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
