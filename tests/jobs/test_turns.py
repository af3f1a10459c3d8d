"""New jobs that wait for a thread, with the real engine: whose turn it is."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId, Trigger, TriggerKind
from mvsnap.jobs.engine import ClientEngine, WorkerEngine
from mvsnap.jobs.turns import JobPlaces
from mvsnap.jobs.waits import Wait
from tests.servers.processes import wait_until
from tests.store.fixtures import url as url

MANY = 200
TRIGGER = Trigger(TriggerKind.HTTP, "tests")


class NoRecords:
    def waits(self, job: Job, run_id: str, wait: Wait) -> bool:
        return True

    def ended(self, job: Job, run_id: str) -> None: ...

    def gave_up(self, job: Job, run_id: str, why: str) -> None: ...


class Turn:
    """Work of one turn's length, however long a busy machine takes for a turn."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0

    def pass_on(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def wait_for_next(self) -> None:
        with self._changed:
            now = self._number
            self._changed.wait_for(lambda: self._number > now, 10)


def test_a_button_does_not_wait_behind_what_others_enqueued(
    url: str, tmp_path: Path
) -> None:
    clock, done, turn = SystemClock(), list[str](), Turn()

    def run(job: Job) -> None:
        turn.wait_for_next()
        done.append(job.id)

    worker = WorkerEngine(url, "tests", run, records=NoRecords(), clock=clock)
    began = clock.now() - timedelta(minutes=10)
    made = WorkerEngine(url, "tests", run, records=NoRecords(), clock=clock)
    made.launch()  # makes the tables
    made.close()
    with closing(ClientEngine(url)) as client:
        for number in range(MANY):
            at = began + timedelta(seconds=number)
            mark = f"{number}" if number % 2 else ""
            client.submit(Job(JobId(f"old {number}"), TRIGGER, (), at), mark)
        worker.launch()
        stop = threading.Event()

        def let_old_ones_begin() -> None:
            while not stop.wait(0.2):
                worker.let_oldest_begin()
                turn.pass_on()

        turns = threading.Thread(target=let_old_ones_begin)
        turns.start()
        try:
            wait_until(lambda: len(done) > 10, "some began", 30)
            client.submit(Job(JobId("button"), TRIGGER, (), clock.now()), "a mark")
            wait_until(lambda: "button" in done, "the button", 30)
            wait_until(lambda: len(done) == MANY + 1, "all", 60)
        finally:
            stop.set()
            turns.join()
            worker.close()
    assert len(set(done)) == MANY + 1
    assert done.index("button") < MANY * 0.75
    # The oldest had their turns, too.
    assert done.index("old 0") < MANY * 0.6


def test_places_are_shared_out_among_all_kinds() -> None:
    for most in (8, 17, 48, 400):
        places = JobPlaces.of(most)
        assert places.most == most
        assert min(places.at_once, places.queue, places.later, places.equal) >= 1
        # While Meraki fails, a button that is pressed now still finds a place.
        assert 1 <= places.repeating < places.at_once


def test_no_more_jobs_are_at_work_than_there_are_places(
    url: str, tmp_path: Path
) -> None:
    clock, at_work, may_end = SystemClock(), set[str](), threading.Event()
    places = JobPlaces.of(8)

    def run(job: Job) -> None:
        at_work.add(job.id)
        may_end.wait(60)

    worker = WorkerEngine(
        url, "tests", run, records=NoRecords(), clock=clock, places=places
    )
    with closing(worker):
        worker.launch()
        for number in range(30):
            worker.submit(Job(JobId(f"{number}"), TRIGGER, (), clock.now()))
        most = places.at_once + places.queue
        wait_until(lambda: len(at_work) >= most, "as many as there are places", 30)
        assert len(at_work) == most
        may_end.set()
        wait_until(lambda: len(at_work) == 30, "all others", 60)
