"""Groups: messages about one camera that become one, with their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Update, func, or_, select, update

from mvsnap.domain import JobId
from mvsnap.store.database import Database
from mvsnap.store.notices.tables import notice_groups, notices

_c, _g = notices.c, notice_groups.c
_MOST = 200


class NoticeGroup(Struct, frozen=True):
    """Messages that became one. first_at, last_at: when those were due."""

    id: JobId
    room: str
    camera: str
    ends_at: datetime
    messages: int
    first_at: datetime | None = None
    last_at: datetime | None = None
    job_ids: Sequence[JobId] = ()


class NoticeGroups:
    def __init__(self, db: Database) -> None:
        self._db = db

    def ended_groups(self, now: datetime, longest: timedelta) -> list[NoticeGroup]:
        """Return groups whose message is due and has no job yet.

        longest: one that lasts longer was opened before the clock was set back.
        """
        is_over = or_(_g.ends_at <= now, _g.ends_at > now + longest)
        statement = (
            select(notice_groups)
            .where(_g.handed_over.is_(False), is_over)
            .order_by(_g.ends_at)
            .limit(_MOST)
        )
        rows = self._db.rows(statement)
        return [
            NoticeGroup(JobId(row.id), row.room, row.camera, row.ends_at, 0)
            for row in rows
        ]

    def group(self, group_id: JobId) -> NoticeGroup | None:
        """Return a group with its number of messages; None: the job is of none."""
        counting = select(
            func.count().label("many"),
            func.min(_c.noted_at).label("first_at"),
            func.max(_c.noted_at).label("last_at"),
        ).where(_c.group_id == group_id)
        newest = select(_c.job_id).where(_c.group_id == group_id)
        newest = newest.order_by(_c.noted_at.desc(), _c.job_id).limit(1)
        with self._db.reading() as connection:
            row = connection.execute(
                select(notice_groups).where(_g.id == group_id)
            ).one_or_none()
            if row is None:
                return None
            found = connection.execute(counting).one()
            jobs = connection.execute(newest).scalars().all()
        return NoticeGroup(
            JobId(row.id),
            *(row.room, row.camera, row.ends_at, found.many),
            *(found.first_at, found.last_at, [JobId(job) for job in jobs]),
        )

    def handed_over(self, group_id: JobId) -> None:
        done = update(notice_groups).where(_g.id == group_id)
        self._update(done.values(handed_over=True))

    def _update(self, statement: Update) -> None:
        self._db.execute(statement)
