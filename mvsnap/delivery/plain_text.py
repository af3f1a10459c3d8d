"""Plain text of a message, for receivers that do not show markdown. Pure."""

from __future__ import annotations

import re

_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
_MARKS = re.compile(r"\*\*|(?<![^\s(])_(?=\S)|(?<=\S)_(?![^\s).,])")


def plain(markdown: str) -> str:
    """Return what a reader of the markdown sees, with the addresses of its links.

    markdown: of the templates, in which words of others are neutral.
    """
    return "\n".join(_plain_line(line.rstrip()) for line in markdown.splitlines())


def first_line(markdown: str) -> str:
    """Return the first line of a message as a title."""
    return plain(markdown.partition("\n")[0]).strip()


def _plain_line(line: str) -> str:
    """Return a line without marks; nothing inside an address is one."""
    parts, end = [], 0
    for link in _LINK.finditer(line):
        parts += [_MARKS.sub("", line[end : link.start()]), f"{link[1]}: {link[2]}"]
        end = link.end()
    return "".join([*parts, _MARKS.sub("", line[end:])])
