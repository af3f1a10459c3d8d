"""Signs of life that are locks: whose, since when, and that they end with a process."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from mvsnap.domain import Listener
from mvsnap.store import database, pulses
from mvsnap.store.events import SILENT_AFTER, Store
from mvsnap.store.pulses import ROW_EVERY, Pulses
from mvsnap.store.sense import SenseStore
from mvsnap.store.sharing.processes import ProcessStore
from mvsnap.store.tables import listeners, workers
from mvsnap.texts.wording import Reason
from tests.servers.processes import Program, running, wait_until
from tests.store.sqlite import db as db

ROOT = Path(__file__).parent.parent.parent
PROCESS = """
import sys, time
from pathlib import Path
from mvsnap.store.pulses import Pulses
alive = Pulses(Path(sys.argv[1]))
while alive.beat("other"):
    print("beats", flush=True)
    time.sleep(0.2)
"""
LATE = timedelta(seconds=5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pulses"


@contextmanager
def process(path: Path) -> Iterator[Program]:
    with running([sys.executable, "-c", PROCESS, str(path)], cwd=ROOT) as program:
        program.wait_for_output("beats", limit_s=60)
        yield program


def test_another_process_is_seen_until_it_is_killed(path: Path) -> None:
    seen = Pulses(path)
    assert seen.age("other") is None  # nor is there a file
    with process(path) as other:
        age = seen.age("other")
        assert seen.is_beating("other")
        assert not seen.is_beating("another")
        os.kill(other.pid, signal.SIGKILL)
        wait_until(lambda: not seen.is_beating("other"), "it is dead", 60)
    # What was seen of it last gets older; who did not see it knows nothing.
    later = seen.age("other")
    assert age is not None
    assert later is not None
    assert later >= age
    assert Pulses(path).age("other") is None
    assert path.read_bytes() == b""


def test_a_frozen_process_gets_older(path: Path) -> None:
    seen = Pulses(path)
    with process(path) as other:
        os.kill(other.pid, signal.SIGSTOP)

        def is_older() -> bool:
            age = seen.age("other")
            return age is not None and age > timedelta(seconds=3)

        wait_until(is_older, "it is silent", 60)
        assert seen.is_beating("other")
        os.kill(other.pid, signal.SIGCONT)
        wait_until(lambda: not is_older(), "it is alive again", 60)


def test_the_moment_is_that_of_the_last_sign(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr(pulses, "time", SimpleNamespace(monotonic=lambda: now.s))
    own, seen = Pulses(path), Pulses(path)
    for now.s in (0.0, 1000.7, 1001.2, 5000.0):
        assert own.beat("one")
        assert seen.age("one") == timedelta(seconds=now.s - int(now.s))
    now.s = 5060.0
    assert own.beat("two")
    assert seen.age("one") == timedelta(seconds=60)
    assert seen.youngest("one", timedelta(seconds=9)) == timedelta(seconds=9)
    assert seen.youngest("one", timedelta(seconds=90)) == timedelta(seconds=60)
    own.end("one")
    assert not seen.is_beating("one")
    assert seen.is_beating("two")
    own.end("two")
    assert own.beat("one")  # the file is opened again
    own.end("one")


def test_a_file_in_its_place_is_found(path: Path) -> None:
    own = Pulses(path)
    assert own.beat("one")
    path.rename(path.with_name("aside"))
    assert own.beat("one")
    assert Pulses(path).is_beating("one")
    own.end("one")


def test_two_of_a_name_or_no_such_locks_need_rows(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulses, "time", SimpleNamespace(monotonic=lambda: 7.0))
    first = Pulses(path)
    assert first.beat("one")
    assert not Pulses(path).beat("one")
    first.end("one")
    (tmp_path / "file").touch()
    for none in (Pulses(None), Pulses(tmp_path / "file" / "pulses")):
        assert not none.beat("one")
        assert none.age("one") is None
        none.end("one")


def of_another_process(db: database.Database) -> database.Database:
    return database.Database(database.open_database(str(db.engine.url)))


def test_a_worker_writes_its_row_seldom_and_seems_as_young_as_it_is(
    db: database.Database,
) -> None:
    store, other = Store(db), Store(of_another_process(db))
    store.keep_alive("one")

    def written() -> object:
        with db.reading() as connection:
            return connection.execute(select(workers.c.seen_at)).scalars().all()

    before = written()
    store.keep_alive("one")
    assert written() == before
    # Who starts within that time is written at once.
    store.leave("one")
    before = written()
    store.keep_alive("one")
    assert written() != before
    # Long after the row was written it is alive, and the row is due.
    store.heartbeat("one", store.now() - ROW_EVERY)
    assert other.workers_alive() == {"one": True}
    before = written()
    store.keep_alive("one")
    assert written() != before
    # Nor does one of the future last: the clock was set back.
    store.heartbeat("one", store.now() + timedelta(days=1))
    before = written()
    store.keep_alive("one")
    assert written() != before
    store.heartbeat("one", store.now() - ROW_EVERY)
    store.leave("one")
    assert other.workers_alive() == {"one": True}  # until it has started again
    assert not db.pulses.is_beating("worker one")
    # A row that was taken for a dead one's comes back.
    store.forget_worker("one")
    store.keep_alive("one")
    assert other.workers_alive() == {"one": True}
    store.leave("one")


def test_beside_who_writes_rows_alone_all_do(db: database.Database) -> None:
    store = Store(db)
    store.keep_alive("one")
    store.heartbeat("of an older release", store.now())
    store.heartbeat("one", long_ago := store.now() - timedelta(minutes=1))
    store.keep_alive("one")
    with db.reading() as connection:
        mine = select(workers.c.seen_at).where(workers.c.executor_id == "one")
        assert connection.execute(mine).scalar_one() > long_ago
    store.leave("one")


def test_a_listener_writes_what_has_changed(db: database.Database) -> None:
    sense, now = SenseStore(db), Store(db).now()
    found = Listener("one", now, True, Reason("connected"), 0.0, 4, 0)

    def is_written(after: timedelta, **news: object) -> bool:
        said = Listener(**{**fields, **news, "seen_at": now + after})
        sense.keep_listener(said)
        with db.reading() as connection:
            at = connection.execute(select(listeners.c.seen_at)).scalar_one()
        return bool(at == said.seen_at)

    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    seconds = [timedelta(seconds=number * 15) for number in range(70)]
    assert is_written(seconds[0])
    assert not is_written(seconds[1])
    assert is_written(seconds[2], connected=False, state="gone")
    assert is_written(seconds[3])
    assert is_written(seconds[4], messages_per_s=2.0)
    assert not is_written(seconds[5], messages_per_s=3.0)
    assert is_written(seconds[8], messages_per_s=3.0)
    assert not is_written(seconds[67], messages_per_s=3.0)
    assert is_written(seconds[68], messages_per_s=3.0)
    (read,) = sense.listeners()
    assert abs(read.seen_at - Store(db).now()) < timedelta(minutes=20)
    sense.end_listener("one")


def test_without_a_file_left_to_open_who_lived_does_not_seem_dead(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives, real = Pulses(path), os.open

    def no_file_left(*_given: object, **_more: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    assert lives.beat("one")
    monkeypatch.setattr(os, "open", no_file_left)
    age = lives.age("one")
    assert age is not None
    assert age < LATE
    assert lives.age("another") is None
    monkeypatch.setattr(os, "open", real)
    lives.end("one")


def test_on_postgresql_each_sign_of_life_is_a_row(postgres_url: str) -> None:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    db = database.Database(engine)
    store, sense, processes = Store(db), SenseStore(db), ProcessStore(db)
    # However often a row of SQLite is written, those fall silent within a minute.
    assert processes.row_every_s("one") == processes.beat_s
    assert processes.silent_after < timedelta(minutes=1)
    store.keep_alive("one")
    sense.keep_listener(
        Listener("one", store.now(), True, Reason("connected"), 0.0, 4, 0)
    )
    assert store.workers_alive() == {"one": True}
    lately = store.now()
    store.keep_alive("one")
    sense.keep_listener(
        Listener("one", store.now(), True, Reason("connected"), 0.0, 4, 0)
    )
    with db.reading() as connection:
        for table in (workers, listeners):
            assert connection.execute(select(table.c.seen_at)).scalar_one() >= lately
    (found,) = sense.listeners()
    assert found.seen_at >= lately
    long_ago = store.now() - SILENT_AFTER - timedelta(seconds=1)
    store.heartbeat("one", long_ago)
    assert store.workers_alive() == {"one": False}
    store.leave("one")
    store.close()
