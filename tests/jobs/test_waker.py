"""Which jobs go on, when, and in what order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mvsnap.domain import Job, JobId, Serial
from mvsnap.jobs.codec import encode
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.waits import JOB, ROOM, TIME
from mvsnap.jobs.waker import Waker
from mvsnap.store import database
from mvsnap.store.job_states import JobFilter, JobRow, JobStage, JobStateStore
from mvsnap.texts.wording import Reason
from tests.core import build
from tests.jobs.fakes import JumpingClock
from tests.web.build import GATE

MOST_TURNS = 12
SITE = f"{ROOM}Site A"


class Bench:
    def __init__(self, folder: Path) -> None:
        opened = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(opened)
        self.clock = JumpingClock()
        self.states = JobStateStore(database.Database(opened))
        self.rooms = Rooms(self.clock)
        self.woken: list[str] = []
        self.waker = self.another()

    def another(self) -> Waker:
        """Return the waker of one more process."""
        return Waker(
            self.states, self.rooms, self.woken.append, self.clock, most=MOST_TURNS
        )

    def wait(
        self, number: int, waits_for: str, *, next_s: float = 600, thread: str = ""
    ) -> Job:
        at = self.clock.now() - timedelta(minutes=100 - number)
        job = build.job(Serial(GATE), accepted_at=at)
        row = JobRow(
            job.id,
            JobStage.WAITING,
            at,
            encode(job),
            run_id=f"run {number}",
            reason=Reason(""),
            since=at,
            thread=JobId(thread),
            waits_for=waits_for,
            next_at=self.clock.now() + timedelta(seconds=next_s),
        )
        self.states.put(row, self.clock.now() - timedelta(seconds=5))
        return job

    def end(self) -> None:
        """End all jobs that had their turn."""
        for row in self.states.rows(JobFilter(), 1000):
            if row.waits_for == "turn":
                ended = JobRow(
                    row.job_id,
                    JobStage.DONE,
                    row.accepted_at,
                    row.job,
                    row.run_id,
                    Reason(""),
                    row.since,
                )
                self.states.put(ended, self.clock.now())

    def step(self) -> list[str]:
        self.woken.clear()
        self.waker.step()
        return list(self.woken)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_newest_and_the_oldest_go_on_in_turns(bench: Bench) -> None:
    for number in range(6):
        bench.wait(number, SITE)
    assert bench.step() == ["run 5", "run 0", "run 4", "run 1", "run 3", "run 2"]
    assert bench.step() == []


def test_so_many_go_on_at_once_and_more_when_those_have_ended(bench: Bench) -> None:
    for number in range(MOST_TURNS + 10):
        bench.wait(number, SITE)
    assert len(bench.step()) == MOST_TURNS
    assert bench.step() == []
    bench.end()
    assert len(bench.step()) == 10


def test_of_more_rooms_than_turns_none_waits_for_all_jobs_of_another(
    bench: Bench,
) -> None:
    for room in range(MOST_TURNS + 8):
        for number in range(3):
            bench.wait(100 * room + number, f"{ROOM}{room:02}")
    began = {int(run.split()[1]) // 100 for run in bench.step()}
    bench.end()
    began |= {int(run.split()[1]) // 100 for run in bench.step()}
    assert len(began) == MOST_TURNS + 8


def test_while_a_room_is_away_one_job_tries_it(bench: Bench) -> None:
    other = f"{ROOM}Site B"
    for number in range(4):
        bench.wait(number, SITE)
    bench.wait(9, other)
    bench.rooms.failed("Site A", "a message", Reason("away"), 0)
    assert bench.step() == ["run 9"]
    bench.clock.sleep(2)
    assert len(bench.step()) == 1
    bench.rooms.worked("Site A")
    assert len(bench.step()) == 3


def test_each_job_goes_on_once_whatever_many_processes_there_are(bench: Bench) -> None:
    for number in range(10):
        bench.wait(number, SITE)
    other = bench.another()
    bench.waker.step()
    other.step()
    assert len(bench.woken) == len(set(bench.woken)) == 10


def test_a_turn_that_came_to_nothing_comes_again(bench: Bench) -> None:
    bench.wait(1, SITE)
    assert bench.step() == ["run 1"]
    bench.clock.sleep(20)
    assert bench.step() == []
    bench.clock.sleep(20)
    assert bench.step() == ["run 1"]


@pytest.mark.parametrize("hours", [-1, 25, -8760])
def test_no_job_waits_for_a_time_that_was_before_the_clock_was_set(
    bench: Bench, hours: int
) -> None:
    bench.step()
    for number in range(MOST_TURNS + 5):
        bench.wait(number, TIME if number % 2 else f"{JOB}of another thread")
    bench.clock.sleep(20)
    assert bench.step() == []
    bench.clock._began += timedelta(hours=hours)
    bench.clock.sleep(11)
    assert len(bench.step()) == MOST_TURNS  # and not all of them at once
    bench.end()
    assert len(bench.step()) == 5


def test_a_clock_set_back_while_nothing_ran_is_noticed(bench: Bench) -> None:
    bench.wait(1, TIME, next_s=86400)
    bench.wait(2, TIME, next_s=600)
    assert bench.step() == ["run 1"]


def test_the_messages_of_a_thread_go_on_one_after_the_other(bench: Bench) -> None:
    for number in range(3):
        bench.wait(number, f"{JOB}head", thread="head")
    bench.wait(7, f"{JOB}other", thread="other")
    for number in range(3):
        bench.waker.wake_thread(JobId("head"))
        assert bench.woken[-1] == f"run {number}"
    bench.waker.wake_thread(JobId("head"))
    assert len(bench.woken) == 3


def test_an_earlier_message_of_the_thread_goes_first(bench: Bench) -> None:
    early = bench.wait(1, SITE, thread="head")
    late = bench.wait(2, SITE, thread="head")
    same = (SITE, f"{JOB}head")
    assert bench.states.has_earlier(late, JobId("head"), same)
    assert not bench.states.has_earlier(early, JobId("head"), same)
    # Another room is away, which says nothing about this one.
    elsewhere = (f"{ROOM}Site B", f"{JOB}head")
    assert not bench.states.has_earlier(late, JobId("head"), elsewhere)
