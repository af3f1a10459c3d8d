"""A site that decides about its messages and sends nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clock import ClockSettings, SystemClock
from mvsnap.config.model import Settings
from mvsnap.core.notices import NoticeState
from mvsnap.domain import (
    EventId,
    EventKind,
    Job,
    JobId,
)
from mvsnap.jobs.due_notices import DueNotices
from mvsnap.jobs.notice_rules import NoticeRules
from mvsnap.jobs.notices import JobNotices
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.notices import NoticeStore
from mvsnap.values import replace
from tests.core import build

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
NIGHT = datetime(2026, 6, 1, 23, tzinfo=UTC)
MORNING = datetime(2026, 6, 2, 8, tzinfo=UTC)
BY_DAY = {"from": "08:00", "to": "18:00"}
BY_NIGHT = {"from": "22:00", "to": "06:00"}
SECOND = timedelta(seconds=1)


class SetClock(SystemClock):
    """Setting `at` lets time pass, `set` is as somebody who sets the clock."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at - timedelta(hours=2)
        self._is_ahead = timedelta()
        self.passed_since_start()  # looks at it first
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._is_ahead).timestamp()

    def set(self, by: timedelta) -> None:
        self.passed_since_step()
        self.at += by
        self._is_ahead += by

    def forget(self) -> None:
        """Be as the clock of a new process."""
        self._settings = ClockSettings()
        self.passed_since_step()


class Site:
    """Runs jobs as the engine does, but sends nothing: `sent` says what it would."""

    def __init__(self, folder: Path, at: datetime = NOON) -> None:
        self.clock = SetClock(at)
        engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(engine)
        db = database.Database(engine)
        self.events, self.notices = Store(db), NoticeStore(db)
        self.jobs: dict[JobId, Job] = {}
        # Jobs in their first run.
        self.running: set[JobId] = set()
        self.sent: list[tuple[str, str]] = []
        self._turn = threading.Lock()
        self.use()

    def use(self, **sections: Any) -> None:
        """Start the process again with these settings."""
        settings = Settings.model_validate({"webex": {"bot_token": "x"}} | sections)
        rules = NoticeRules(settings)
        self.decisions = JobNotices(self.notices, self.events, rules, self.clock)
        self.due = DueNotices(
            *(self.notices, self.decisions, rules, self, self.run, self.clock)
        )

    def run(self, job: Job) -> None:
        self.jobs[job.id] = job
        admitted = self.decisions.admitted(job)
        with self._turn:
            for room in dict.fromkeys(admitted.rooms):
                if (job.id, room) not in self.sent:
                    self.sent.append((job.id, room))

    def known(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)

    def resume(self, job_id: JobId) -> bool:
        if job_id not in self.jobs or job_id in self.running:
            return False
        self.run(self.jobs[job_id])
        return True

    def go_to(self, at: datetime) -> None:
        self.clock.at = at
        self.due.step()

    def trigger(self, name: str, *rooms: str, **given: Any) -> Job:
        given = {"accepted_at": self.clock.at} | given
        job = build.job(
            *given.pop("serials", ()),
            id=JobId(name),
            rooms=rooms or ("Alarms",),
            **given,
        )
        self.run(job)
        return job

    def event(self, kind: EventKind, job: Job, name: str) -> EventId:
        event = build.event(id=EventId(name), kind=kind, job_id=job.id)
        self.events.add_event(event)
        return event.id

    def reply(self, kind: EventKind, job: Job, name: str, **given: Any) -> Job:
        about = self.event(kind, job, name)
        made = replace(
            job, id=JobId(name), serials=(), about=about, accepted_at=self.clock.at
        )
        self.run(replace(made, **given))
        return made

    def confirm(self, name: str) -> None:
        event = build.event(id=EventId(name), job_id=JobId(name))
        self.notices.see(event, "ada", NOON)

    def state(self, name: str, room: str = "Alarms") -> NoticeState:
        return self.notices.of_job(JobId(name))[room].state


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.events.close()


def channel(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "apprise", "url": "json://localhost"} | more


def webex(**more: Any) -> dict[str, Any]:
    return {"bot_token": "x", **more}


ESCALATES = webex(escalation={"after_s": 300, "to": ["Guard"]})
