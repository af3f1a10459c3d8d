"""Schedules of the settings: when each is due, and the jobs that come of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.clock import SystemClock
from mvsnap.core.last_run import LastRun
from mvsnap.domain import Job, JobId, Serial, Trigger, TriggerKind
from mvsnap.loop import Loop, Outages
from mvsnap.values import replace

if TYPE_CHECKING:
    from croniter import croniter

# Any fixed UUID: the same schedule at the same moment must give the same job id.
_NAMESPACE = uuid.UUID("5f8b7c1e-3c55-4c0b-9d0f-0e6f0f6a5004")
# A run that was missed by more is not made up.
_MADE_UP_WITHIN = timedelta(hours=1)
# A clock that somebody sets is noticed within this time.
_LOOK_EVERY_S = 20.0


class Runs(Protocol):
    """The last run of each schedule, shared by all workers."""

    def last_run(self, schedule: str) -> LastRun | None: ...

    def note_run(self, schedule: str, run: LastRun) -> None: ...


class CameraSchedule(Struct, frozen=True):
    """name: unique and stable; its last run is kept by it.

    by: what its jobs say started them; "": the schedule.
    """

    name: str
    cron: str
    serials: tuple[Serial, ...]
    rooms: tuple[str, ...]
    prefix: str
    camera_rooms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    by: str = ""

    def last_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the last moment at which it was due, in UTC.

        When summer time ends, an hour comes twice: a schedule of fixed hours is due in
        the first of them, one with `*` or `*/n` for the hour in both.
        """
        after = now.astimezone(UTC) + timedelta(microseconds=1)
        due = self._cron(after, zone).get_prev(datetime)
        is_second = due.utcoffset() != due.replace(fold=0).utcoffset()
        if is_second and not self._runs_every_hour():
            due = due.replace(fold=0)
        moment: datetime = due.astimezone(UTC)
        return moment

    def next_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        moment: datetime = self._cron(now, zone).get_next(datetime).astimezone(UTC)
        return moment

    def job_for(self, run: LastRun) -> Job:
        """Return the job of a run, with the same id in every worker and version.

        Once the clock was set back, a moment is repeated: that is another run.
        """
        moment = run.moment.astimezone(UTC)
        key = f"{self.name} {moment.isoformat()}"
        if run.set_back_at is not None:
            key += f" {run.set_back_at.astimezone(UTC).isoformat()}"
        return Job(
            id=JobId(str(uuid.uuid5(_NAMESPACE, key))),
            trigger=Trigger(TriggerKind.SCHEDULE, self.by or f"schedule {self.cron}"),
            serials=self.serials,
            accepted_at=moment,
            rooms=self.rooms,
            prefix=self.prefix,
            camera_rooms=self.camera_rooms,
        )

    def _cron(self, start: datetime, zone: ZoneInfo) -> croniter:
        from croniter import croniter

        return croniter(self.cron, start.astimezone(zone), second_at_beginning=True)

    def _runs_every_hour(self) -> bool:
        fields = self.cron.split()
        hour = fields[-4]  # a sixth field, seconds, stands before the others
        return hour.startswith("*")


class Scheduler:
    """Submits a job for each run. Several workers may do this at once.

    A run that was missed is made up within an hour, and only the last of them: a clock
    that is set ahead causes no flood. One that is set back causes no silence.
    schedules: those that hold now.
    submit: accepts a job durably; a known id is not run again.
    """

    def __init__(
        self,
        schedules: Callable[[], Sequence[CameraSchedule]],
        runs: Runs,
        submit: Callable[[Job], None],
        clock: SystemClock,
        zone: ZoneInfo,
        *,
        outages: Outages = (),
    ) -> None:
        self._schedules = schedules
        self._runs = runs
        self._submit = submit
        self._clock = clock
        self._zone = zone
        # When this process looked last. Only its own clock shows a step: that of
        # another machine may merely be ahead.
        self._seen: dict[str, datetime] = {}
        self.loop = Loop("schedules", self.step, _LOOK_EVERY_S, clock, outages=outages)

    def step(self) -> float:
        """Submit what is due; return in how many seconds to look again."""
        schedules = self._schedules()
        for schedule in schedules:
            self._run(schedule, self._clock.now())
        now = self._clock.now()
        waits = [one.next_due(now, self._zone) - now for one in schedules]
        return min([_LOOK_EVERY_S, *(wait.total_seconds() for wait in waits)])

    def _run(self, schedule: CameraSchedule, now: datetime) -> None:
        seen = self._seen.get(schedule.name)
        self._seen[schedule.name] = now
        last = self._runs.last_run(schedule.name)
        if last is None:
            self._runs.note_run(schedule.name, LastRun(now))
            return
        may_be_set_back = seen is None or now < seen
        if may_be_set_back and now < last.moment:
            self._runs.note_run(schedule.name, LastRun(now, set_back_at=now))
            return
        due = schedule.last_due(now, self._zone)
        if due <= last.moment:
            return
        run = replace(last, moment=due)
        if now - due <= _MADE_UP_WITHIN:
            self._submit(schedule.job_for(run))
        self._runs.note_run(schedule.name, run)
