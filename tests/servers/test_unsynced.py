from __future__ import annotations

from pathlib import Path

from mvsnap.store import database


def test_a_file_of_a_test_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        kept = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    engine.dispose()
    assert (found, kept) == (0, "wal")
