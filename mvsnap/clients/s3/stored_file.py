"""An object in the bucket, read like a file: only what is asked for comes over."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any


class StoredFile(io.RawIOBase):
    """A stream from any place in the object; opened again after each `seek`.

    body: opens the stream of the bytes from a place on. in_words: calls a read, and
    raises StoreError for what the library raises.
    """

    def __init__(
        self,
        body: Callable[[int], Any],
        size_bytes: int,
        changed_at: datetime,
        in_words: Callable[[Callable[[], bytes]], bytes],
    ) -> None:
        self.size_bytes = size_bytes
        self.changed_at = changed_at
        self._open = body
        self._in_words = in_words
        self._body: Any = None
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size_bytes}
        wanted = max(base[whence] + offset, 0)
        if wanted != self._at:
            self._close_body()
        self._at = wanted
        return wanted

    def readinto(self, buffer: Any) -> int:
        """Raises StoreError: the store broke off."""
        if self._at >= self.size_bytes or not len(buffer):
            return 0
        if self._body is None:
            self._body = self._open(self._at)
        body = self._body
        content = self._in_words(lambda: body.read(len(buffer)))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        self._close_body()
        super().close()

    def _close_body(self) -> None:
        # Closed and not read to its end, so the connection is not used again.
        if self._body is not None:
            self._body.close()
        self._body = None
