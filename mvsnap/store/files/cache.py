"""The files of a bucket that a machine keeps: a bounded number of bytes.

They lie where their path says, beside those that the bucket does not have yet; these
stay. Several processes may work on the same folder.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

FOLDERS = ("snapshots", "badges", "visitors", "photos", "videos")
# Younger ones may be about to be read, or not be noted yet.
_STAYS_S = 600.0
_TOUCHED_AFTER_S = 120.0
# How much more than the limit may be there before somebody looks.
_LOOK_EVERY = 0.05


class FileCache:
    """unstored: returns the files that must stay. min_free_bytes: of the disk."""

    def __init__(
        self,
        root: Path,
        unstored: Callable[[], Collection[str]],
        *,
        max_bytes: int,
        min_free_bytes: int = 0,
    ) -> None:
        self._root = root
        self._unstored = unstored
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._grown_bytes = max_bytes  # looked at with the first

    def find(self, path: str) -> Path | None:
        """Return the file, which then stays for some minutes; None: it is not here."""
        whole = self._root / path
        try:
            age_s = time.time() - whole.stat().st_mtime
            if not 0 <= age_s <= _TOUCHED_AFTER_S:
                os.utime(whole)
        except FileNotFoundError:
            return None
        return whole

    def grew(self, size_bytes: int) -> None:
        """Look after the limit when much was added."""
        self._grown_bytes += size_bytes
        if self._grown_bytes >= self._max_bytes * _LOOK_EVERY:
            self._grown_bytes = 0
            self.prune()

    def prune(self) -> int:
        """Delete what was not used for longest, down to the limit; return how many."""
        found = self.groups()
        over = sum(group.size_bytes for group in found) - self._max_bytes
        over = max(over, self._min_free_bytes - shutil.disk_usage(self._root).free)
        if over <= 0:
            return 0
        stays = {_stem(self._root / path) for path in self._unstored()}
        before, gone = time.time() - _STAYS_S, 0
        for group in sorted(found, key=lambda group: group.used_at_s):
            if over <= 0 or group.used_at_s > before:
                break
            if group.stem not in stays:
                group.remove()
                over -= group.size_bytes
                gone += 1
        return gone

    def groups(self) -> list[FileGroup]:
        """Return all there is of the bucket's kinds of files."""
        found: dict[Path, FileGroup] = {}
        for folder in FOLDERS:
            for path in (self._root / folder).rglob("*"):
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    if S_ISREG(stat.st_mode):
                        stem = _stem(path)
                        found.setdefault(stem, FileGroup(stem)).add(path, stat)
        return list(found.values())


@dataclass(slots=True)
class FileGroup:
    """A file and the copies made of it. stem: what their paths have in common."""

    stem: Path
    paths: list[Path] = field(default_factory=list)
    size_bytes: int = 0
    used_at_s: float = 0.0

    def add(self, path: Path, stat: os.stat_result) -> None:
        self.paths.append(path)
        self.size_bytes += stat.st_size
        self.used_at_s = max(self.used_at_s, stat.st_mtime)

    def remove(self) -> None:
        for path in self.paths:
            path.unlink(missing_ok=True)


def _stem(path: Path) -> Path:
    return path.with_name(path.name.partition(".")[0])
