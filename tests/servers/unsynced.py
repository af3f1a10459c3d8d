"""SQLite files of a test process are not forced to the disk.

A test that commits ten thousand times would wait for the disk as often. As with the
PostgreSQL of the tests, nothing needs to survive them; what a killed process has
committed is in its file all the same. Programs that tests start do wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mvsnap.store import database

_set = database._set_pragmas


def _set_and_no_sync(connection: Any, record: Any) -> None:
    _set(connection, record)
    connection.execute("PRAGMA synchronous=OFF").close()


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_set_pragmas", _set_and_no_sync)
        yield


@pytest.fixture
def really_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_set_pragmas", _set)
