"""Words that are looked for in what people read of a row: no index finds them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_

from mvsnap.store.tables import events


def detail(name: str) -> ColumnElement[str]:
    """Return one of the details of an event."""
    text: ColumnElement[str] = events.c.details[name].as_string()
    return text


def one_text(shown: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    """Return all of these as one text in lower case, a line for each."""
    text: ColumnElement[str] = func.coalesce(shown[0], "")
    for more in shown[1:]:
        text = text + "\n" + func.coalesce(more, "")
    return func.lower(text)


def has_word(text: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Return whether a text as `one_text` returns it has the word."""
    # SQLite knows lower case of ASCII only: the others are looked for as both.
    both = {
        word.lower(),
        "".join(c.lower() if c.isascii() else c for c in word.upper()),
    }
    return or_(*(text.contains(one, autoescape=True) for one in sorted(both)))
