"""Pictures and clips of several machines: the parts of it, built from the settings."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING

from mvsnap.badges.tables import badges, cardholders, near_pictures
from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.jobs.executors import data_id
from mvsnap.jobs.hand_over import HandOver
from mvsnap.loop import Loop, stop_all
from mvsnap.runtime import clouds
from mvsnap.store.data_folders import DataFolders
from mvsnap.store.database import OUTAGES, Database
from mvsnap.store.evidence import EvidenceFolder
from mvsnap.store.evidence_bucket import EvidenceBucket
from mvsnap.store.file_cache import FileCache
from mvsnap.store.file_tasks import FileTasks
from mvsnap.store.files import Files
from mvsnap.store.known_files import KnownFiles
from mvsnap.store.tables import clips, events
from mvsnap.visitors.tables import visitor_pictures

if TYPE_CHECKING:
    from mvsnap.runtime.parts import Parts

_NOTE_EVERY_S = 60.0
_STOP_S = 5.0
# All that name a file below data_dir.
FILE_COLUMNS = (
    events.c.snapshot_path,
    clips.c.path,
    clips.c.thumbnail_path,
    badges.c.picture_path,
    near_pictures.c.picture_path,
    cardholders.c.photo_path,
    visitor_pictures.c.snapshot_path,
)


class SharedFiles:
    """The threads of a process: it says which data_dir it has, and hands files over."""

    def __init__(self, parts: Parts) -> None:
        note = data_folders(parts.settings, parts.db).note
        self._notes = Loop(
            "data folder", note, _NOTE_EVERY_S, parts.clock, outages=OUTAGES
        )
        self._hand_over = hand_over(parts)

    def start(self) -> None:
        self._notes.start()
        if self._hand_over is not None:
            self._hand_over.loop.start()

    def stop(self) -> None:
        """Let an upload run a moment longer; the next start resumes it."""
        if self._hand_over is None:
            self._notes.stop(1.0)
        else:
            stop_all((self._notes, self._hand_over.loop), _STOP_S)


def files(settings: Settings, db: Database, clock: SystemClock) -> Files:
    data_dir = settings.data_dir
    if not settings.files_in_bucket:
        alone = not settings.on_postgresql
        return Files(data_dir, EvidenceFolder(data_dir, alone=alone))
    tasks = file_tasks(settings, db)
    evidence = EvidenceBucket(
        data_dir,
        partial(_bucket, settings, in_haste=True),
        tasks,
        _cache(settings, tasks),
        clock,
    )
    return Files(data_dir, evidence)


def hand_over(parts: Parts) -> HandOver | None:
    """Return what brings files into the bucket, None without one for all machines."""
    settings, db = parts.settings, parts.db
    if not settings.files_in_bucket:
        return None
    tasks = file_tasks(settings, db)
    return HandOver(
        partial(_bucket, settings, in_haste=False),
        tasks,
        _cache(settings, tasks),
        KnownFiles(db, FILE_COLUMNS),
        parts.videos(),
        parts.clock,
        settings.data_dir,
    )


def problem(settings: Settings, db: Database) -> str:
    """Return why some pictures and clips cannot be seen on all machines, "" if none."""
    if not settings.on_postgresql:
        return ""
    if not settings.files_in_bucket:
        others = ", ".join(data_folders(settings, db).others())
        return others and (
            f"{others} and {socket.gethostname()} have different data_dirs: each shows"
            " only its own pictures and clips. Set storage.s3, or let data_dir be the"
            " same shared folder on all machines"
        )
    waiting = file_tasks(settings, db).count_unstored()
    return f"pictures and clips that wait for the bucket: {waiting}" if waiting else ""


def data_folders(settings: Settings, db: Database) -> DataFolders:
    return DataFolders(db, data_id(settings.data_dir), socket.gethostname())


def file_tasks(settings: Settings, db: Database) -> FileTasks:
    return FileTasks(db, data_id(settings.data_dir))


def _cache(settings: Settings, tasks: FileTasks) -> FileCache:
    return FileCache(
        settings.data_dir,
        tasks.unstored,
        max_bytes=int(settings.storage.s3.cache_gb * 1e9),
        min_free_bytes=int(settings.recorder.min_free_mb * 1e6),
    )


def _bucket(settings: Settings, *, in_haste: bool) -> Bucket:
    found = clouds.bucket(settings, in_haste=in_haste)
    assert found is not None
    return found
