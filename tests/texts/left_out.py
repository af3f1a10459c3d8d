"""What people would read of a template in English only: texts that are not marked.

A text is what stands between elements, what an attribute such as `title` says, and what
an expression gives that looks like words: it begins with a capital letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment
from jinja2 import nodes as ast

ATTRIBUTES = (
    *("title", "aria-label", "placeholder", "alt", "label"),
    *("data-caption", "data-news"),
)
MARKS = ("gettext", "_", "ngettext", "pgettext")
# Names of others, units and words that are the same in every language.
SAME = re.compile(
    r"mvsnap|Webex|Wi-Fi|Meraki|IXON|MQTT|Home Assistant|MV Sense|API|URL|PIN|"
    r"\b(?:MB|GB|dB|min|h|s|px|Mbit/s|kbit/s)\b|&\w+;|&#\w+;"
)
_LETTERS = re.compile(r"[^\W\d_]{2}")
_WORDS = re.compile(r"[A-Z][a-z]|[a-z]+ [a-z]+ [a-z]+")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._code = 0

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        self._code += tag in ("code", "script", "style", "svg")
        self.found += [v for name, v in attributes if name in ATTRIBUTES and v]

    def handle_startendtag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        self.found += [v for name, v in attributes if name in ATTRIBUTES and v]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "script", "style", "svg")

    def handle_data(self, data: str) -> None:
        if not self._code:
            # A macro may write attributes alone.
            self.found.append(re.sub(r'[\w-]+="[^"]*"', "", data))


def without_jinja(source: str) -> str:
    """Return the HTML around blocks, expressions and marked texts."""
    kept, tag, in_trans = [], "", False
    for _, kind, value in Environment(extensions=["jinja2.ext.i18n"]).lex(source):
        if kind == "data" and not in_trans:
            kept.append(value)
        elif kind == "block_begin":
            tag = "?"
        elif kind == "name" and tag == "?":
            tag = value
            in_trans = value == "trans" or (in_trans and value != "endtrans")
        elif kind == "variable_begin":
            kept.append("\N{REPLACEMENT CHARACTER}")
    return "".join(kept)


def constants(node: ast.Node) -> Iterator[str]:
    """Yield the texts of expressions that no function of MARKS gets."""
    function = node.node if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Name) and function.name in MARKS:
        return
    if isinstance(node, ast.Compare):  # a text is compared, not shown
        return
    if isinstance(node, ast.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from constants(child)


def left_out(source: str, *, is_html: bool = True) -> list[str]:
    """Return the texts of a template that stay English."""
    around = without_jinja(source)
    if is_html:
        parser = _Texts()
        parser.feed(around)
        texts = parser.found
    else:
        texts = [around]
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    said = [one for one in constants(tree) if _WORDS.search(SAME.sub("", one))]
    found = [one for one in texts if _LETTERS.search(SAME.sub("", one))]
    return [" ".join(one.split()) for one in (*found, *said)]
