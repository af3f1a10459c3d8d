"""Sessions, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from mvsnap.core.users import LoginSession
from mvsnap.domain import Role, User
from mvsnap.store import database
from mvsnap.store.users import UserStore
from mvsnap.values import replace
from tests.changes import log_line
from tests.core.build import NOON

ANNA, BEN = (User(name, Role.ADMIN, "hash", NOON) for name in ("anna", "ben"))
CHANGE = log_line(NOON, "tests", "user", "", "")
IDLE = timedelta(minutes=10)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def session(id: str, user: User = ANNA) -> LoginSession:
    return LoginSession(id, user.name, NOON, NOON, at(60), "10.0.0.1", "Firefox")


@pytest.fixture
def people(db: database.Database) -> UserStore:
    made = UserStore(db)
    for user in (ANNA, BEN):
        made.put(user, CHANGE)
    made.sessions.start(session("one"), ANNA)
    made.sessions.start(session("two"), ANNA)
    made.sessions.start(session("bens", BEN), BEN)
    return made


def alive(people: UserStore) -> set[str]:
    return {
        id
        for id in ("one", "two", "bens")
        if people.sessions.find(id, at(1), IDLE) is not None
    }


def test_a_session_is_found_with_its_user(people: UserStore) -> None:
    assert people.sessions.find("one", at(1), IDLE) == (session("one"), ANNA, False)
    assert people.sessions.find("nothing", at(1), IDLE) is None
    people.second_factors.begin("anna", "SECRET")
    people.second_factors.enrol("anna", 1, [], CHANGE)
    found = people.sessions.find("one", at(1), IDLE)
    assert found is not None
    assert found[2] is True


def test_it_ends_when_its_time_is_over_and_when_nobody_uses_it(
    people: UserStore,
) -> None:
    sessions = people.sessions
    assert sessions.find("one", at(9.9), IDLE) is not None
    assert sessions.find("one", at(10), IDLE) is None
    assert sessions.of_user("anna", at(10), IDLE) == []
    sessions.touch("one", at(9), timedelta(minutes=5))
    assert sessions.find("one", at(18), IDLE) is not None
    sessions.touch("one", at(12), timedelta(minutes=5))  # too soon to be written
    assert sessions.find("one", at(19), IDLE) is None
    assert sessions.find("one", at(60), timedelta(days=9)) is None


def test_a_password_without_its_code_is_no_session(people: UserStore) -> None:
    waiting = replace(session("half"), ends_at=at(5), awaits_code=True)
    people.sessions.start(waiting, ANNA)
    assert people.sessions.find("half", at(1), IDLE) is None
    assert len(people.sessions.of_user("anna", at(1), IDLE)) == 2
    assert people.sessions.user_awaiting_code("half", at(4)) == ANNA
    assert people.sessions.user_awaiting_code("half", at(5)) is None
    assert people.sessions.user_awaiting_code("one", at(4)) is None
    people.put(ANNA, CHANGE)
    assert people.sessions.user_awaiting_code("half", at(4)) is None


@contextmanager
def asked(people: UserStore) -> Iterator[list[str]]:
    """Collect the statements of the block."""
    found: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        found.append(statement)

    engine = people._db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_a_file_that_nobody_wrote_is_not_read_again(people: UserStore) -> None:
    people.sessions.find("one", at(1), IDLE)
    with asked(people) as statements:
        for _ in range(3):
            assert people.sessions.find("one", at(1), IDLE) is not None
            assert people.sessions.find("one", at(10), IDLE) is None
            assert people.sessions.find("one", at(60), timedelta(days=9)) is None
    assert len(statements) == (0 if people._db.is_sqlite else 9)


@pytest.mark.parametrize("how", ["user", "session"])
def test_who_is_removed_by_another_process_is_out_at_once(
    people: UserStore, url: str, how: str
) -> None:
    engine = database.open_database(url)
    others = UserStore(database.Database(engine))
    assert alive(people) == {"one", "two", "bens"}
    if how == "user":
        others.remove("anna", CHANGE)
    else:
        others.sessions.end_all("anna", CHANGE)
    assert alive(people) == {"bens"}
    assert [user.name for user in people.users()] == (
        ["ben"] if how == "user" else ["anna", "ben"]
    )
    engine.dispose()


def test_what_looks_for_commits_keeps_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.db"
    engine = database.open_database(database.sqlite_url(path))
    database.upgrade(engine)
    people = UserStore(database.Database(engine))
    people.put(ANNA, CHANGE)
    people.sessions.start(session("one"), ANNA)
    assert people.sessions.find("one", at(1), IDLE) is not None
    engine.dispose()
    # Whoever closes last takes the log away.
    assert [found.name for found in tmp_path.glob("mvsnap.db*")] == ["mvsnap.db"]


def test_one_is_ended_only_by_its_user(people: UserStore) -> None:
    assert people.sessions.end("ben", "one") is False
    assert people.sessions.end("anna", "one") is True
    assert people.sessions.end("anna", "one") is False
    assert alive(people) == {"two", "bens"}


def test_all_others_end_or_all(people: UserStore) -> None:
    people.sessions.end_others("anna", "two")
    assert alive(people) == {"two", "bens"}
    people.sessions.end_all("anna", CHANGE)
    assert alive(people) == {"bens"}


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_those_of_a_user_who_is_changed_or_removed_end(
    people: UserStore, how: str
) -> None:
    if how == "changed":
        people.put(replace(ANNA, role=Role.VIEWER), CHANGE)
    else:
        people.remove("anna", CHANGE)
    assert alive(people) == {"bens"}


def test_none_starts_for_a_user_who_was_changed_meanwhile(people: UserStore) -> None:
    people.put(replace(ANNA, changed_at=at(1)), CHANGE)
    people.sessions.start(session("late"), ANNA)
    assert people.sessions.find("late", at(1), IDLE) is None


def test_another_hash_of_the_same_password_ends_none(people: UserStore) -> None:
    people.rehash(ANNA, "dearer")
    people.rehash(ANNA, "of an older request")
    user = people.user("anna")
    assert user is not None
    assert user.password_hash == "dearer"
    assert alive(people) == {"one", "two", "bens"}


def test_a_session_ends_with_that_of_a_provider(people: UserStore) -> None:
    theirs = replace(session("three"), ends_with="theirs")
    people.sessions.start(theirs, ANNA)
    people.sessions.end_with("theirs", CHANGE)
    assert people.sessions.find("three", at(1), IDLE) is None
    assert alive(people) == {"one", "two", "bens"}


def test_a_person_of_a_provider_with_another_role_logs_in_again(
    people: UserStore,
) -> None:
    cleo = User("cleo", Role.VIEWER, "oidc:1", NOON)
    people.put_if_own(cleo, CHANGE)
    people.sessions.start(session("cleos", cleo), cleo)
    assert people.sessions.find("cleos", at(1), IDLE) is not None
    people.put_if_own(replace(cleo, role=Role.ADMIN), CHANGE)
    assert people.sessions.find("cleos", at(1), IDLE) is None


def test_ended_ones_are_removed(people: UserStore) -> None:
    assert people.sessions.purge(at(60)).removed == 0
    assert people.sessions.purge(at(61), dry_run=True).removed == 3
    assert people.sessions.purge(at(61)).removed == 3


@pytest.mark.usefixtures("real_migrations")
def test_an_upgrade_removes_the_list_of_ended_ones_and_nothing_else(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine, "0008")
    with engine.begin() as connection:
        for name in ("ended session 1", "session"):
            connection.execute(text(f"INSERT INTO secrets VALUES ('{name}', 'x')"))
    database.upgrade(engine)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT name FROM secrets")).scalars().all()
    assert left == ["session"]
    engine.dispose()
