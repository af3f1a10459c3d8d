"""What is still to be done with the files that machines share in a bucket.

A picture that the bucket could not take is on one machine alone; a deleted one is still
in the bucket, and on the machines that have shown it. Rows outlast whoever noted them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import Connection, and_, delete, func, select, union

from mvsnap.store.database import Database
from mvsnap.store.pieces import pieces
from mvsnap.store.sharing.tables import data_folders, file_tasks

BUCKET = ""
# Since the last sign of a machine that runs.
ALIVE_FOR = timedelta(minutes=5)
# A data_dir that was silent for longer compares its files with the store by itself.
_FOLDER_ALIVE_FOR = timedelta(hours=1)
# PostgreSQL takes 65,535 parameters in a statement.


class FileTask(StrEnum):
    """STORE: into the bucket, from the data_dir that is the row's place."""

    STORE = "store"
    REMOVE = "remove"


class Task(Struct, frozen=True):
    path: str
    task: FileTask
    since: datetime


class Waiting(Struct, frozen=True):
    """A file that waits for the bucket; machine: which has it, "" if not known."""

    machine: str
    is_running: bool


class FileTasks:
    """data_id: of this process' data_dir."""

    def __init__(self, db: Database, data_id: str) -> None:
        self._db = db
        self._data_id = data_id

    def store_later(self, paths: Iterable[str]) -> None:
        """Note that the bucket still has to get these files, from this machine."""
        rows = [(path, self._data_id, FileTask.STORE) for path in paths]
        with self._db.writing() as connection:
            for some in pieces(rows):
                _put(self._db, connection, some)

    def remove(self, paths: Sequence[str]) -> None:
        """Note that these files have to go, from the bucket and every machine."""
        with self._db.writing() as connection:
            note_removals(self._db, connection, paths)

    def due(self, limit: int) -> list[Task]:
        """Return what this machine has to do to its own files, the newest first."""
        return self._of(self._data_id, limit)

    def removals(self, limit: int) -> list[Task]:
        """Return what has to go from the bucket."""
        return self._of(BUCKET, limit)

    def waiting(self, path: str) -> Waiting | None:
        """Return which machine has a file that the bucket has not yet."""
        running = data_folders.c.seen_at > func.now() - ALIVE_FOR
        statement = (
            select(data_folders.c.machine, running.label("is_running"))
            .outerjoin(data_folders, data_folders.c.data_id == file_tasks.c.place)
            .where(file_tasks.c.path == path, file_tasks.c.task == FileTask.STORE)
        )
        row = self._db.first(statement)
        return Waiting(row.machine or "", bool(row.is_running)) if row else None

    def unstored(self) -> frozenset[str]:
        """Return the files of this machine that the bucket has not yet."""
        statement = select(file_tasks.c.path).where(
            file_tasks.c.place == self._data_id, file_tasks.c.task == FileTask.STORE
        )
        return frozenset(self._db.scalars(statement))

    def count_unstored(self) -> int:
        """Return how many files of all machines the bucket has not yet."""
        statement = (
            select(func.count())
            .select_from(file_tasks)
            .where(file_tasks.c.task == FileTask.STORE)
        )
        return int(self._db.scalar(statement))

    def done(self, task: Task) -> bool:
        """Forget a task of this machine; False: meanwhile it became another one."""
        return self._forget(task.path, self._data_id, task.task)

    def removed(self, path: str) -> bool:
        """Forget that a file has to go from the bucket."""
        return self._forget(path, BUCKET, FileTask.REMOVE)

    def is_to_be_removed(self, path: str) -> bool:
        """Return whether the bucket's file of this name has to go."""
        statement = select(file_tasks.c.path).where(
            file_tasks.c.path == path, file_tasks.c.place == BUCKET
        )
        return self._db.first(statement) is not None

    def _of(self, place: str, limit: int) -> list[Task]:
        statement = (
            select(file_tasks)
            # Those that only a newer release knows are left to it.
            .where(file_tasks.c.place == place, file_tasks.c.task.in_(list(FileTask)))
            .order_by(file_tasks.c.since.desc(), file_tasks.c.path)
            .limit(limit)
        )
        rows = self._db.rows(statement)
        return [Task(row.path, FileTask(row.task), row.since) for row in rows]

    def _forget(self, path: str, place: str, task: FileTask) -> bool:
        condition = and_(
            file_tasks.c.path == path,
            file_tasks.c.place == place,
            file_tasks.c.task == task,
        )
        with self._db.writing() as connection:
            return connection.execute(delete(file_tasks).where(condition)).rowcount > 0


def note_removals(db: Database, connection: Connection, paths: Sequence[str]) -> None:
    """Note in a transaction there is that files have to go, wherever they are."""
    alive = select(data_folders.c.data_id).where(
        data_folders.c.seen_at > func.now() - _FOLDER_ALIVE_FOR
    )
    for some in pieces(paths):
        holding = select(file_tasks.c.place).where(file_tasks.c.path.in_(some))
        found = connection.execute(union(alive, holding)).scalars()
        for place in {BUCKET, *found}:
            _put(db, connection, [(path, place, FileTask.REMOVE) for path in some])


def _put(
    db: Database, connection: Connection, rows: Sequence[tuple[str, str, FileTask]]
) -> None:
    """A newer task for the same file takes the place of the old one."""
    named = [
        {"path": path, "place": place, "task": task, "since": func.now()}
        for path, place, task in rows
    ]
    connection.execute(db.upsert(file_tasks, "task", "since").values(named))
