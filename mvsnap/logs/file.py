"""The file that the log goes to, opened anew once it was rotated.

Whoever starts the service chooses it, by where stderr goes: a file, or the journal.
"""

from __future__ import annotations

import logging
import os
import stat

log = logging.getLogger(__name__)

_STDOUT, _STDERR = 1, 2


class LogFile:
    """What stderr is now; not a file: `reopen` does nothing."""

    def __init__(self) -> None:
        # Now: of a file that was renamed this would be the new name.
        self._path = _path_of(_STDERR)

    def reopen(self) -> None:
        """Go on in a new file if the old one was renamed; from any thread."""
        if not self._path:
            return
        try:
            opened = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640
            )
        except OSError as exc:
            log.error("cannot open the log %s anew: %s", self._path, exc.strerror)
            return
        try:
            with_stdout = _is_same(_STDOUT, _STDERR)
            os.dup2(opened, _STDERR)
            if with_stdout:
                os.dup2(opened, _STDOUT)
        finally:
            os.close(opened)
        log.info("the log was opened anew")


def _path_of(descriptor: int) -> str:
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or not found.st_nlink:
            return ""  # also a file that was removed meanwhile
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


def _is_same(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False
