"""The last run of each schedule, shared by all workers."""

from __future__ import annotations

from sqlalchemy import select

from mvsnap.core.last_run import LastRun
from mvsnap.store.database import Database
from mvsnap.store.tables import schedule_runs
from mvsnap.values import asdict


class ScheduleRuns:
    def __init__(self, db: Database) -> None:
        self._db = db

    def last_run(self, schedule: str) -> LastRun | None:
        """Return the run, None if there was none yet."""
        statement = select(schedule_runs.c.moment, schedule_runs.c.set_back_at).where(
            schedule_runs.c.schedule == schedule
        )
        row = self._db.first(statement)
        return None if row is None else LastRun(row.moment, row.set_back_at)

    def note_run(self, schedule: str, run: LastRun) -> None:
        statement = self._db.upsert(schedule_runs)
        self._db.execute(statement.values(schedule=schedule, **asdict(run)))
