"""Parts of pages that many viewers poll: read and rendered once for all of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import Response, request

from mvsnap import __version__
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.pages.live_list import digest, if_changed

T = TypeVar("T")

_AGES = re.compile(r'data-age="\d+">[^<]*')


class LivePart:
    """A part of a page; rendered when the first viewer needs it, then kept."""

    def __init__(self, etag: str, render: Callable[[], str]) -> None:
        self.etag = etag
        self._render: Callable[[], str] | None = render
        self._html = ""
        self._lock = threading.Lock()

    @classmethod
    def of_html(cls, html: str) -> LivePart:
        """Return the part with the tag of what it shows."""
        return cls(etag_of(html), lambda: html)

    @property
    def html(self) -> str:
        with self._lock:
            if self._render is not None:
                self._html = self._render()
                self._render = None
            return self._html

    def answer(self) -> Response:
        """Return it, or 304 if the browser has it already."""
        return if_changed(self.etag, lambda: self.html)


def etag_of(html: str) -> str:
    """Ages are counted on by the page: without news nothing is sent."""
    return digest(__version__ + _AGES.sub("", html))


def shared(
    name: str, read: Callable[[], T], *, times: int = 1, only_stored: bool = False
) -> T:
    """Return what `read` returns, which may be that of another viewer a moment ago.

    It must not depend on more than the query, the role of who asks, and the address at
    which the site is reached: never on the person or the session, such as a CSRF token.

    only_stored: what it shows is of the database alone, which is read again when
    somebody has written to it.
    """
    key: tuple[Hashable, ...] = (
        name,
        request.query_string,
        auth.person().role,
        (request.scheme, request.host, request.script_root),
    )
    here = gateway()
    if not only_stored:
        return here.shared_reads.get(key, read, times=times)
    return here.shared_reads.get(key, read, times=times, commits=here.store.commits)
