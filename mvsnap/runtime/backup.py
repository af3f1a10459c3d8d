"""Backup: one tar file with the databases, the files and the settings of a gateway.

Made while the service runs. SQLite copies each database as it was at one moment, the
jobs first: a job that ended between the two is then run again after a restore, and
finds in the store that nothing is left to do. The other way round its evidence would be
missing.
"""

from __future__ import annotations

import glob
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from mvsnap import __version__, durable_file
from mvsnap.clock import SystemClock, iso
from mvsnap.file_lock import try_acquire
from mvsnap.store import database
from mvsnap.store.sqlite_file import RESTORE_UNFINISHED

FORMAT = 1
MANIFEST, END = "manifest.json", "end.json"
SETTINGS, DATA = "mvsnap.yaml", "data"
DATABASES = ("jobs.db", "mvsnap.db")
# An interrupted restore, and what it replaced.
STAGING, REPLACED = "restore", "replaced-"
# What a process has open, or makes anew: rings, segments of clips being recorded.
_NOT_KEPT = {"recordings", "ring", "executors", "writable", STAGING, RESTORE_UNFINISHED}
_SCRATCH = (".part", ".lock", "-wal", "-shm", "-journal")
# Earlier backups: each would have all that were before it.
_BACKUPS = (".tar", ".tar.gz", ".tgz")
# While a backup is made.
_PART, _LOCK = "backup", "lock"


class Manifest(Struct, frozen=True):
    """What a backup says of itself; made_at: ISO 8601 in UTC.

    whole: False of the databases and the settings alone.
    """

    format: int
    mvsnap: str
    database: str
    made_at: str
    whole: bool = True


class Backup:
    """settings_text: of the settings file, as it goes into the backup.

    whole: False: without pictures, clips and other files.
    """

    def __init__(
        self, data_dir: Path, settings_text: str, *, whole: bool = True
    ) -> None:
        self._data_dir = data_dir
        self._settings_text = settings_text
        self._whole = whole
        self._files = sorted(_files_below(data_dir)) if whole else []
        self.total_bytes = sum(_size(path) for path in self._files)

    def write(self, path: Path) -> Iterator[int]:
        """Write the file, complete or not at all; yield how many bytes went in.

        Only this account can read it. An existing file is replaced at the end.

        Raises:
            OSError, sqlite3.Error: it cannot be written, or a database not be read.
        """
        with _scratch(path) as scratch:
            part = scratch / _PART
            part.touch(mode=0o600)
            packed = path.name.endswith((".gz", ".tgz"))
            with tarfile.open(part, "w:gz" if packed else "w") as tar:
                yield from self._fill(tar, scratch)
            durable_file.publish(part, path, overwrite=True)

    def _fill(self, tar: tarfile.TarFile, scratch: Path) -> Iterator[int]:
        made_at = iso(SystemClock().now())
        manifest = Manifest(FORMAT, __version__, database.HEAD, made_at, self._whole)
        _add_text(tar, MANIFEST, msgspec.json.encode(manifest).decode())
        _add_text(tar, SETTINGS, self._settings_text)
        for name in DATABASES:
            copy = scratch / name
            if (self._data_dir / name).exists():
                _copy_database(self._data_dir / name, copy)
                tar.add(copy, f"{DATA}/{name}")
                yield copy.stat().st_size
                copy.unlink()
        for path in self._files:
            try:
                tar.add(path, f"{DATA}/{path.relative_to(self._data_dir)}")
            except FileNotFoundError:  # retention has removed it meanwhile
                continue
            yield _size(path)
        _add_text(tar, END, "{}")


@contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """Make a folder beside the file, and remove those of backups that were killed."""
    prefix = f".{path.name}."
    for left in path.parent.glob(f"{glob.escape(prefix)}*"):
        if (left / _PART).exists():
            _remove_left(left)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=prefix) as made:
        scratch, lock = Path(made), None
        with suppress(OSError):  # a file system without locks
            lock = try_acquire(scratch / _LOCK)
        try:
            yield scratch
        finally:
            if lock is not None:
                lock.release()


def _remove_left(scratch: Path) -> None:
    """Remove what a backup left, unless one is being made there."""
    with suppress(OSError):
        lock = try_acquire(scratch / _LOCK)
        if lock is not None:
            with lock:
                shutil.rmtree(scratch)


def _files_below(data_dir: Path) -> Iterator[Path]:
    """Return what belongs in a backup, but not the databases."""
    for folder, folders, names in os.walk(data_dir):
        if Path(folder) == data_dir:
            folders[:] = [
                name
                for name in folders
                if name not in _NOT_KEPT and not name.startswith(REPLACED)
            ]
            names = [n for n in names if n not in _NOT_KEPT and n not in DATABASES]
        folders[:] = [name for name in folders if not _is_of_backup(name)]
        for name in names:
            path = Path(folder, name)
            if not name.endswith((*_SCRATCH, *_BACKUPS)) and path.is_file():
                yield path
    installation = data_dir / "executors" / "installation"
    if installation.exists():
        yield installation


def _is_of_backup(name: str) -> bool:
    """Return whether a folder is that of a backup that is, or was, being made."""
    return name.startswith(".") and any(f"{end}." in name for end in _BACKUPS)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _copy_database(source: Path, copy: Path) -> None:
    """Copy it as it is at one moment; its writers go on."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(copy)) as new,
    ):
        # In a single step: in several it begins anew whenever somebody writes.
        old.backup(new, pages=-1)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, int(time.time())
    tar.addfile(member, io.BytesIO(content))
