"""One process at a time: a lock on a file that ends with its process, even by kill -9.

The kernel's own flock and not the library `filelock`: that uses the same flock, but
provides no descriptor to the content of these files, and falls back to marker files
that outlive a killed process.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType


class FileLock:
    """A held lock. Child processes do not inherit it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock; calling it again does nothing."""
        opened, self._descriptor = self._descriptor, None
        if opened is not None:
            os.close(opened)

    def read(self) -> str:
        """Return the content of the locked file, at most 100 ASCII characters."""
        assert self._descriptor is not None
        found = os.pread(self._descriptor, 100, 0)
        return found.decode("ascii", "ignore").strip()

    def write(self, text: str, *, durable: bool = True) -> None:
        """Replace the content of the file."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode("ascii"), 0)
        if durable:
            os.fsync(self._descriptor)


def acquire(path: Path, *, mode: int = 0o666) -> FileLock:
    """Lock a file, created if missing; waits for another holder."""
    return _locked(path, mode, fcntl.LOCK_EX)


def acquire_shared(path: Path) -> FileLock:
    """Lock a file together with others; waits for a holder that is alone."""
    return _locked(path, 0o666, fcntl.LOCK_SH)


def try_acquire(path: Path, *, mode: int = 0o666) -> FileLock | None:
    """Lock a file, created if missing; None while another process holds it.

    Raises:
        OSError: it cannot be opened, or not be locked.
    """
    try:
        return _locked(path, mode, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def _locked(path: Path, mode: int, operation: int) -> FileLock:
    opened = os.open(path, os.O_RDWR | os.O_CREAT, mode)
    try:
        fcntl.flock(opened, operation)
    except BaseException:
        os.close(opened)
        raise
    return FileLock(opened)
