"""A job service over a real store, for a test to inspect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, Trigger, TriggerKind
from mvsnap.jobs.service import Finished, JobRequest, JobService
from mvsnap.metrics import Metrics
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.repeats import RepeatStore
from tests.core.build import BUTTON, GATE, event
from tests.web.build import PatientEngine

OTHER = Trigger(TriggerKind.HTTP, "another button")


class Office:
    """A job service over a real store, with an engine that only keeps jobs."""

    def __init__(self, folder: Path) -> None:
        self.engine: PatientEngine = PatientEngine()
        db = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(db)
        self.db = shared = database.Database(db)
        self.store, self.clips = Store(shared), ClipStore(shared)
        self.repeats = RepeatStore(shared)
        self.states = JobStateStore(shared)
        self.finished = Finished()

    def service(self, clock: SystemClock | None = None, **given: Any) -> JobService:
        limits = {"queue_size": 10, "max_waiting": 1} | given
        clock = clock or SystemClock()
        return JobService(
            self.engine,
            self.store,
            self.clips,
            self.repeats,
            self.states,
            clock,
            Metrics(),
            **limits,
        )

    def finish(self, job: Job) -> None:
        self.store.add_event(event(job_id=job.id, serial=GATE))
        self.finished.notify(job.id)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def request(**given: Any) -> JobRequest:
    fields: dict[str, Any] = {"trigger": BUTTON, "serials": (GATE,)}
    return JobRequest(**(fields | given))
