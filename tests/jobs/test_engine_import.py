"""What the engine brings along, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway import environment


def _run(*lines: str) -> None:
    code = "\n".join(("import sys, importlib", *lines))
    args = [sys.executable, "-c", code]
    done = subprocess.run(args, env=environment(), capture_output=True, text=True)
    assert not done.stderr


def test_with_a_file_the_driver_of_postgresql_is_imported_when_it_is_asked() -> None:
    _run(
        "from mvsnap.jobs.engine_import import import_engine",
        "dbos = import_engine('sqlite:///jobs.db')",
        "assert dbos.DBOSClient and 'psycopg' not in sys.modules",
        "from dbos._utils import psycopg, retriable_postgres_exception",
        "from sqlalchemy.exc import OperationalError",
        "import psycopg as real",
        "assert psycopg.OperationalError is real.OperationalError",
        "assert psycopg.errors.ConnectionTimeout is real.errors.ConnectionTimeout",
        "lost = real.OperationalError('connection failed')",
        "assert retriable_postgres_exception(OperationalError('', (), lost))",
        "assert not retriable_postgres_exception(OperationalError('', (), OSError()))",
        "from psycopg.abc import Query",
    )


def test_with_postgresql_the_engine_has_the_real_driver() -> None:
    _run(
        "from mvsnap.jobs.engine_import import import_engine",
        "import_engine('postgresql+psycopg://localhost/nothing')",
        "import psycopg",
        "from dbos import _utils",
        "assert _utils.psycopg is psycopg",
    )


def test_schedules_of_the_engine_are_imported_when_they_are_used() -> None:
    _run(
        "from mvsnap.jobs.engine_import import import_engine",
        "import_engine('sqlite:///jobs.db')",
        "assert 'croniter' not in sys.modules",
        "from dbos._scheduler import croniter",
        "from datetime import datetime",
        "assert croniter.is_valid('0 7 * * *') and not croniter.is_valid('7')",
        "from croniter import croniter as real",
        "assert type(croniter('0 7 * * *', datetime(2026, 1, 1))) is real",
    )


def test_a_wrong_schedule_is_refused_while_the_engine_is_imported() -> None:
    _run(
        "from mvsnap.config.values import Cron",
        "from mvsnap.jobs.engine_import import _stand_in",
        "from pydantic import TypeAdapter, ValidationError",
        "_stand_in('sqlite:///jobs.db')",
        "try: TypeAdapter(Cron).validate_python('99 * * * *')",
        "except ValidationError as exc: assert 'cron expression' in str(exc)",
    )


@pytest.mark.parametrize("url", ["sqlite:///jobs.db", "postgresql+psycopg://x/y"])
def test_the_orm_is_imported_when_something_of_it_is_made(url: str) -> None:
    _run(
        "from mvsnap.jobs.engine_import import import_engine",
        f"import_engine({url!r})",
        "orm = {'sqlalchemy.orm', 'sqlalchemy.ext.asyncio'}",
        "assert not orm & set(sys.modules)",
        "from dbos import _datasource as used",
        "assert not isinstance(1, used.Session) and not orm & set(sys.modules)",
        "made = used.SyncSessionmaker()",
        "from sqlalchemy.orm import Session, sessionmaker",
        "assert type(made) is sessionmaker",
        "assert isinstance(made(), used.Session) and isinstance(made(), Session)",
        "assert not isinstance(made, used.Session)",
        "assert used.async_sessionmaker[int] is used.async_sessionmaker",
    )


def test_where_the_orm_is_there_already_the_engine_has_it() -> None:
    _run(
        "import sqlalchemy.ext.asyncio, sqlalchemy.orm as real",
        "from mvsnap.jobs.engine_import import import_engine",
        "import_engine('sqlite:///jobs.db')",
        "from dbos import _datasource as used",
        "assert used.Session is real.Session and sys.modules['sqlalchemy.orm'] is real",
    )


@pytest.mark.parametrize(
    "use",
    ["from sqlalchemy.orm.session import sessionmaker", "class Own(Session): ..."],
)
def test_another_release_may_use_more_of_the_orm(tmp_path: Path, use: str) -> None:
    package = tmp_path / "dbos"
    package.mkdir()
    (package / "_types.py").write_text("from sqlalchemy.orm import Session")
    (package / "__init__.py").write_text(f"from dbos._types import Session\n{use}")
    _run(
        f"sys.path.insert(0, {str(tmp_path)!r})",
        "from mvsnap.jobs.engine_import import import_engine",
        "dbos = import_engine('sqlite:///jobs.db')",
        "from sqlalchemy.orm import Session",
        "assert dbos.Session is Session and 'psycopg' not in sys.modules",
    )
