"""What many viewers of a live page see alike is read once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event as sql

from mvsnap.domain import EventKind, Role
from mvsnap.web.shared_reads import SharedReads
from tests.core.build import event
from tests.servers.processes import wait_until
from tests.web.build import Web

LIVE = ["/overview/part", "/events/rows", "/crowd-events/rows", "/clips/rows"]


class Stopwatch:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def reads(clock: Stopwatch) -> SharedReads:
    return SharedReads(1.0, clock)


def test_a_read_is_used_for_a_second(reads: SharedReads, clock: Stopwatch) -> None:
    values = iter(range(10))
    assert [reads.get("a", lambda: next(values)) for _ in range(3)] == [0, 0, 0]
    assert reads.get("b", lambda: next(values)) == 1
    clock.now += 0.99
    assert reads.get("a", lambda: next(values)) == 0
    clock.now += 0.01
    assert reads.get("a", lambda: next(values)) == 2


def test_a_read_is_used_for_longer_until_somebody_writes(
    reads: SharedReads, clock: Stopwatch
) -> None:
    values, commits = iter(range(10)), [1]

    def read(seconds: float) -> int:
        clock.now += seconds
        return reads.get("a", lambda: next(values), commits=lambda: commits[0])

    assert [read(0), read(1.5), read(1.5)] == [0, 0, 0]
    commits[0] += 1
    assert [read(0.9), read(0.1), read(1)] == [0, 1, 1]
    assert [read(4), read(4.9), read(0.1)] == [1, 1, 2]


def test_of_a_database_that_does_not_count_commits_it_is_read_each_time(
    reads: SharedReads, clock: Stopwatch
) -> None:
    values = iter(range(10))
    for expected in range(3):
        assert reads.get("a", lambda: next(values), commits=lambda: None) == expected
        clock.now += 1


@pytest.mark.parametrize("address", ["/events/rows", "/crowd-events/rows"])
def test_a_list_shows_a_second_later_what_was_written(
    web: Web, reads: SharedReads, clock: Stopwatch, address: str
) -> None:
    web.shared_reads = reads
    web.app = web.fresh_app()
    person = web.log_in(Role.VIEWER)
    before = person.get(address).headers["ETag"]
    clock.now += 2
    assert statements(web, person, address) == 0
    web.store.add_event(event(kind=EventKind.CROWD))
    clock.now += 1
    assert person.get(address).headers["ETag"] != before


def test_what_changes_seldom_may_be_used_for_longer(
    reads: SharedReads, clock: Stopwatch
) -> None:
    values = iter(range(10))
    assert reads.get("a", lambda: next(values), times=60) == 0
    clock.now += 59
    assert reads.get("a", lambda: next(values), times=60) == 0
    clock.now += 1
    assert reads.get("a", lambda: next(values), times=60) == 1


def test_the_age_of_a_read_counts_from_its_begin(
    reads: SharedReads, clock: Stopwatch
) -> None:
    def slow() -> float:
        clock.now += 0.7
        return clock.now

    first = reads.get("a", slow)
    clock.now += 0.4
    assert reads.get("a", slow) != first


def test_a_slow_read_is_used_for_as_long_as_it_took(
    reads: SharedReads, clock: Stopwatch
) -> None:
    values = iter(range(10))

    def slow(seconds: float) -> int:
        clock.now += seconds
        return next(values)

    assert reads.get("a", lambda: slow(3)) == 0
    clock.now += 2.9
    assert reads.get("a", lambda: slow(3)) == 0
    clock.now += 0.1
    assert reads.get("a", lambda: slow(60)) == 1
    clock.now += 10
    assert reads.get("a", lambda: slow(0)) == 2


def test_an_error_is_shared_from_its_end(reads: SharedReads, clock: Stopwatch) -> None:
    tries = 0

    def fails() -> None:
        nonlocal tries
        tries += 1
        clock.now += 2
        raise LookupError("away")

    for _ in range(5):
        with pytest.raises(LookupError):
            reads.get("a", fails)
    assert tries == 1
    clock.now += 1
    assert reads.get("a", lambda: "there") == "there"


def test_who_asks_meanwhile_waits_for_the_same_read() -> None:
    reads, began, go_on = SharedReads(60), threading.Event(), threading.Event()
    found: list[int] = []
    times = 0

    def slow() -> int:
        nonlocal times
        times += 1
        began.set()
        assert go_on.wait(10)
        return times

    threads = [
        threading.Thread(target=lambda: found.append(reads.get("a", slow)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert began.wait(10)
    assert reads.get("another", lambda: 7) == 7
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert found == [1] * 8


def test_who_waits_for_a_slow_read_does_not_read_again(clock: Stopwatch) -> None:
    go_on, second_came = threading.Event(), threading.Event()
    found: list[int] = []
    times = 0

    def now() -> float:
        if threading.current_thread().name == "second":
            second_came.set()
        return clock.now

    def slow() -> int:
        nonlocal times
        times += 1
        assert go_on.wait(10)
        return times

    reads = SharedReads(1.0, now)

    def ask() -> None:
        found.append(reads.get("a", slow))

    first = threading.Thread(target=ask)
    first.start()
    wait_until(lambda: times == 1, "the first read", 30)
    second = threading.Thread(target=ask, name="second")
    second.start()
    assert second_came.wait(10)
    clock.now += 3
    go_on.set()
    first.join(10)
    second.join(10)
    assert found == [1, 1]


def test_keys_that_people_type_do_not_fill_the_memory(reads: SharedReads) -> None:
    for number in range(1000):
        reads.get(number, lambda: "x" * 1000)
    assert len(reads._slots) <= 64


# --- the live pages


@pytest.fixture
def web(tmp_path: Path) -> Web:
    made = Web(tmp_path)
    made.shared_reads = SharedReads(3600)
    made.app = made.fresh_app()
    return made


def statements(web: Web, client: FlaskClient, address: str) -> int:
    """Return how often the database was asked for this answer."""
    asked: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = web.database.engine
    sql.listen(engine, "before_cursor_execute", note)
    assert client.get(address).status_code == 200
    sql.remove(engine, "before_cursor_execute", note)
    return len(asked)


@pytest.mark.parametrize("address", [*LIVE, "/status/rows", "/status/jobs/rows"])
def test_the_second_viewer_costs_no_more_than_the_login(web: Web, address: str) -> None:
    first = web.log_in(Role.VIEWER)
    before = statements(web, first, address)
    again = statements(web, first, address)
    assert again < before
    assert again <= 3


def test_viewers_of_other_roles_and_filters_do_not_share(web: Web) -> None:
    viewer, admin = web.log_in(Role.VIEWER), web.log_in(Role.ADMIN)
    web.store.add_event(event(kind=EventKind.CROWD))
    assert "No crowds" not in viewer.get("/crowd-events/rows").text
    # The settings are for admins.
    assert "/settings" not in viewer.get("/crowd-events/rows?kind=noise").text
    filtered = viewer.get("/crowd-events/rows?kind=noise").text
    assert filtered != viewer.get("/crowd-events/rows").text
    etags = {client.get("/events/rows").headers["ETag"] for client in (viewer, admin)}
    assert len(etags) == 2


def test_a_shared_answer_is_304_for_those_who_have_it(web: Web) -> None:
    client = web.log_in(Role.VIEWER)
    for address in LIVE:
        etag = {"If-None-Match": client.get(address).headers["ETag"]}
        answer = client.get(address, headers=etag)
        assert (answer.status_code, answer.data) == (304, b"")


def test_nothing_that_is_shared_holds_a_token_of_a_session(web: Web) -> None:
    client = web.log_in(Role.ADMIN)
    for address in (*LIVE, "/status/rows", "/status/jobs/rows"):
        assert "csrf" not in client.get(address).text
