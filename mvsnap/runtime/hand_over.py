"""Hands the files of this process over to all machines, built from the settings."""

from __future__ import annotations

import socket
from functools import partial

from mvsnap.badges.tables import badges, cardholders, near_pictures
from mvsnap.config.model import Settings
from mvsnap.jobs.executors import data_id
from mvsnap.jobs.hand_over import HandOver
from mvsnap.loop import Loop, stop_all
from mvsnap.runtime.parts import Parts
from mvsnap.runtime.shared_files import file_cache, file_tasks, open_bucket
from mvsnap.store.database import OUTAGES, Database
from mvsnap.store.files.known import KnownFiles
from mvsnap.store.sharing.data_folders import DataFolders
from mvsnap.store.tables import clips, events
from mvsnap.visitors.tables import visitor_pictures

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


def hand_over(parts: Parts) -> HandOver | None:
    """Return what brings files into the bucket, None without one for all machines."""
    settings, db = parts.settings, parts.db
    if not settings.files_in_bucket:
        return None
    tasks = file_tasks(settings, db)
    return HandOver(
        partial(open_bucket, settings, in_haste=False),
        tasks,
        file_cache(settings, tasks),
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
