"""The audit log, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mvsnap.domain import Change
from mvsnap.store import database
from mvsnap.store.audit import AuditFilter, AuditLog
from tests.core.build import NOON


@pytest.fixture
def log(url: str) -> Iterator[AuditLog]:
    engine = database.open_database(url)
    database.upgrade(engine)
    yield AuditLog(database.Database(engine))
    engine.dispose()


def write(log: AuditLog, *lines: tuple[str, float]) -> None:
    """Write lines of who and after how many seconds."""
    for number, (who, seconds) in enumerate(lines, start=1):
        at = NOON + timedelta(seconds=seconds)
        log.add(Change(at, who, f"line {number}", "before", "after"))


def told(log: AuditLog, wanted: AuditFilter, limit: int = 9) -> list[str]:
    return [line.change.what for line in log.lines(wanted, limit)]


def test_lines_are_found_newest_first_by_person_and_time(log: AuditLog) -> None:
    write(log, ("anna", 0), ("ben", 10), ("anna", 20))
    assert told(log, AuditFilter()) == ["line 3", "line 2", "line 1"]
    assert told(log, AuditFilter(who="anna")) == ["line 3", "line 1"]
    since, until = NOON + timedelta(seconds=10), NOON + timedelta(seconds=20)
    assert told(log, AuditFilter(since=since, until=until)) == ["line 2"]
    assert log.people() == ["anna", "ben"]
    first = log.lines(AuditFilter(who="ben"), 1)[0].change
    expected = ("ben", "line 2", "before", "after")
    assert (first.who, first.what, first.before, first.after) == expected
    assert first.at == NOON + timedelta(seconds=10)


def test_pages_go_on_after_the_last_line(log: AuditLog) -> None:
    write(log, *[("anna", second) for second in range(5)])
    newest = log.lines(AuditFilter(), 2)
    older = told(log, AuditFilter(after=newest[-1].id))
    assert older == ["line 3", "line 2", "line 1"]
    assert [len(page) for page in log.pages(AuditFilter())] == [5]


def test_old_lines_are_removed(log: AuditLog) -> None:
    write(log, ("anna", 0), ("anna", 10))
    log.purge(NOON + timedelta(seconds=10))
    assert told(log, AuditFilter()) == ["line 2"]


def test_what_is_done_again_is_one_line(log: AuditLog) -> None:
    for second in (0, 0, 1):
        at = NOON + timedelta(seconds=second)
        log.add_once(Change(at, "anna", "mute of all cameras", "", "until noon"))
    assert len(told(log, AuditFilter())) == 2
