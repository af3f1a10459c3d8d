"""The audit log, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mvsnap import texts
from mvsnap.core.users import UNKNOWN_NAME, failed_change, has_failed, log_in_change
from mvsnap.store import database
from mvsnap.store.audit import AuditFilter, AuditLog
from mvsnap.store.tables import audit
from mvsnap.texts.reasons import said
from tests.changes import log_line
from tests.core.build import NOON


@pytest.fixture
def log(db: database.Database) -> AuditLog:
    return AuditLog(db)


def write(log: AuditLog, *lines: tuple[str, float]) -> None:
    """Write lines of who and after how many seconds."""
    for number, (who, seconds) in enumerate(lines, start=1):
        at = NOON + timedelta(seconds=seconds)
        log.add(log_line(at, who, f"line {number}", "before", "after"))


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
        log.add_once(log_line(at, "anna", "mute of all cameras", "", "until noon"))
    assert len(told(log, AuditFilter())) == 2


def rows(log: AuditLog) -> list[Any]:
    with log._db.reading() as connection:
        return list(connection.execute(select(audit).order_by(audit.c.id)).all())


def test_a_line_is_a_code_with_values_beside_its_sentence(log: AuditLog) -> None:
    made = log_in_change("anna", "10.0.0.7", NOON, recovery_codes_left=3)
    log.add(made)
    (row,) = rows(log)
    # That is all that the release before reads.
    sentence = "from 10.0.0.7, with a recovery code, 3 left"
    assert (row.who, row.what, row.before) == ("anna", "login", "")
    assert row.after == sentence
    after = row.reasons["after"]
    assert after["code"] == "audit_from_with_code"
    assert after["values"] == {"address": "10.0.0.7", "left": 3}
    assert set(row.reasons) == {"what", "after"}
    texts.use("de")
    (line,) = log.lines(AuditFilter(kind="logins"), 9)
    assert line.change == made
    assert said(line.change.what) == "Anmeldung"
    assert said(line.change.after) == (
        "von 10.0.0.7, mit einem Wiederherstellungscode, noch 3 übrig"
    )


def test_a_line_of_the_release_before_stays_as_it_is(log: AuditLog) -> None:
    old = log_line(NOON, "unknown name", "login", "", "failed, from 10.0.0.7")
    log.add(old)
    (row,) = rows(log)
    assert row.reasons is None
    with log._db.reading() as connection:
        # As in the rows of that release, not JSON's own null.
        found = connection.execute(select(audit.c.id).where(audit.c.reasons.is_(None)))
        assert found.scalars().all() == [row.id]
    texts.use("de")
    (line,) = log.lines(AuditFilter(kind="logins"), 9)
    assert [said(line.change.what), said(line.change.after)] == [
        "login",
        "failed, from 10.0.0.7",
    ]
    # In both it is one that failed, and one person.
    log.add(failed_change(None, "10.0.0.7", NOON))
    both = log.lines(AuditFilter(who=UNKNOWN_NAME), 9)
    assert [has_failed(line.change) for line in both] == [True, True]
    assert list(map(said, log.people())) == ["unbekannter Name"]


def test_what_is_done_again_is_one_line_with_its_code(log: AuditLog) -> None:
    for _ in range(2):
        log.add_once(failed_change(None, "10.0.0.7", NOON))
    assert len(rows(log)) == 1
