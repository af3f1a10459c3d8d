"""Whether the job engine can work on this machine."""

from __future__ import annotations

import sqlite3
import sys

from mvsnap.errors import EngineUnfit


def check_fitness() -> None:
    """Fail early and clearly where dbos would fail later.

    Raises:
        EngineUnfit: this Python with this SQLite.
    """
    if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42):
        raise EngineUnfit(
            f"Python {sys.version_info.major}.{sys.version_info.minor} with SQLite "
            f"{sqlite3.sqlite_version}: jobs need SQLite 3.42 or newer. "
            "Use Python 3.11, a newer system, or set database_url to a "
            "PostgreSQL database."
        )
