"""The data_dirs of the processes that share a database, by the database's time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, delete, func, select

from mvsnap.store.database import Database
from mvsnap.store.files.tasks import ALIVE_FOR, BUCKET
from mvsnap.store.sharing.tables import data_folders, file_tasks

_FORGOTTEN_AFTER = timedelta(days=30)


class DataFolders:
    """data_id: of this process' data_dir. machine: the host name."""

    def __init__(self, db: Database, data_id: str, machine: str) -> None:
        self._db = db
        self._data_id = data_id
        self._machine = machine

    def note(self) -> None:
        """Say that a process of this data_dir is alive; once a minute."""
        statement = self._db.upsert(data_folders).values(
            data_id=self._data_id, machine=self._machine, seen_at=func.now()
        )
        before = func.now() - _FORGOTTEN_AFTER
        # What only a lost machine could do.
        left = and_(
            file_tasks.c.place != BUCKET,
            file_tasks.c.place.not_in(select(data_folders.c.data_id)),
            file_tasks.c.since < before,
        )
        with self._db.writing() as connection:
            connection.execute(
                delete(data_folders).where(data_folders.c.seen_at < before)
            )
            connection.execute(delete(file_tasks).where(left))
            connection.execute(statement)

    def others(self) -> list[str]:
        """Return the machines whose living processes have a data_dir of their own."""
        statement = (
            select(data_folders.c.machine)
            .where(
                data_folders.c.data_id != self._data_id,
                data_folders.c.seen_at > func.now() - ALIVE_FOR,
            )
            .order_by(data_folders.c.machine)
        )
        return self._db.scalars(statement)
