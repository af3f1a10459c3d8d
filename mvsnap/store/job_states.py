"""Jobs that wait or have ended: why, since when, and what lets them go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select, update

from mvsnap.domain import Job, JobId
from mvsnap.store.database import Database
from mvsnap.store.paging import Order
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.sharing.tables import job_states
from mvsnap.texts import reasons
from mvsnap.texts.wording import Reason
from mvsnap.values import as_stored

_c = job_states.c
# The value of waits_for of a job that may go on, and is about to.
TURN = "turn"
_SETTLED_AFTER = timedelta(seconds=1)
_MOST_OVERDUE = 200
_NEWEST_FIRST = Order(falling=(_c.accepted_at, _c.job_id))


class JobStage(StrEnum):
    """WAITING: not finished, whether it runs now or later."""

    WAITING = "waiting"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


class JobRow(Struct, frozen=True):
    """job: encoded. run_id: the engine's id of its next or last run.

    thread: the job whose thread it writes in, "" for its own. waits_for: see
    `jobs.waits`. next_at: when it is tried again at the latest.
    """

    job_id: JobId
    stage: JobStage
    accepted_at: datetime
    job: str
    run_id: str
    reason: Reason
    since: datetime
    thread: str = ""
    waits_for: str | None = None
    next_at: datetime | None = None

    def place(self) -> tuple[datetime, JobId]:
        return self.accepted_at, self.job_id


class JobFilter(Struct, frozen=True):
    """Which jobs; None means any. `until` is exclusive; behind: paging."""

    stages: tuple[JobStage, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    behind: tuple[datetime, JobId] | None = None

    def includes(self, row: JobRow) -> bool:
        return (
            (self.stages is None or row.stage in self.stages)
            and (self.since is None or row.accepted_at >= self.since)
            and (self.until is None or row.accepted_at < self.until)
            and (self.behind is None or row.place() < self.behind)
        )


class JobStateStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, row: JobRow, now: datetime, *, unless_ended: bool = False) -> bool:
        """Store the state of a job; `since` stays while the state does.

        unless_ended: return False where it is known that the job has ended.
        """
        news: dict[str, Any] = {
            "state": row.stage,
            "run_id": row.run_id,
            "thread": row.thread,
            "waits_for": row.waits_for,
            "reason": str(row.reason),
            "reasons": reasons.stored(reason=row.reason),
            "next_at": row.next_at,
            "job": row.job,
            "changed_at": now,
        }
        added = self._db.insert(job_states).values(
            job_id=row.job_id, accepted_at=row.accepted_at, since=row.since, **news
        )
        # A job waits since it began to wait, however often it was tried meanwhile.
        is_same = _c.state == added.excluded.state
        news["since"] = case((is_same, _c.since), else_=added.excluded.since)
        statement = added.on_conflict_do_update(
            index_elements=[_c.job_id],
            set_=news,
            where=_c.state == JobStage.WAITING if unless_ended else None,
        ).returning(_c.job_id)
        return self._db.returned(statement) is not None

    def row(self, job_id: JobId) -> JobRow | None:
        found = self._db.first(select(job_states).where(_c.job_id == job_id))
        return None if found is None else _row(found)

    def rows(self, wanted: JobFilter, limit: int) -> list[JobRow]:
        """Return jobs, newest first, at most `limit`."""
        # One question for each stage: the index gives the newest of one, not of some.
        questions = [
            select(job_states)
            .where(*_conditions(wanted), *of_stage)
            .order_by(*_NEWEST_FIRST.by)
            .limit(limit)
            for of_stage in _stages(wanted)
        ]
        with self._db.reading() as connection:
            found = [_row(row) for one in questions for row in connection.execute(one)]
        return sorted(found, key=JobRow.place, reverse=True)[:limit]

    def begin_again(self, ended: JobRow, begun: JobRow, now: datetime) -> None:
        """Store that a job that had ended waits again, unless it ended once more."""
        statement = (
            update(job_states)
            .where(_c.job_id == ended.job_id, _c.run_id == ended.run_id)
            .values(
                state=begun.stage,
                job=begun.job,
                run_id=begun.run_id,
                waits_for=begun.waits_for,
                since=begun.since,
                next_at=None,
                changed_at=now,
            )
        )
        self._db.execute(statement)

    def give_turn(self, job_id: JobId) -> None:
        """Store that a job that waits is about to go on."""
        is_waiting = and_(_c.job_id == job_id, _c.state == JobStage.WAITING)
        self._db.execute(update(job_states).where(is_waiting).values(waits_for=TURN))

    def thread(self, job_id: JobId) -> JobId:
        """Return the job in whose thread this one writes."""
        row = self.row(job_id)
        return JobId(row.thread) if row and row.thread else job_id

    def has_earlier(self, job: Job, thread: JobId, waits_for: Sequence[str]) -> bool:
        """Return whether an earlier job of the thread waits for one of these.

        Or is about to go on; its first job is none of them.
        """
        earlier = (
            select(_c.job_id)
            .where(
                _c.thread == thread,
                _c.state == JobStage.WAITING,
                _c.job_id.not_in((job.id, thread)),
                or_(
                    _c.accepted_at < job.accepted_at,
                    and_(_c.accepted_at == job.accepted_at, _c.job_id < job.id),
                ),
                _c.waits_for.in_((*waits_for, TURN)),
            )
            .limit(1)
        )
        return self._db.first(earlier) is not None

    def turns(self, since: datetime, until: datetime) -> int:
        """Return how many jobs got their turn between these and have not ended."""
        statement = select(func.count()).where(
            _c.waits_for == TURN, _c.changed_at.between(since, until)
        )
        return int(self._db.scalar(statement) or 0)

    def waited_for(self, kind: str) -> list[str]:
        """Return what jobs wait for, of one kind: what it begins with."""
        statement = (
            select(_c.waits_for)
            .where(_c.waits_for.is_not(None), _is_of_kind(kind))
            .distinct()
        )
        return self._db.scalars(statement)

    def take(self, waits_for: str, now: datetime, *, newest: bool) -> str | None:
        """Give a turn to the newest or oldest job that waits for this.

        Returns the id of its run; None: no job does. One that began to wait less than a
        second ago may not be with the engine yet.
        """
        order = (_c.accepted_at, _c.job_id)
        first = (
            select(_c.job_id)
            .where(
                _c.waits_for == waits_for,
                or_(_c.changed_at < now - _SETTLED_AFTER, _c.changed_at > now),
            )
            .order_by(*(c.desc() for c in order) if newest else order)
            .limit(1)
            .scalar_subquery()
        )
        taken = (
            update(job_states)
            .where(_c.job_id == first, _c.waits_for == waits_for)
            .values(waits_for=TURN, changed_at=now)
            .returning(_c.run_id)
        )
        with self._db.writing() as connection:
            return connection.execute(taken).scalar_one_or_none()

    def overdue_turns(
        self, since: datetime, until: datetime, now: datetime
    ) -> list[str]:
        """Return the runs of jobs whose turn came between these, or will have come."""
        at = _c.changed_at
        overdue = select(_c.run_id).where(
            _c.waits_for == TURN, or_(at.between(since, until), at > now)
        )
        return list(self._db.scalars(overdue.limit(_MOST_OVERDUE)))

    def release(self, kinds: Sequence[str], to: str, later_than: datetime) -> None:
        """Let jobs that are to be tried again only after a moment wait for `to`.

        kinds: see `waited_for`; "" is the time alone.
        """
        is_one = or_(*(_is_of_kind(kind) for kind in kinds))
        self._db.execute(
            update(job_states)
            .where(_c.waits_for.is_not(None), is_one, _c.next_at > later_than)
            .values(waits_for=to)
        )

    def known(self, job_ids: Sequence[JobId]) -> set[JobId]:
        """Return which of these jobs have a state here."""
        statement = select(_c.job_id).where(_c.job_id.in_(job_ids))
        return {JobId(found) for found in self._db.scalars(statement)}

    def count(self, stage: JobStage, at_most: int) -> int:
        some = select(_c.job_id).where(_c.state == stage).limit(at_most).subquery()
        return int(self._db.scalar(select(func.count()).select_from(some)) or 0)

    def oldest_waiting(self) -> datetime | None:
        """Return when the job that waits longest was accepted, None if none waits."""
        waiting = select(func.min(_c.accepted_at)).where(_c.state == JobStage.WAITING)
        found: datetime | None = self._db.scalar(waiting)
        return found

    def purge(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove what is known of jobs that ended before, or were lost."""
        return purge(
            self._db, OldRows(job_states, _c.changed_at < before), dry_run=dry_run
        )


def _is_of_kind(kind: str) -> ColumnElement[bool]:
    # Not by comparing: the order of a database need not be that of the characters.
    return (
        func.substr(_c.waits_for, 1, len(kind)) == kind if kind else _c.waits_for == ""
    )


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(_c.accepted_at >= wanted.since)
    if wanted.until is not None:
        found.append(_c.accepted_at < wanted.until)
    if wanted.behind is not None:
        found.append(_NEWEST_FIRST.behind(wanted.behind))
    return found


def _stages(wanted: JobFilter) -> list[list[ColumnElement[bool]]]:
    if wanted.stages is None:
        return [[]]
    return [[_c.state == stage] for stage in wanted.stages]


def _row(row: Row[Any]) -> JobRow:
    return JobRow(
        job_id=JobId(row.job_id),
        stage=as_stored(JobStage, row.state),
        accepted_at=row.accepted_at,
        job=row.job,
        run_id=row.run_id,
        reason=reasons.read(row.reasons, "reason", row.reason) or Reason(""),
        since=row.since,
        thread=row.thread,
        waits_for=row.waits_for,
        next_at=row.next_at,
    )
