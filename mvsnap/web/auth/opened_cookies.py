"""Cookies of sessions whose signature was found right a moment ago.

Each poll of an open page brings the same cookie. Deriving the key, the signature and
the parsing are a tenth of such a request; whether the session goes on is another
question, which the store answers each time.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

# A cookie that becomes too old is noticed that much later. The session in the store
# ends in time.
_KEPT_S = 60.0
# More than people are logged in.
_MOST = 256
# Whoever changes another one would change it for the next request, too.
_UNCHANGING = (str, int, bool, type(None))


class OpenedCookies:
    """The last right ones; all are forgotten when the keys change. Thread-safe.

    By their digest: how long a search takes says nothing about a cookie.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: tuple[str, ...] = ()
        # With the time until which each is kept.
        self._opened: OrderedDict[bytes, tuple[dict[str, Any], float]] = OrderedDict()

    def content(
        self,
        cookie: str,
        keys: tuple[str, ...],
        read: Callable[[], Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Return a copy of what it holds.

        keys: those that count now. read: checks one that is not known; returns nothing
        if it is wrong.
        """
        digest = hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()
        now_s = self._monotonic()
        with self._lock:
            if keys != self._keys:
                self._keys = keys
                self._opened.clear()
            known, until_s = self._opened.get(digest, ({}, now_s))
        if now_s < until_s:
            return dict(known)
        found = dict(read())
        if found and all(isinstance(value, _UNCHANGING) for value in found.values()):
            self._keep(digest, keys, (dict(found), now_s + _KEPT_S))
        return found

    def _keep(
        self, digest: bytes, keys: tuple[str, ...], found: tuple[dict[str, Any], float]
    ) -> None:
        with self._lock:
            if keys == self._keys:
                self._opened[digest] = found
                self._opened.move_to_end(digest)
                if len(self._opened) > _MOST:
                    self._opened.popitem(last=False)
