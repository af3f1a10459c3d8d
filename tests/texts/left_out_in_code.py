"""What people would read of Python in English only: sentences that are not marked.

A sentence begins with a capital letter and has a blank. One with values in it may be
known to `mvsnap.texts.sentences` instead: it is found again when it is shown.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mvsnap.texts.sentences import localized

MARKS = ("_", "N_", "gettext", "ngettext", "pgettext")
# What these get is for the log, or for programs.
NOT_SHOWN = ("log", "header", "getLogger", "join", "strip", "field")
_SENTENCE = re.compile(r"[A-Z][a-z]+(?:'s)? .*[a-z]", re.DOTALL)


def left_out(source: str) -> list[str]:
    """Return the sentences that stay English; to be called in another language."""
    found = _texts(ast.parse(source))
    return [one for one in found if _SENTENCE.match(one) and localized(one) == one]


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts that no function of MARKS gets; x: a value of an f-string."""
    if isinstance(node, ast.Call) and _name(node.func) & {*MARKS, *NOT_SHOWN}:
        return
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "x" for p in node.values]
        yield "".join(map(str, parts))
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        # A docstring.
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield from _texts(child)


def _name(function: ast.expr) -> set[str]:
    """Return the names of what is called: `log` and `info` of `log.info`."""
    if isinstance(function, ast.Name):
        return {function.id}
    if isinstance(function, ast.Attribute):
        return {function.attr, *_name(function.value)}
    return set()
