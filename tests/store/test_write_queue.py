"""Who writes to a SQLite file next: not whoever happens to ask at the right moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from mvsnap.store.database import opened, sqlite_url
from mvsnap.store.shared_file import open_jobs_file
from mvsnap.store.time_limits import DatabaseAway, TimeLimits, answering
from mvsnap.store.write_queue import WriteQueue
from tests.servers.processes import wait_until

LIMIT_S = 60
# As many as jobs that a cloud keeps waiting.
OTHERS = 40


class Places:
    """A queue, and who has entered it in which order."""

    def __init__(self) -> None:
        self.queue = WriteQueue()
        self.order: list[str] = []
        self._pool = ThreadPoolExecutor(OTHERS)

    def wait(self, name: str, *, is_request: bool = False) -> Future[None]:
        """Let a thread enter; return once it stands in the queue."""
        waiting = self.queue._requests if is_request else self.queue._others
        before = len(waiting)

        def work() -> None:
            assert self.queue.enter(LIMIT_S, is_request=is_request)
            self.order.append(name)
            self.queue.leave()

        future = self._pool.submit(work)
        wait_until(lambda: len(waiting) > before, f"{name} waits")
        return future

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def places() -> Iterator[Places]:
    places = Places()
    yield places
    places.close()


def test_whoever_waits_longest_is_next_and_requests_every_other_time(
    places: Places,
) -> None:
    assert places.queue.enter(0, is_request=False)
    waiting = [
        *(places.wait(f"job {number}") for number in range(4)),
        *(places.wait(f"button {number}", is_request=True) for number in range(2)),
    ]
    places.queue.leave()
    for one in waiting:
        one.result(LIMIT_S)
    one_by_one = ["button 0", "job 0", "button 1", "job 1", "job 2", "job 3"]
    assert places.order == one_by_one


def test_who_does_not_wait_any_longer_holds_up_nobody(places: Places) -> None:
    assert places.queue.enter(0, is_request=True)
    assert not places.queue.enter(0.01, is_request=True)
    assert not places.queue.enter(0.01, is_request=False)
    after = places.wait("after them")
    places.queue.leave()
    after.result(LIMIT_S)
    assert places.queue.enter(0, is_request=True)


Begins = Callable[[], AbstractContextManager[Connection]]


@contextmanager
def of_the_store(folder: Path) -> Iterator[Begins]:
    with opened(sqlite_url(folder / "mvsnap.db")) as db:
        yield db.writing


@contextmanager
def of_the_jobs(folder: Path) -> Iterator[Begins]:
    engine = open_jobs_file(sqlite_url(folder / "jobs.db"))
    yield engine.begin
    engine.dispose()


@pytest.fixture(params=[of_the_store, of_the_jobs])
def writing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Begins]:
    """How a transaction of a file begins."""
    with request.param(tmp_path) as writing:
        with writing() as connection:
            connection.execute(text("create table written (number integer)"))
        yield writing


def write(connection: Connection) -> None:
    connection.execute(text("insert into written values (1)"))


@contextmanager
def others_writing(writing: Begins, written: Callable[[], object]) -> Iterator[None]:
    """Write from many threads, without a pause, for the length of the block."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            with writing() as connection:
                write(connection)
                written()

    with ThreadPoolExecutor(OTHERS) as pool:
        running = [pool.submit(work) for _ in range(OTHERS)]
        try:
            yield
        finally:
            over.set()
    for one in running:
        one.result()


def test_a_request_does_not_wait_behind_all_that_write(writing: Begins) -> None:
    before_it, count = [], 0

    def written() -> None:
        nonlocal count
        count += 1  # whoever writes is alone

    with others_writing(writing, written):
        wait_until(lambda: count > OTHERS, "all write")
        for _ in range(20):
            began = count
            with answering(), writing() as connection:
                write(connection)
                before_it.append(count - began)
    # It may lose a moment before it stands in the queue.
    assert sorted(before_it)[10] <= OTHERS / 4, before_it


def test_a_request_that_waits_in_vain_is_refused(writing: Begins) -> None:
    hasty = TimeLimits(0.05, 1, 1, is_request=True)

    def ask() -> None:
        with answering(hasty), writing() as connection:
            write(connection)

    with ThreadPoolExecutor(1) as pool, writing() as connection:
        write(connection)
        with pytest.raises(DatabaseAway, match="a slow disk keeps writers waiting, or"):
            pool.submit(ask).result(LIMIT_S)
    ask()
