from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from mvsnap.domain import TriggerKind
from mvsnap.jobs.schedule import CameraTimetable
from tests.core.build import DOOR, GATE, NOON

TABLE = CameraTimetable("schedule 1", "0 7 * * *", (GATE, DOOR), ("Alarms",), "Morning")


def test_a_schedule_makes_a_job_of_its_moment() -> None:
    job = TABLE.job_for(NOON)
    assert job.trigger.kind is TriggerKind.SCHEDULE
    assert (job.serials, job.rooms, job.prefix) == (
        (GATE, DOOR),
        ("Alarms",),
        "Morning",
    )
    assert (job.accepted_at, job.at) == (NOON, None)


def test_the_same_moment_is_the_same_job_in_every_zone() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    assert TABLE.job_for(berlin) == TABLE.job_for(NOON)


def test_the_id_stays_the_same_in_every_version() -> None:
    """Two versions may run while one replaces the other: still one job."""
    assert TABLE.job_for(NOON).id == "a17b0f2b-d947-561a-9ce8-8e621260a44d"


def test_another_moment_or_schedule_is_another_job() -> None:
    other = replace(TABLE, name="schedule 2")
    ids = {
        TABLE.job_for(NOON).id,
        TABLE.job_for(NOON + timedelta(minutes=1)).id,
        other.job_for(NOON).id,
    }
    assert len(ids) == 3
