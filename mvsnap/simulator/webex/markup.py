"""Markup: the markdown that a gateway posts, as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup, escape

_MARKS = re.compile(
    r"\*\*(?P<bold>[^*]+)\*\*|\[(?P<label>[^\]]+)\]\((?P<url>https?://[^\s)]+)\)"
)


def as_html(markdown: str, is_clickable: Callable[[str], bool]) -> Markup:
    """Return bold and links as HTML, everything else as plain text.

    A link that is not clickable is only shown.
    """
    parts: list[Markup] = []
    done = 0
    for found in _MARKS.finditer(markdown):
        parts += [escape(markdown[done : found.start()]), _mark(found, is_clickable)]
        done = found.end()
    return Markup("").join([*parts, escape(markdown[done:])])


def _mark(found: re.Match[str], is_clickable: Callable[[str], bool]) -> Markup:
    if found["bold"] is not None:
        return Markup("<strong>{}</strong>").format(found["bold"])
    label, url = found["label"], found["url"]
    if is_clickable(url):
        return Markup('<a href="{}">{}</a>').format(url, label)
    return Markup('<span class="link" title="{}">{}</span>').format(url, label)
