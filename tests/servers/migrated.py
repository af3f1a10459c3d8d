"""The migrations run once in a test process; a new database gets what they made.

Alembic takes a tenth of a second of computing for each empty database, and thousands of
tests have one of their own. A copy of the SQLite file takes a fiftieth of that, the
tables that came of it in PostgreSQL a third. `tests/store/test_database.py`, every
program on PostgreSQL and each Python that a test starts run the migrations. So it is
with those of the job engine, a tenth of a second for each of its files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dbos._sys_db_sqlite import SQLiteSystemDatabase

from mvsnap.store import database
from tests.servers.replay import (
    JobTables,
    Replay,
    real_job_migrations,
    real_migrate,
    real_upgrade,
)


@pytest.fixture(scope="session", autouse=True)
def migrated_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        replay = Replay()
        patch.setattr(database, "_migrate", replay.migrate)
        patch.setattr(database, "upgrade", replay.upgrade)
        jobs = JobTables().as_method()
        patch.setattr(SQLiteSystemDatabase, "run_migrations", jobs)
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_migrate", real_migrate)
    monkeypatch.setattr(database, "upgrade", real_upgrade)
    monkeypatch.setattr(SQLiteSystemDatabase, "run_migrations", real_job_migrations)
