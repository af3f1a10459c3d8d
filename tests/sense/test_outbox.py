"""Jobs of what cameras raise carry the name of the rule that has raised it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.core.crossing import Crossed, CrossingRule
from mvsnap.domain import Event, EventKind, Job, JobId, ZoneId
from mvsnap.rule_names import crossing_rule, sense_rule
from mvsnap.sense.events import Names, Place, crossing_event
from mvsnap.sense.outbox import Outbox
from mvsnap.sense.rules import SenseRules
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.site import SiteStore
from mvsnap.values import replace
from tests.clients.fakes import SteppedClock
from tests.core.build import GATE
from tests.store.sqlite import db as db

LINE = ZoneId("k1")
BEGAN = datetime(2026, 6, 1, 23, 4, 5, 678_000, tzinfo=UTC)


class Jobs:
    def __init__(self) -> None:
        self.submitted: list[Job] = []

    def submit(self, job: Job) -> None:
        self.submitted.append(job)

    def known(self, _job_id: JobId) -> Job | None:
        return None


def crossed(number: int) -> Event:
    """Return what the rule with this number in the settings has raised."""
    began_ms = round(BEGAN.timestamp() * 1000)
    return crossing_event(
        Place(EventKind.CROSSING, GATE, LINE, number),
        Crossed(began_ms, began_ms, 1),
        CrossingRule("crossing_in", "person", 1, 60_000, 0),
        Names(),
        BEGAN + timedelta(seconds=1),
    )


def rule_of(db: database.Database, event: Event, crossings: list[Any]) -> str:
    tree = {"webex": {"bot_token": "x", "room": "Alarms"}}
    settings = Settings.model_validate(tree | {"sense": {"crossings": crossings}})
    rules, jobs = SenseRules(settings.sense, settings.recipients), Jobs()
    outbox = Outbox(jobs, Store(db), SiteStore(db), SystemClock(), rules)
    outbox.put(event)
    outbox._submit_all()
    (job,) = jobs.submitted
    return job.rule


@pytest.mark.parametrize("number", [0, 1])
def test_of_two_rules_of_one_line_each_has_its_own_name(
    db: database.Database, number: int
) -> None:
    found = rule_of(db, crossed(number), [{"count": 1}, {"line": LINE, "count": 2}])
    assert found == crossing_rule(number, GATE, LINE)


def test_a_crossing_whose_rule_is_gone_has_the_hours_of_its_camera(
    db: database.Database,
) -> None:
    assert rule_of(db, crossed(1), [{"count": 1}]) == sense_rule(GATE, LINE)


def test_a_clock_that_was_set_makes_no_alarm_history(db: database.Database) -> None:
    """Zones are taken over at any time, and what their listener left is posted."""
    clock, store = SteppedClock(), Store(db)
    settings = Settings()
    rules, jobs = SenseRules(settings.sense, settings.recipients), Jobs()
    outbox = Outbox(jobs, store, SiteStore(db), clock, rules)
    now = clock.now()
    clock.passed_since_start()  # looks at it first
    event = replace(crossed(0), occurred_at=now, recorded_at=now)
    event.details["raised_at"] = now.isoformat()
    store.add_event(event)
    clock.by = timedelta(hours=25)
    (found,) = outbox.unsubmitted()
    outbox.put(found)
    outbox._submit_all()
    assert [job.at for job in jobs.submitted] == [None]  # a picture of now shows it
