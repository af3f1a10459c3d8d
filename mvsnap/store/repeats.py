"""How often a job was triggered again before it began."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, bindparam, select, update

from mvsnap.domain import JobId
from mvsnap.store.database import Database
from mvsnap.store.tables import Moment, repeats


class RepeatStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        many, now = bindparam("many", type_=Integer), bindparam("now", type_=Moment)
        added = db.insert(repeats).values(
            job_id=bindparam("job"), times=many, begun=False, changed_at=now
        )
        self._add = added.on_conflict_do_update(
            index_elements=[repeats.c.job_id],
            set_={"times": repeats.c.times + many, "changed_at": now},
            where=repeats.c.begun.is_(False),
        ).returning(repeats.c.times)

    def add(self, job_id: JobId, now: datetime, many: int = 1) -> int | None:
        """Count so many more; return how many those are, None if the job has begun.

        Then nothing was counted.
        """
        wanted = {"job": job_id, "now": now, "many": many}
        with self._db.writing() as connection:
            return connection.execute(self._add, wanted).scalar_one_or_none()

    def take_back(self, job_id: JobId, many: int = 1) -> bool:
        """Count so many less; False: the job has begun and read the number."""
        statement = (
            update(repeats)
            .where(repeats.c.job_id == job_id, repeats.c.begun.is_(False))
            .values(times=repeats.c.times - many)
            .returning(repeats.c.times)
        )
        return self._db.returned(statement) is not None

    def begin(self, job_id: JobId) -> int:
        """Return how often it was repeated; from now on the number stays."""
        if not self.times(job_id):  # most jobs: nothing to write
            return 0
        statement = (
            update(repeats)
            .where(repeats.c.job_id == job_id)
            .values(begun=True)
            .returning(repeats.c.times)
        )
        with self._db.writing() as connection:
            return int(connection.execute(statement).scalar_one_or_none() or 0)

    def times(self, job_id: JobId) -> int:
        """Return how often it was repeated so far."""
        statement = select(repeats.c.times).where(repeats.c.job_id == job_id)
        return int(self._db.scalar(statement) or 0)
