from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from mvsnap.core.last_run import LastRun
from mvsnap.domain import Job, TriggerKind
from mvsnap.jobs.schedule import CameraSchedule, Scheduler
from mvsnap.values import replace
from tests.core.build import DOOR, GATE, NOON
from tests.test_clock import DAY, HOUR, SetClock

MORNING = CameraSchedule(
    "schedule 1", "0 7 * * *", (GATE, DOOR), ("Alarms",), "Morning"
)
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_schedule_makes_a_job_of_its_moment() -> None:
    job = MORNING.job_for(LastRun(NOON))
    assert job.trigger.kind is TriggerKind.SCHEDULE
    assert (job.serials, job.rooms, job.prefix) == (
        (GATE, DOOR),
        ("Alarms",),
        "Morning",
    )
    assert (job.accepted_at, job.at) == (NOON, None)


def test_the_same_moment_is_the_same_job_in_every_zone() -> None:
    berlin = NOON.astimezone(timezone(HOUR))
    assert MORNING.job_for(LastRun(berlin)).id == MORNING.job_for(LastRun(NOON)).id


def test_the_id_stays_the_same_in_every_version() -> None:
    """Two versions may run while one replaces the other: still one job."""
    job = MORNING.job_for(LastRun(NOON))
    assert job.id == "a17b0f2b-d947-561a-9ce8-8e621260a44d"


def test_another_moment_or_schedule_is_another_job() -> None:
    other = replace(MORNING, name="schedule 2")
    ids = {
        MORNING.job_for(LastRun(NOON)).id,
        MORNING.job_for(LastRun(NOON + MINUTE)).id,
        MORNING.job_for(LastRun(NOON, set_back_at=NOON)).id,
        other.job_for(LastRun(NOON)).id,
    }
    assert len(ids) == 4


def due_between(cron: str, begin: datetime, end: datetime) -> list[str]:
    """Return every moment at which a look each minute finds it due anew, in UTC."""
    schedule = replace(MORNING, cron=cron)
    last, found, now = begin, [], begin
    while now < end:
        now += MINUTE
        due = schedule.last_due(now, BERLIN)
        if due > last:
            found.append(f"{due:%H:%M}")
            last = due
    return found


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("30 2 * * *", ["00:30"]),
        ("*/20 2 * * *", ["00:00", "00:20", "00:40"]),
        ("15 1-3 * * *", ["00:15", "02:15"]),
        ("0 * * * *", ["00:00", "01:00", "02:00"]),
        ("30 */2 * * *", ["00:30", "01:30"]),
        ("0 30 2 * * *", ["00:30"]),
    ],
)
def test_when_summer_time_ends_a_fixed_hour_runs_once(
    cron: str, due: list[str]
) -> None:
    begin = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert due_between(cron, begin, begin + 3 * HOUR) == due


@pytest.mark.parametrize("cron", ["30 2 * * *", "0 * * * *"])
def test_when_summer_time_begins_no_day_is_left_out(cron: str) -> None:
    begin = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert due_between(cron, begin, begin + HOUR) == ["01:00"]


class Runs:
    def __init__(self) -> None:
        self.last: dict[str, LastRun] = {}

    def last_run(self, schedule: str) -> LastRun | None:
        return self.last.get(schedule)

    def note_run(self, schedule: str, run: LastRun) -> None:
        self.last[schedule] = run


class Site:
    """A schedule every five minutes; a known id is not run again, as in the engine."""

    def __init__(self, cron: str = "*/5 * * * *") -> None:
        self.schedule = replace(MORNING, cron=cron)
        self.clock, self.runs = SetClock(), Runs()
        self.jobs: dict[str, Job] = {}
        self.scheduler = self.another()

    def another(self) -> Scheduler:
        """Return the scheduler of another worker, or of the next start."""
        return Scheduler(
            lambda: [self.schedule],
            self.runs,
            self._submit,
            self.clock,
            ZoneInfo("UTC"),
        )

    def _submit(self, job: Job) -> None:
        self.jobs[job.id] = job

    def run(self, passed: timedelta, *others: Scheduler) -> int:
        """Let time pass; return how many jobs came of it."""
        before, end = len(self.jobs), self.clock.uptime + passed
        while self.clock.uptime < end:
            for scheduler in (self.scheduler, *others):
                wait_s = scheduler.step()
            self.clock.go(timedelta(seconds=wait_s))
        return len(self.jobs) - before


def test_it_runs_when_it_is_due_and_no_sooner() -> None:
    site = Site()
    assert site.run(2 * MINUTE) == 0  # not at the start
    assert site.run(HOUR) == 12
    assert {job.accepted_at.minute % 5 for job in site.jobs.values()} == {0}


def test_two_workers_take_one_picture() -> None:
    site = Site()
    assert site.run(HOUR + MINUTE, site.another()) == 12


@pytest.mark.parametrize("step", [HOUR, DAY, 365 * DAY])
def test_a_step_ahead_makes_up_the_last_run_alone(step: timedelta) -> None:
    site = Site()
    site.run(7 * MINUTE)
    site.clock.set(step)
    assert site.run(timedelta(seconds=1)) == 1
    assert site.run(HOUR) in (12, 13)


@pytest.mark.parametrize("step", [4 * MINUTE, HOUR, 365 * DAY])
def test_a_step_back_causes_no_silence_and_no_flood(step: timedelta) -> None:
    site = Site()
    site.run(HOUR + MINUTE)
    for more_s in (1, 2):
        site.clock.set(-step - timedelta(seconds=more_s))
        assert site.run(HOUR) in (11, 12, 13)


def test_a_start_with_a_clock_that_is_ahead_causes_no_silence_later() -> None:
    site = Site()
    site.run(7 * MINUTE)
    site.clock.set(365 * DAY)
    site.scheduler = site.another()
    site.run(2 * MINUTE)
    site.clock.set(-365 * DAY)
    site.scheduler = site.another()
    assert site.run(HOUR) in (11, 12, 13)


def test_a_machine_that_is_behind_causes_no_flood() -> None:
    site, behind = Site(), Site()
    behind.runs, behind.jobs = site.runs, site.jobs
    behind.clock.set(-7 * MINUTE)
    behind.scheduler = behind.another()
    for _ in range(60):
        site.run(MINUTE)
        behind.run(MINUTE)
    assert 12 <= len(site.jobs) <= 15


def test_a_run_missed_in_the_night_is_not_made_up_at_noon() -> None:
    site = Site("0 3 * * *")
    site.run(MINUTE)
    site.clock.go(DAY)  # it was off
    site.scheduler = site.another()
    assert site.run(MINUTE) == 0
