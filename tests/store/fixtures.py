"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap.store import database
from mvsnap.store.events import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of each kind that an upgrade makes ready, without rows.

    Empty for a test of the migrations; the other ones of PostgreSQL are migrated.
    """
    if request.param == "sqlite":
        return database.sqlite_url(tmp_path / "mvsnap.db")
    migrates = "real_migrations" in request.fixturenames
    name = "postgres_url" if migrates else "migrated_postgres_url"
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
def db(url: str) -> Iterator[database.Database]:
    with database.opened(url) as opened:
        database.upgrade(opened.engine)
        yield opened


@pytest.fixture
def store(db: database.Database) -> Store:
    return Store(db)
