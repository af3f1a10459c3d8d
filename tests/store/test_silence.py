"""A PostgreSQL that falls silent, refuses or is full: nobody waits for it for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mvsnap.sqlite_errors import needs_an_admin, reason
from mvsnap.store.database import open_database
from mvsnap.store.time_limits import (
    PROBE,
    REQUEST,
    DatabaseAway,
    TimeLimits,
    answering,
    with_limits,
)
from tests.servers.processes import wait_until
from tests.servers.relay import Relay

SILENT = "the server does not answer in time"


@pytest.fixture
def relay(postgres_url: str) -> Iterator[Relay]:
    with Relay(make_url(postgres_url).port or 0) as relay:
        yield relay


@pytest.fixture
def engine(postgres_url: str, relay: Relay) -> Iterator[Engine]:
    through = make_url(postgres_url).set(port=relay.port)
    engine = open_database(through.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def ask(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("select 1"))


@contextmanager
def limited() -> Iterator[None]:
    """Without a limit it would last for twenty seconds and more.

    How much shorter is for settings to say: other tests may keep this machine busy.
    """
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 15


def refused(engine: Engine, wanted: TimeLimits = REQUEST) -> SQLAlchemyError:
    with answering(wanted), pytest.raises(SQLAlchemyError) as raised:
        ask(engine)
    return raised.value


def test_a_silent_network_costs_the_first_a_moment_and_the_others_nothing(
    engine: Engine, relay: Relay
) -> None:
    ask(engine)
    relay.fall_silent()
    with limited():
        assert reason(refused(engine)) == SILENT
    with limited():
        for _ in range(20):
            assert isinstance(refused(engine), DatabaseAway)
    relay.mend()
    wait_until(lambda: _works(engine), "it works again", 30)


def _works(engine: Engine) -> bool:
    try:
        with answering():
            ask(engine)
    except SQLAlchemyError:
        return False
    return True


def test_many_at_once_are_free_within_seconds(engine: Engine, relay: Relay) -> None:
    ask(engine)
    relay.fall_silent()
    with limited(), ThreadPoolExecutor(30) as pool:
        errors = list(pool.map(refused, [engine] * 30))
    assert {reason(error) for error in errors} <= {
        SILENT,
        "all connections are in use",
    }


def test_a_look_whether_it_is_there_is_given_up_within_two_seconds(
    engine: Engine, relay: Relay
) -> None:
    assert max(PROBE.lock_s, PROBE.connect_s, PROBE.statement_s) < 2
    relay.fall_silent()  # nothing is connected yet
    with limited():
        assert reason(refused(engine, PROBE)) == SILENT


def test_a_statement_under_way_ends(engine: Engine, relay: Relay) -> None:
    short = TimeLimits(1, 1, 0.5, is_request=True)
    with answering(short), engine.connect() as connection:
        connection.execute(text("select 1"))
        relay.fall_silent()
        with limited(), pytest.raises(DatabaseAway, match=SILENT):
            connection.execute(text("select 2"))


def test_a_server_that_works_for_too_long_is_not_taken_for_silent(
    engine: Engine,
) -> None:
    slow = text("select pg_sleep(30)")
    with (
        limited(),
        answering(TimeLimits(1, 1, 0.3, is_request=True)),
        engine.connect() as connection,
        pytest.raises(SQLAlchemyError) as raised,
    ):
        connection.execute(slow)
    assert reason(raised.value) == "a statement took too long"
    ask(engine)
    with with_limits(TimeLimits(1, 1, 20)), engine.connect() as connection:
        limit = connection.scalar(text("show statement_timeout"))
    assert limit == "20s", "whoever has waits longer may, on the same connection"


def test_a_restart_is_no_silence(engine: Engine, relay: Relay) -> None:
    ask(engine)
    relay.cut()
    relay.mend()
    with answering():
        ask(engine)


def test_names_that_nobody_resolves_take_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(20) and [])
    engine = open_database("postgresql+psycopg://me@database.invalid/x")
    with limited():
        assert reason(refused(engine)) == SILENT
    never.set()


def test_a_name_that_does_not_exist_is_reported() -> None:
    engine = open_database("postgresql+psycopg://me@database.invalid/y")
    error = refused(engine, TimeLimits(1, 20, 5, is_request=True))
    assert reason(error) == "the server's name cannot be resolved"


def test_what_an_admin_must_put_right_is_not_waited_for(postgres_url: str) -> None:
    url = make_url(postgres_url)
    for wrong, why in (
        (url.set(database="nothing"), "the database does not exist"),
        (url.set(username="nobody"), "the user does not exist"),
    ):
        engine = open_database(wrong.render_as_string(hide_password=False))
        with pytest.raises(DBAPIError) as raised:
            ask(engine)
        assert (reason(raised.value), needs_an_admin(raised.value)) == (why, True)
    away = open_database("postgresql+psycopg://me@127.0.0.1:9/x")
    with pytest.raises(DBAPIError) as raised:
        ask(away)
    assert reason(raised.value) == "the server refuses connections"
    assert not needs_an_admin(raised.value)


def test_a_full_server_says_so(postgres_url: str) -> None:
    name = make_url(postgres_url).database
    engine = open_database(postgres_url)
    with engine.connect() as connection:
        connection.execute(text(f"alter database {name} connection limit 1"))
        connection.commit()
        # Superusers pass: the tests' user is one.
        connection.execute(text("create role guest login"))
        connection.commit()
        guest = make_url(postgres_url).set(username="guest")
        url = guest.render_as_string(hide_password=False)
        try:
            with pytest.raises(DBAPIError) as raised:
                ask(open_database(url))
        finally:
            connection.execute(text("drop role guest"))
            connection.commit()
    assert reason(raised.value) == "the server has too many connections"
    assert not needs_an_admin(raised.value)
    engine.dispose()


def test_a_standby_is_read_only_and_says_so(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("set transaction read only"))
        with pytest.raises(DBAPIError) as raised:
            connection.execute(text("create table x (n int)"))
    assert reason(raised.value) == "it is read-only now, like a standby"
    # The next may lead to the machine that has taken over.
    assert raised.value.connection_invalidated


def test_a_process_keeps_few_connections(engine: Engine) -> None:
    def busy() -> None:
        with engine.connect() as connection:
            connection.execute(text("select pg_sleep(0.05)"))

    with ThreadPoolExecutor(20) as pool:
        for done in [pool.submit(busy) for _ in range(20)]:
            done.result()
    mine = "from pg_stat_activity where datname = current_database()"

    def are_few() -> bool:
        with engine.connect() as connection:
            found = connection.scalar(text(f"select count(*) {mine}"))
        return found is not None and found <= 2

    wait_until(are_few, "the others are closed", 30)
