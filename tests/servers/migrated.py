"""The migrations run once in a test process; a new database gets what they made.

Alembic takes a tenth of a second of computing for each empty database, and thousands of
tests have one of their own. The tables that came of it take a part of that: of SQLite a
twentieth, of PostgreSQL a third. `tests/store/test_database.py`, every program on
PostgreSQL and each Python that a test starts run the migrations.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvsnap.store import database
from tests.servers.replay import Replay, real_migrate


@pytest.fixture(scope="session", autouse=True)
def migrated_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_migrate", Replay().migrate)
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_migrate", real_migrate)
