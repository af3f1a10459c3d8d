"""Signs of life go by what passed, whatever the database's clock is set to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from mvsnap.clip_model import RecorderCameraState
from mvsnap.domain import CameraName, Listener, Serial
from mvsnap.status.machines import is_alive
from mvsnap.status.recorder_rows import recorder_summary
from mvsnap.store import database, database_clock, recorder_states
from mvsnap.store.events import Store
from mvsnap.store.sense import SenseStore, alive
from mvsnap.store.sharing.processes import ProcessReport, ProcessStore
from mvsnap.store.tables import workers
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Outcome, Upstream
from mvsnap.values import replace

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
STEPS = [HOUR, -HOUR, 25 * HOUR, YEAR, -YEAR, -56 * YEAR]
ROBOT, GATE = CameraName("Robot"), Serial("Q2AA-AAAA-AAAA")
SEEN = timedelta(seconds=10)


@dataclass
class Times:
    """The machine's clock, and the one that nobody sets."""

    wall: datetime
    monotonic_s: float = 1000.0

    def go(self, passed: timedelta) -> None:
        self.wall += passed
        self.monotonic_s += passed.total_seconds()


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    made = Times(database_clock.machine_now())
    monkeypatch.setattr(database_clock, "machine_now", lambda: made.wall)
    ticking = SimpleNamespace(monotonic=lambda: made.monotonic_s)
    monkeypatch.setattr(database_clock, "time", ticking)
    return made


@dataclass
class Site:
    """What a process writes of itself, and what another one reads."""

    db: database.Database
    times: Times

    @property
    def store(self) -> Store:
        return Store(self.db)

    def live(self, name: str = "one") -> None:
        now = self.times.wall
        self.store.heartbeat(name, now)
        self.sense.describe_listener(
            Listener(name, now, True, Reason("connected"), 1.0, 1, 0)
        )
        self.sense.note_last_seen({GATE: now}, now)
        state = RecorderCameraState(
            camera=ROBOT, state="recording", text=Reason(""), since=now, seen_at=now
        )
        recorder_states.write(self.db, [state])
        fails = Outcome(failed_s=1.0, failing_since_s=1.0, error=Reason("it is away"))
        report = ProcessReport(name, "pi", "web", "1.0", "0a1b")
        self.processes.beat(
            report, {Upstream.WEBEX: fails}, monotonic_s=1.0, clock=now, is_first=False
        )

    @property
    def sense(self) -> SenseStore:
        return SenseStore(self.db)

    @property
    def processes(self) -> ProcessStore:
        return ProcessStore(self.db)

    def alive(self) -> set[str]:
        """Return what lives by the pages, by `/readyz` and for other workers."""
        now = self.store.now()
        found = {
            f"worker {n}" for n, lives in self.store.workers_alive().items() if lives
        }
        listeners = alive(self.sense.listeners(), now)
        found |= {f"listener {one.listener_id}" for one in listeners}
        silent_after = self.processes.silent_after
        found |= {
            f"process {known.report.id}"
            for known in self.processes.all()
            if is_alive(known, now, silent_after)
        }
        seen = recorder_states.read(self.db)
        if recorder_summary([ROBOT], seen, now).silent_since is None:
            found.add("recorder")
        return found

    def seen_ago(self) -> set[timedelta]:
        now = self.store.now()
        (failing,) = self.processes.upstreams()
        assert failing.failed_at is not None
        camera = recorder_states.read(self.db)[ROBOT]
        return {
            now - failing.failed_at,
            now - self.sense.last_seen()[GATE],
            now - camera.since,
            now - camera.seen_at,
        }


ALL = {"worker one", "listener one", "process one", "recorder"}


@pytest.fixture
def site(tmp_path: Path, times: Times) -> Iterator[Site]:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    database.upgrade(engine)
    yield Site(database.Database(engine), times)
    engine.dispose()


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_who_lives_is_alive_after_a_step_and_who_died_is_not(
    site: Site, times: Times, step: timedelta
) -> None:
    site.live()
    times.go(SEEN)
    times.wall += step
    assert site.alive() == ALL
    assert site.seen_ago() == {SEEN}
    times.go(timedelta(minutes=5))
    assert site.alive() == set()
    site.live()
    assert site.alive() == ALL


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_who_died_before_a_step_stays_dead(
    site: Site, times: Times, step: timedelta
) -> None:
    site.live("dead")
    times.go(timedelta(minutes=20))
    site.live()
    times.wall += step
    assert site.alive() == ALL
    for _ in range(5):
        times.go(timedelta(seconds=15))
        site.live()
        assert site.alive() == ALL


def test_rows_of_a_start_in_the_future_die_soon_for_whoever_starts_later(
    site: Site, times: Times
) -> None:
    site.live()
    times.wall -= YEAR
    later = replace(site, db=database.Database(site.db.engine))
    assert "worker one" in later.alive()
    times.go(timedelta(minutes=5))
    assert later.alive() == set()


@pytest.mark.parametrize(
    ("put_off", "comes"),
    [(timedelta(0), True), (timedelta(minutes=9), False), (YEAR, True)],
    ids=["now", "soon", "from before a step back"],
)
def test_what_waits_for_a_time_that_was_set_back_is_due(
    site: Site, times: Times, put_off: timedelta, comes: bool
) -> None:
    now, longest = times.wall, timedelta(minutes=10)
    site.store.heartbeat("one", now + put_off)
    due = select(workers).where(database_clock.is_due(workers.c.seen_at, now, longest))
    with site.db.reading() as connection:
        assert bool(connection.execute(due).all()) is comes
