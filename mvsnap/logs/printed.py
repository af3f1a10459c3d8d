"""What is printed while the service runs becomes lines of the log.

Libraries print what they cannot help; it would be in no format, with secrets in it.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import TextIO

_LONGEST = 8_000


class PrintedLines(io.TextIOBase):
    """Takes the place of a stream; each whole line of a thread is one of the log."""

    def __init__(self, instead_of: TextIO, name: str) -> None:
        self.instead_of = instead_of
        self._log = logging.getLogger(name)
        self._begun = threading.local()

    def write(self, text: str) -> int:
        *lines, rest = (getattr(self._begun, "text", "") + text).split("\n")
        self._begun.text = rest[:_LONGEST]
        for line in filter(str.strip, lines):
            self._log.warning("%s", line)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.instead_of.fileno()


def log_what_is_printed() -> None:
    sys.stdout = PrintedLines(real(sys.stdout), "stdout")
    sys.stderr = PrintedLines(real(sys.stderr), "stderr")


def real(stream: TextIO) -> TextIO:
    """Return the stream itself, not what takes its place."""
    return stream.instead_of if isinstance(stream, PrintedLines) else stream
