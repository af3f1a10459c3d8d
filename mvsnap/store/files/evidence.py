"""Where pictures and clips are: below data_dir, by the path that their row names."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
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

    def listed(self, kind: str, after: str, at_most: int) -> list[tuple[str, datetime]]:
        """Return pictures of a folder by path, those after one, each with its time.

        kind: the folder, whose pictures lie in one for each day. after: "" for none.
        """

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

    def listed(self, kind: str, after: str, at_most: int) -> list[tuple[str, datetime]]:
        found: list[tuple[str, datetime]] = []
        for day in sorted((self._root / kind).glob("*/*/*")):
            own = str(day.relative_to(self._root))
            if own < after.rpartition("/")[0]:
                continue
            names = sorted(name for name in _names(day) if f"{own}/{name}" > after)
            for name in names[: at_most - len(found)]:
                with suppress(FileNotFoundError):
                    changed_s = (day / name).stat().st_mtime
                    at = datetime.fromtimestamp(changed_s, UTC)
                    found.append((f"{own}/{name}", at))
            if len(found) >= at_most:
                break
        return found

    def remove(self, path: str) -> None:
        remove_local(self._root, path)


def _names(folder: Path) -> list[str]:
    """Return the pictures in a folder; those with another dot are copies of theirs."""
    if not folder.is_dir():
        return []
    return [path.name for path in folder.glob("*.jpg") if "." not in path.stem]


def remove_local(root: Path, path: str) -> None:
    """Delete a file and the copies made of it."""
    whole = root / path
    for copy in whole.parent.glob(f"{whole.stem}.*"):
        copy.unlink(missing_ok=True)
