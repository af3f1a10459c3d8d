"""Where pictures and clips are: below data_dir, by the path that their row names."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Protocol

from mvsnap import durable_file


class EvidenceStream(Protocol):
    """A file in the bucket that is read as it is sent: seekable, in binary."""

    size_bytes: int
    changed_at: datetime

    def close(self) -> None:
        """Leave the rest where it is."""


class EvidenceFiles(Protocol):
    """Paths are relative to data_dir.

    shared: with other machines, in a bucket. alone: no other machine can have a file.
    All but `put` and `remove` raise EvidenceAway: unknown now.
    """

    shared: bool
    alone: bool

    def put(self, path: str, content: bytes) -> None:
        """Store a file durably: it is there for every machine, or will be.

        Raises:
            OSError: it cannot be stored.
        """

    def hand_over(self, *paths: str) -> None:
        """Take over files that were written to their place on this machine."""

    def local(self, path: str) -> Path | None:
        """Return the file on this machine, fetched if need be; None: it is gone."""

    def open(self, path: str) -> Path | EvidenceStream | None:
        """Return the file on this machine, or as a stream; None: it is gone."""

    def is_there(self, path: str) -> bool:
        """Return whether the file is not gone."""

    def is_elsewhere(self, path: str) -> bool:
        """Return whether another machine still has to hand the file over."""

    def remove(self, path: str) -> None:
        """Delete a file and the copies made of it, on every machine.

        Raises:
            OSError: it is still here.
        """


class EvidenceFolder:
    """A data_dir of one machine, or a folder that all of them see.

    alone: False where other machines use the same database.
    """

    shared = False

    def __init__(self, root: Path, *, alone: bool = True) -> None:
        self._root = root
        self.alone = alone

    def put(self, path: str, content: bytes) -> None:
        durable_file.write(self._root / path, content)

    def hand_over(self, *paths: str) -> None:
        """Nothing: they are where they belong."""

    def local(self, path: str) -> Path | None:
        whole = self._root / path
        return whole if whole.is_file() else None

    def open(self, path: str) -> Path | None:
        return self.local(path)

    def is_there(self, path: str) -> bool:
        return self.local(path) is not None

    def is_elsewhere(self, path: str) -> bool:
        return False

    def remove(self, path: str) -> None:
        remove_local(self._root, path)


def remove_local(root: Path, path: str) -> None:
    """Delete a file and the copies made of it."""
    whole = root / path
    for copy in whole.parent.glob(f"{whole.stem}.*"):
        copy.unlink(missing_ok=True)
