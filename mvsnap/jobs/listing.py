"""Jobs as people look at them: which wait or failed, why, and "try again now".

A job in its first run is known to the engine alone; every other has a row that says
what it waits for, or how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.clock import Clock
from mvsnap.domain import Change, Job, JobId
from mvsnap.errors import BadInput, NotFound
from mvsnap.jobs.codec import decode, encode
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.waiting import next_run_id
from mvsnap.jobs.waits import CAMERA, JOB, ROOM
from mvsnap.store.job_states import TURN, JobFilter, JobRow, JobStage, JobStateStore
from mvsnap.texts import audit_wordings
from mvsnap.texts import channel_wordings as said
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

# Rows that one page looks at: of those that a key may see there may be few.
_LOOKS_AT = 2000
_AT_ONCE = 200
# The engine stores a job some time after its trigger was accepted.
_STORED_WITHIN = timedelta(minutes=1)


class JobEntry(Struct, frozen=True):
    """waits_for, reason: for people. since: when it began to wait, or when it ended.

    next_at: when it is tried again at the latest; None: now, or never.
    """

    job: Job
    stage: JobStage
    since: datetime
    waits_for: Reason = Reason("")
    reason: Reason = Reason("")
    next_at: datetime | None = None

    @property
    def place(self) -> tuple[datetime, JobId]:
        return self.job.accepted_at, self.job.id

    @property
    def may_retry(self) -> bool:
        return self.stage in (JobStage.WAITING, JobStage.PARTIAL, JobStage.FAILED)


def retry_change(before: JobEntry, who: str, now: datetime) -> Change:
    """Return the audit log line of a job that somebody had tried again."""
    # The person or the key; what it waited for is in the job's own row.
    what, stage = audit_wordings.JOB(id=before.job.id), audit_wordings.STAGES
    return Change(now, who, what, stage[before.stage](), audit_wordings.TRIED_AGAIN())


class JobsPage(Struct, frozen=True):
    """after: the last job that was looked at; None: there is no other page."""

    entries: Sequence[JobEntry]
    after: JobId | None


class JobList:
    def __init__(self, engine: Engine, states: JobStateStore, clock: Clock) -> None:
        self._engine = engine
        self._states = states
        self._clock = clock

    def page(
        self,
        wanted: JobFilter,
        limit: int,
        may_see: Callable[[Job], bool] = lambda _job: True,
    ) -> JobsPage:
        """Return jobs, newest first; fewer than `limit` where it may see few."""
        found: list[JobEntry] = []
        for _ in range(_LOOKS_AT // _AT_ONCE):
            rows = self._rows(wanted, _AT_ONCE)
            for row in rows:
                job = _job(row)
                if not may_see(job):
                    continue
                if len(found) == limit:
                    return JobsPage(found, found[-1].job.id)
                found.append(_entry(row, job))
            if len(rows) < _AT_ONCE:
                return JobsPage(found, None)
            wanted = replace(wanted, behind=rows[-1].place())
        return JobsPage(found, rows[-1].job_id)

    def oldest_at(self) -> datetime | None:
        """Return when the job that waits longest came, None if none waits."""
        both = self._states.oldest_waiting(), self._engine.oldest_run()
        return min((at for at in both if at is not None), default=None)

    def place(self, job_id: JobId) -> tuple[datetime, JobId]:
        """Return where a page behind this job begins.

        Raises:
            NotFound: no such job.
        """
        return self.entry(job_id).place

    def entry(self, job_id: JobId) -> JobEntry:
        """Return one job.

        Raises:
            NotFound: no such job, or one that ended before states were kept.
        """
        row = self._states.row(job_id) or self._first_run(job_id)
        if row is None:
            raise NotFound(f"Job {job_id[:40]!r} not found")
        return _entry(row, _job(row))

    def retry(self, job_id: JobId) -> JobEntry:
        """Let a job that waits go on now, and one that failed begin again.

        What was posted is not posted again; what is posted now says that it is late.

        Raises:
            NotFound: no such job. BadInput: it has done everything.
        """
        entry, row = self.entry(job_id), self._states.row(job_id)
        if not entry.may_retry:
            raise BadInput(f"Job {job_id}: everything is done", code="job_done")
        if row is None:
            return entry  # it runs, or is about to
        if row.stage is JobStage.WAITING:
            self._let_go_on(row)
        else:
            self._begin_again(row, entry.job)
        return self.entry(job_id)

    def known(self, job_id: JobId) -> Job | None:
        """Return a job as it was run last, None where nothing is known of it."""
        row = self._states.row(job_id)
        return self._engine.job(job_id) if row is None else _job(row)

    def resume(self, job_id: JobId) -> bool:
        """Have a job looked at once more, though it has done everything.

        Returns False while it is in its first run, or is about to begin it.
        """
        row = self._states.row(job_id)
        if row is None:
            return False
        if row.stage is JobStage.WAITING:
            self._let_go_on(row)
        else:
            self._begin_again(row, _job(row))
        return True

    def _let_go_on(self, row: JobRow) -> None:
        if self._engine.has_failed(row.run_id):
            self._begin_again(row, _job(row))
            return
        self._states.give_turn(row.job_id)
        if self._engine.job(JobId(row.run_id)) is None:  # lost with the engine's file
            self._engine.run_again(_job(row), row.run_id)
        self._engine.go_on(row.run_id)

    def _begin_again(self, row: JobRow, job: Job) -> None:
        now = self._clock.now()
        again = replace(job, again_at=now)
        # The same id for two who ask at once: it runs once.
        run_id = next_run_id(row.run_id)
        # First its row: a run that has to wait at once must find that it waits.
        self._states.begin_again(
            row,
            replace(
                row,
                stage=JobStage.WAITING,
                job=encode(again),
                run_id=run_id,
                waits_for=TURN,
                since=now,
            ),
            now,
        )
        self._engine.run_again(again, run_id)

    def _rows(self, wanted: JobFilter, limit: int) -> list[JobRow]:
        rows = self._states.rows(wanted, limit)
        if wanted.stages is None or JobStage.WAITING in wanted.stages:
            rows += self._first_runs(wanted, limit)
        return sorted(rows, key=JobRow.place, reverse=True)[:limit]

    def _first_runs(self, wanted: JobFilter, limit: int) -> list[JobRow]:
        until = wanted.until
        if wanted.behind is not None:
            behind_at = wanted.behind[0]
            until = min(until, behind_at) if until else behind_at
        if until is not None:
            until += _STORED_WITHIN
        runs = self._engine.first_runs(wanted.since, until, limit + _AT_ONCE)
        ids = [run.job_id for run in runs]
        ids_known = self._states.known(ids)
        begun = {run.job_id for run in runs if run.has_begun}
        jobs = self._engine.known_jobs([one for one in ids if one not in ids_known])
        rows = [_first_row(job, has_begun=job.id in begun) for job in jobs]
        return [row for row in rows if wanted.includes(row)]

    def _first_run(self, job_id: JobId) -> JobRow | None:
        job = self._engine.job(job_id)
        if job is None or job.id != job_id:
            return None
        around = job.accepted_at - _STORED_WITHIN, job.accepted_at + _STORED_WITHIN
        for run in self._engine.first_runs(*around, _LOOKS_AT):
            if run.job_id == job_id:
                return _first_row(job, has_begun=run.has_begun)
        return None


def _job(row: JobRow) -> Job:
    return decode(row.job, row.job_id, row.accepted_at)


def _first_row(job: Job, *, has_begun: bool) -> JobRow:
    return JobRow(
        job.id,
        JobStage.WAITING,
        job.accepted_at,
        encode(job),
        run_id=job.id,
        reason=said.RUNS_NOW() if has_begun else said.NOT_BEGUN(),
        since=job.accepted_at,
        waits_for=TURN,
    )


def _entry(row: JobRow, job: Job) -> JobEntry:
    is_waiting = row.stage is JobStage.WAITING
    return JobEntry(
        job,
        row.stage,
        row.since,
        _words(row.waits_for) if is_waiting else Reason(""),
        row.reason,
        row.next_at if is_waiting and row.waits_for != TURN else None,
    )


def _words(waits_for: str | None) -> Reason:
    if not waits_for:
        return said.NEXT_TRY()
    if waits_for.startswith(ROOM):
        return said.A_ROOM(name=waits_for.removeprefix(ROOM))
    if waits_for.startswith(CAMERA):
        return said.A_CAMERA(name=waits_for.removeprefix(CAMERA))
    if waits_for.startswith(JOB):
        return said.A_MESSAGE(id=waits_for.removeprefix(JOB))
    return said.ITS_TURN()
