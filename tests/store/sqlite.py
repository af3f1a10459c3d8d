"""One database, for what is no question of the database: `import db as db`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap.store import database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[database.Database]:
    with database.opened(database.sqlite_url(tmp_path / "mvsnap.db")) as opened:
        database.upgrade(opened.engine)
        yield opened
