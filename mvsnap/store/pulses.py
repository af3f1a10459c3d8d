"""Signs of life that write nothing: the kernel keeps them, and only while one lives.

All processes of a SQLite file are on one machine. Each locks one byte of a file beside
it, far beyond its end: the place says whose it is, and the second of the machine's
monotonic clock. So the lock ends with its process, even by kill -9, and whoever is
frozen or stuck is seen to be silent. Nothing of it is on the disk, which may be an SD
card, and no clock that is set changes it.

The library `filelock` and `mvsnap.file_lock` lock whole files; they cannot say when.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import struct
import sys
import threading
import time
import zlib
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

log = logging.getLogger(__name__)

# A row is written in any case after that long: whoever starts later reads how long ago
# a process lived that has died since. Nothing is decided by it, so it may be seldom.
ROW_EVERY = timedelta(minutes=15)
# One for each name, as long as there are seconds; all are below 2**62, as they must be.
_REGION = 1 << 32
_REGION_BITS = 30
# struct flock: kind, from where, start, length, process; aligned as in C.
_FLOCK = "hhqqi0q"
_NO_FILE_LEFT = (errno.EMFILE, errno.ENFILE)


class Pulses:
    """Of the processes that share a SQLite file; path None: there are none.

    Thread-safe. A file system without such locks has none, either.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path if sys.platform == "linux" else None
        self._lock = threading.Lock()
        self._file: int | None = None
        self._own: set[str] = set()
        self._seen_s: dict[str, float] = {}

    @classmethod
    def beside(cls, engine: Engine) -> Pulses:
        """Return those of its file; of another database there are none."""
        name = engine.url.database
        is_file = engine.dialect.name == "sqlite" and name and name != ":memory:"
        return cls(Path(str(name)).parent / "executors" / "pulses" if is_file else None)

    def beat(self, name: str) -> bool:
        """Say that `name` is alive now; False: its row has to say so."""
        if self._path is None:
            return False
        start, now_s = _start(name), int(time.monotonic())
        try:
            with self._lock:
                opened = self._opened(self._path)
                _ask(opened, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, start + now_s, 1)
                # The new one first: in between it would seem dead.
                _unlock(opened, start, now_s)
                _unlock(opened, start + now_s + 1, _REGION - now_s - 1)
                self._own.add(name)
        except OSError as exc:
            log.debug("no sign of life without a row: %s", exc)
            return False
        # Where a file system does not show a lock that it has, the row has to say so.
        is_shown = self._found_s(name) is not None
        self._seen_s[name] = float(now_s)
        return is_shown

    def spares(self, name: str, written_at: datetime | None, now: datetime) -> bool:
        """Say that it is alive; return whether its row may stay as it is.

        written_at: the row's own, by the clock as `now` is; None: there is no row.
        """
        # The first is written: who does not see our locks learns of us by it.
        is_first = name not in self._own
        if not self.beat(name) or is_first or written_at is None:
            return False
        # One of the future is from before the clock was set back.
        return timedelta() <= now - written_at < ROW_EVERY

    def end(self, name: str) -> None:
        """Say that it is alive no longer."""
        with self._lock:
            if self._file is None or name not in self._own:
                return
            self._own.discard(name)
            with suppress(OSError):
                _unlock(self._file, _start(name), _REGION)
            if not self._own:
                os.close(self._file)
                self._file = None

    def age(self, name: str) -> timedelta | None:
        """Return how long ago it last said that it is alive, None if nobody knows.

        One that has died is as old as it was when this process last asked, and older.
        """
        now_s = time.monotonic()
        found_s = self._found_s(name)
        if found_s is not None:
            self._seen_s[name] = found_s
        seen_s = self._seen_s.get(name)
        return None if seen_s is None else timedelta(seconds=max(0, now_s - seen_s))

    def youngest(self, name: str, age: timedelta) -> timedelta:
        """Return how long ago it was alive. age: of its row."""
        found = self.age(name)
        return age if found is None else min(found, age)

    def is_beating(self, name: str) -> bool:
        """Return whether its process exists, however long it has been silent."""
        return self._found_s(name) is not None

    def _found_s(self, name: str) -> float | None:
        if self._path is None:
            return None
        start = _start(name)
        try:
            # Our own locks are seen, too: they belong to another opening of the file.
            opened = os.open(self._path, os.O_RDONLY)
            try:
                kind, at, length = _ask(
                    opened, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, start, _REGION
                )
            finally:
                os.close(opened)
        except OSError as exc:
            if exc.errno in _NO_FILE_LEFT and name in self._seen_s:
                # We cannot look: who lived must not seem dead, and lose its jobs.
                return time.monotonic()
            return None
        # Two seconds are one lock while it moves: the last one counts.
        return None if kind == fcntl.F_UNLCK else float(at + length - 1 - start)

    def _opened(self, path: Path) -> int:
        """Return the file, opened anew if another one is in its place."""
        if self._file is not None:
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path), os.fstat(self._file)):
                    return self._file
            os.close(self._file)
            self._file = None
        path.parent.mkdir(exist_ok=True)
        # Child processes do not inherit it.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        return self._file


def _start(name: str) -> int:
    return (zlib.crc32(name.encode()) >> (32 - _REGION_BITS)) * _REGION


def _unlock(opened: int, start: int, length: int) -> None:
    if length > 0:  # 0 would be all that follows
        _ask(opened, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, start, length)


def _ask(
    opened: int, command: int, kind: int, start: int, length: int
) -> tuple[int, int, int]:
    """Return the kind, start and length that the kernel answers with; never waits."""
    asked = struct.pack(_FLOCK, kind, os.SEEK_SET, start, length, 0)
    answer = struct.unpack(_FLOCK, fcntl.fcntl(opened, command, asked))
    return answer[0], answer[2], answer[3]
