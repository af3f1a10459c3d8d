"""Restore: puts a backup in the place of data_dir, whole or not at all.

Everything is unpacked and looked through first. Then the old files move aside and the
new ones into their place; a start in between is refused until the restore was repeated.
"""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from mvsnap import durable_file
from mvsnap.clip_model import ClipState
from mvsnap.config.model import Settings
from mvsnap.errors import DatabaseUnfit, MvsnapError
from mvsnap.file_lock import FileLock, try_acquire
from mvsnap.runtime.backup import (
    DATA,
    DATABASES,
    END,
    FORMAT,
    MANIFEST,
    REPLACED,
    SETTINGS,
    STAGING,
    Manifest,
)
from mvsnap.runtime.parts import Parts
from mvsnap.store import database
from mvsnap.store.clips import ClipFilter
from mvsnap.store.sqlite_file import RESTORE_UNFINISHED, require_sound
from mvsnap.texts.wordings import RESTORED_BEFORE

_NO_BACKUP = "The file is no backup of mvsnap"
_MOST_TEXT = 100_000
_FULL = (errno.ENOSPC, errno.EDQUOT)


class UnusableBackup(MvsnapError):
    code = "unusable_backup"


class ServiceRuns(MvsnapError):
    code = "service_runs"


class Restored(Struct, frozen=True):
    """replaced: where the files of before are, None if there were none."""

    made_at: str
    settings_text: str
    replaced: Path | None


class Restore:
    """Unpacks into a folder inside `data_dir`, so that moving is a rename.

    Raises:
        UnusableBackup: the file is none, damaged, or of a newer mvsnap.
        ServiceRuns: a process of mvsnap uses data_dir.
    """

    def __init__(self, backup: Path, settings: Settings) -> None:
        self._backup = backup
        self._settings = settings
        self._data_dir = settings.data_dir
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._staging = self._data_dir / STAGING
        self._locks = list(_lock_out_services(self._data_dir))
        self.total_bytes = backup.stat().st_size

    def close(self) -> None:
        """Let services start again; what was unpacked in vain goes."""
        shutil.rmtree(self._staging, ignore_errors=True)
        for lock in self._locks:
            lock.release()

    def unpack(self) -> Iterator[int]:
        """Unpack; yield how many bytes of the backup were read."""
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir(mode=0o750)
        names: list[str] = []
        try:
            with (
                self._backup.open("rb") as raw,
                tarfile.open(fileobj=raw, mode="r:*") as tar,
            ):
                self._manifest = _manifest(tar)
                last = 0
                for member in tar:
                    _extract(tar, member, self._staging)
                    names.append(member.name)
                    yield raw.tell() - last
                    last = raw.tell()
                _read_checksum(tar)
        except (tarfile.TarError, EOFError, zlib.error, OSError) as exc:
            if isinstance(exc, OSError) and exc.errno in _FULL:
                raise  # it is not the backup that is in trouble
            raise UnusableBackup(f"{self._backup} cannot be read: {exc}") from exc
        if not names or names[-1] != END:
            raise UnusableBackup(f"{self._backup} is not complete")

    def finish(self, now: datetime) -> Restored:
        """Put what was unpacked into its place."""
        fresh = self._staging / DATA
        fresh.mkdir(exist_ok=True)
        settings = self._settings.model_copy(update={"data_dir": fresh})
        for name in DATABASES:
            try:
                require_sound(database.sqlite_url(fresh / name), thorough=True)
            except DatabaseUnfit as exc:
                message = f"{self._backup} is damaged: {name} in it cannot be used"
                raise UnusableBackup(message) from exc
        parts = Parts(settings)
        mark_restored(parts, now)
        parts.store.close()  # or its files would move while they are open
        text = (self._staging / SETTINGS).read_text(encoding="utf-8")
        os.sync()
        replaced = self._exchange(fresh, f"{REPLACED}{now:%Y%m%d-%H%M%S}")
        return Restored(self._manifest.made_at, text, replaced)

    def _exchange(self, fresh: Path, name: str) -> Path | None:
        marker = self._data_dir / RESTORE_UNFINISHED
        if marker.exists():  # a restore before was interrupted here
            name = marker.read_text().strip() or name
        durable_file.write(marker, name.encode())
        aside = self._data_dir / name
        aside.mkdir(exist_ok=True)
        for path in sorted(self._data_dir.iterdir()):
            if not self._goes(path.name):
                continue
            if (aside / path.name).exists():  # it came with the interrupted restore
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            else:
                path.rename(aside / path.name)
        for path in sorted(fresh.iterdir()):
            path.rename(self._data_dir / path.name)
        durable_file.sync_folder(aside)
        durable_file.sync_folder(self._data_dir)
        marker.unlink()
        shutil.rmtree(self._staging)
        is_empty = not any(path.name != "executors" for path in aside.iterdir())
        if is_empty:
            shutil.rmtree(aside)
        return None if is_empty else aside

    def _goes(self, name: str) -> bool:
        """Return whether what has this name in data_dir is replaced."""
        if not self._manifest.whole:
            return name.startswith(DATABASES)
        return name not in (STAGING, RESTORE_UNFINISHED) and not name.startswith(
            REPLACED
        )


def mark_restored(parts: Parts, now: datetime) -> None:
    """Have what is sent from now on say that it may be a repeat, if it is of before.

    After the backup was made the gateway may have sent it.
    """
    results = parts.clip_results()
    unfinished = ClipFilter(states=(ClipState.WAITING, ClipState.RECORDING))
    for clip in parts.clips.clips(unfinished, 10_000):
        results.fail(clip, RESTORED_BEFORE())
    parts.restores.note(now)


def _lock_out_services(data_dir: Path) -> Iterator[FileLock]:
    """Raises ServiceRuns if one has the lock of a worker or a listener."""
    for path in (*data_dir.glob("executors/*.lock"), data_dir / "listener-id"):
        if not path.exists():
            continue
        lock = try_acquire(path)
        if lock is None:
            raise ServiceRuns(f"mvsnap is running in {data_dir}: stop the service")
        yield lock


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one file below the folder; the filters of tarfile are newer than Python."""
    place = PurePosixPath(member.name)
    file = tar.extractfile(member) if member.isreg() else None
    if file is None or place.is_absolute() or ".." in place.parts:
        raise UnusableBackup(f"The backup has an unexpected entry: {member.name!r}")
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
    path.chmod(member.mode & 0o640)
    os.utime(path, (member.mtime, member.mtime))


def _read_checksum(tar: tarfile.TarFile) -> None:
    """Read what comes after the last entry: what is packed has its checksum there."""
    while tar.fileobj is not None and tar.fileobj.read(1 << 20):
        pass


def _manifest(tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    file = None
    if member is not None and member.name == MANIFEST and member.size < _MOST_TEXT:
        file = tar.extractfile(member)
    if file is None:
        raise UnusableBackup(_NO_BACKUP)
    try:
        manifest = msgspec.json.decode(file.read(), type=Manifest)
    except msgspec.DecodeError:
        raise UnusableBackup(_NO_BACKUP) from None
    if manifest.format > FORMAT or manifest.database > database.HEAD:
        raise UnusableBackup(
            f"The backup is of mvsnap {manifest.mvsnap} (database {manifest.database}),"
            f" which is newer than this one ({database.HEAD}): install that first"
        )
    return manifest
