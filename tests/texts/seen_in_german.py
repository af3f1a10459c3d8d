"""English words in a page that is meant to be in German.

Which words are English is known from the catalogue: those of its English texts that no
German one has. What is data, such as a name, is named by whoever asks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Sequence
from functools import cache
from html.parser import HTMLParser

from babel.messages.catalog import Catalog, Message

# Attributes that people read, or that a script shows them.
ATTRIBUTES = (
    *("title", "aria-label", "aria-valuetext", "placeholder", "alt", "label"),
    *("data-caption", "data-news", "data-confirm", "data-texts"),
)
# What is inside is meant for programs, or came from one.
_NOT_READ = ("script", "style", "code", "pre", "template")
# English for people, although a name of a setting in a German text has it.
_IN_NAMES = {"password", "camera", "device", "and"}
_EMPTY = ("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
_VALUE = re.compile(r"%\(\w+\)s|<[^>]*>|https?://[^\s)]*")
_CODE = re.compile(r"<code.*?</code>", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’](?:s|t))?")


class _Read(HTMLParser):
    """texts: what people read of a page, in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _EMPTY:
            self._inside.append(tag)
        self._note(dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(tag in _NOT_READ for tag in self._inside):
            self.texts.append(data)

    def _note(self, attributes: dict[str, str | None]) -> None:
        said = [attributes.get(name) for name in ATTRIBUTES]
        if (script := attributes.get("data-texts")) is not None:
            said[-1:] = json.loads(script).values()
        self.texts += [one for one in said if one]


def read(html: str) -> list[str]:
    """Return the texts that people read, without blanks around them."""
    parser = _Read()
    parser.feed(html)
    return [" ".join(one.split()) for one in parser.texts if one and one.strip()]


@cache
def _words(text: str) -> frozenset[str]:
    bare = _VALUE.sub(" ", _CODE.sub(" ", text))
    return frozenset(word.lower() for word in _WORD.findall(bare))


def english_words(catalogue: Catalog) -> set[str]:
    """Return the words of its texts that no translation has."""
    english: set[str] = set()
    others: set[str] = set()
    for one in catalogue:
        if one.id and one.context != "format":
            english.update(*map(_words, _said(one.id)))
            others.update(*map(_words, _said(one.string)))
    return (english - others) | _IN_NAMES


def _said(text: Message | str | Sequence[str] | object) -> Iterator[str]:
    if isinstance(text, str):
        yield text
    elif isinstance(text, tuple | list):
        yield from map(str, text)


def left_in_english(
    html: str, english: Container[str], data: Sequence[str]
) -> list[str]:
    """Return the texts of a page that have an English word outside of the data."""
    found = []
    for text in read(html):
        bare = _VALUE.sub(" ", text)
        for one in data:
            bare = bare.replace(one, " ")
        if any(word.lower() in english for word in _WORD.findall(bare)):
            found.append(text)
    return found
