"""Lists and parts of pages that a page polls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from flask import Response, request
from msgspec import Struct

from mvsnap import __version__
from mvsnap.web import auth


class Tagged(Protocol):
    @property
    def tag(self) -> str:
        """A text that changes whenever the row shows something else."""


class HasText(Protocol):
    @property
    def text(self) -> str: ...


Asked = TypeVar("Asked")
Row = TypeVar("Row", bound=Tagged)
Advice = TypeVar("Advice", bound=HasText)


class ListPage(Struct, Generic[Asked, Row, Advice], frozen=True):
    """One page of a list.

    older: the address of the next page, None at the end; advice: where there are no
    rows, why, and what to do about it.
    """

    asked: Asked
    rows: Sequence[Row] = ()
    older: str | None = None
    advice: Advice | None = None

    @property
    def etag(self) -> str:
        """A text that changes whenever the page shows something else."""
        parts = [__version__, self.older or "", *(row.tag for row in self.rows)]
        parts.append(self.advice.text if self.advice else "")
        parts.append(auth.person().role)  # some links are for some roles only
        return digest("\n".join(parts))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def if_changed(etag: str, html: Callable[[], str]) -> Response:
    """Return the part of a page, or 304 if the browser has it already."""
    if request.if_none_match.contains(etag):
        answer = Response(status=304)
    else:
        answer = Response(html())
    answer.set_etag(etag)
    return answer
