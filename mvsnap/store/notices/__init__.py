"""Notices: decided once for each job and destination, by whichever process is first."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    or_,
    select,
    text,
    update,
)

from mvsnap.clock import SMALLEST_STEP
from mvsnap.core.notices import Notice, NoticeState
from mvsnap.domain import Change, Event, JobId
from mvsnap.store.events import Store
from mvsnap.store.notices.groups import NoticeGroups
from mvsnap.store.notices.tables import notice_groups, notices, seen_jobs
from mvsnap.store.pieces import pieces
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.site import write_changes
from mvsnap.texts import audit_wordings
from mvsnap.texts.wording import Reason
from mvsnap.values import as_stored, asdict, replace

_c, _g = notices.c, notice_groups.c
# Arbitrary, but the same in every process: they take turns.
_TURN = 5_004_038
# Any fixed UUID: the same group must give the same job in every process.
_NAMESPACE = uuid.UUID("5d2f8a61-94c7-4d0e-8f5b-6d7673656e38")
_MOST = 200


class EarlierNotices(Struct, frozen=True):
    """What was decided about a camera and a destination within some time.

    earlier: when each of its messages was due. open_until: when the groups are over
    whose messages have not been counted yet.
    """

    earlier: Sequence[datetime] = ()
    open_until: Sequence[datetime] = ()


class SeenBy(Struct, frozen=True):
    at: datetime
    who: str


# Makes a notice of what there was before; `due_at` of a grouped one ends its group.
Choose = Callable[[str, EarlierNotices], Notice]


class NoticeStore(NoticeGroups):
    def of_job(self, job_id: JobId) -> dict[str, Notice]:
        """Return the notices of a job by destination."""
        statement = select(notices).where(_c.job_id == job_id)
        return {row.room: _notice(row) for row in self._db.rows(statement)}

    def of_jobs(self, job_ids: Iterable[JobId]) -> dict[JobId, list[Notice]]:
        found: dict[JobId, list[Notice]] = {}
        with self._db.reading() as connection:
            for some in pieces(list(dict.fromkeys(job_ids))):
                its = select(notices).where(_c.job_id.in_(some))
                for row in connection.execute(its.order_by(_c.noted_at, _c.room)):
                    found.setdefault(JobId(row.job_id), []).append(_notice(row))
        return found

    def decide(
        self,
        job_id: JobId,
        rooms: Iterable[str],
        camera: str,
        since: datetime,
        choose: Choose,
    ) -> None:
        """Store a notice for each destination that has none yet.

        since: how far back messages of the camera are counted; camera: "" without.
        """
        with self._in_turn() as connection:
            known = select(_c.room).where(_c.job_id == job_id)
            decided = set(connection.execute(known).scalars())
            for room in rooms:
                if room not in decided:
                    history = _history(connection, room, camera, since)
                    self._put(connection, choose(room, history))

    def decide_again(self, late: Notice, since: datetime, choose: Choose) -> None:
        """Replace a notice that was kept back until now, unless another process has."""
        with self._in_turn() as connection:
            same = select(notices).where(_c.job_id == late.job_id, _c.room == late.room)
            row = connection.execute(same).one_or_none()
            if row is not None and _notice(row) == late:
                history = _history(connection, late.room, late.camera, since)
                self._put(connection, choose(late.room, history))

    def due(self, now: datetime) -> list[Notice]:
        """Return notices whose job has to be looked at, those first that were first."""
        statement = select(notices).where(_is_due(_c.due_at, now))
        return self._read(statement.order_by(_c.due_at, _c.noted_at, _c.job_id))

    def to_escalate(self, now: datetime, latest: datetime) -> list[Notice]:
        """Return notices that may be due to escalate.

        latest: what the clock would say now if nobody had set it.
        """
        at = _c.escalate_at
        statement = select(notices).where(or_(_is_due(at, now), at <= latest))
        return self._read(statement.order_by(at, _c.job_id))

    def look_again(self, notice: Notice, at: datetime) -> None:
        """Have the job of a notice looked at once more, if nothing has happened."""
        same = _is_same(notice) & (_c.due_at == notice.due_at)
        self._update(update(notices).where(same).values(due_at=at))

    def begun(self, job_id: JobId, rooms: Iterable[str]) -> None:
        """A run of the job sends what was still to be sent to these.

        Not to all: another may be added while it begins, and the run leaves it out.
        """
        sent = (_c.job_id == job_id) & (_c.state == NoticeState.NOW)
        statement = update(notices).where(sent, _c.room.in_(list(rooms)))
        self._update(statement.values(due_at=None))

    def drop(self, notice: Notice) -> None:
        """Send nothing to a destination that has not been notified."""
        quiet = {"state": NoticeState.QUIET, "due_at": None, "escalate_at": None}
        self._update(update(notices).where(_is_same(notice)).values(quiet))

    def escalate(self, notice: Notice, extra: Iterable[Notice]) -> None:
        """Store that these are notified, too; one that is known already stays."""
        with self._db.writing() as connection:
            for one in extra:
                added = self._db.insert(notices).values(_values(one))
                connection.execute(added.on_conflict_do_nothing())
            same = _is_same(notice) & (_c.escalate_at == notice.escalate_at)
            connection.execute(update(notices).where(same).values(escalate_at=None))

    def see(self, event: Event, who: str, now: datetime) -> bool:
        """Store who has seen the messages about an event, with a line in the audit log.

        Returns False if somebody had before: then nothing changes.
        """
        added = self._db.insert(seen_jobs).values(
            job_id=event.job_id, seen_at=now, seen_by=who
        )
        statement = added.on_conflict_do_nothing().returning(seen_jobs.c.job_id)
        with self._db.writing() as connection:
            is_first = connection.execute(statement).first() is not None
            if is_first:
                what, done = audit_wordings.EVENT(id=event.id), audit_wordings.SEEN()
                log = Change(now, who, what, Reason(""), done)
                write_changes(connection, [log])
        return is_first

    def seen(self, job_id: JobId) -> SeenBy | None:
        statement = select(seen_jobs).where(seen_jobs.c.job_id == job_id)
        row = self._db.first(statement)
        return None if row is None else SeenBy(row.seen_at, row.seen_by)

    def purge(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove what was decided, and seen, before; not what is still to be sent."""
        old = and_(
            _c.noted_at < before,
            *(or_(at.is_(None), at < before) for at in (_c.due_at, _c.escalate_at)),
        )
        return purge(
            self._db,
            OldRows(notices, old),
            OldRows(
                notice_groups, _g.handed_over & (_g.ends_at < before), counted=False
            ),
            OldRows(seen_jobs, seen_jobs.c.seen_at < before, counted=False),
            dry_run=dry_run,
        )

    @contextmanager
    def _in_turn(self) -> Iterator[Connection]:
        """Two who decide at once would both be the last that is sent by itself."""
        with self._db.writing() as connection:
            if not self._db.is_sqlite:
                lock = text("select pg_advisory_xact_lock(:key)")
                connection.execute(lock, {"key": _TURN})
            yield connection

    def _put(self, connection: Connection, notice: Notice) -> None:
        if notice.state is NoticeState.GROUPED and notice.camera:
            notice = self._in_group(connection, notice)
        connection.execute(self._db.upsert(notices).values(_values(notice)))

    def _in_group(self, connection: Connection, notice: Notice) -> Notice:
        """Return the notice as one of its group, which is opened if it is new."""
        ends_at = notice.due_at
        assert ends_at is not None
        name = f"{notice.room}\n{notice.camera}\n{ends_at.timestamp()}"
        group_id = str(uuid.uuid5(_NAMESPACE, name))
        added = self._db.insert(notice_groups).values(
            id=group_id,
            room=notice.room,
            camera=notice.camera,
            ends_at=ends_at,
            handed_over=False,
        )
        connection.execute(added.on_conflict_do_nothing())
        return replace(notice, due_at=None, group_id=group_id)

    def _read(self, statement: Select[Any]) -> list[Notice]:
        return [_notice(row) for row in self._db.rows(statement.limit(_MOST))]


def notices_of(store: Store, job_id: JobId) -> dict[str, Notice]:
    return NoticeStore(store._db).of_job(job_id)


def _history(
    connection: Connection, room: str, camera: str, since: datetime
) -> EarlierNotices:
    if not camera:
        return EarlierNotices()
    counted = (_c.room == room) & (_c.camera == camera) & (_c.noted_at > since)
    # One that is kept back counts when it is due.
    sent = counted & or_(_c.state == NoticeState.NOW, _c.state == NoticeState.GROUPED)
    earlier = connection.execute(
        select(_c.noted_at).where(sent).order_by(_c.noted_at.desc()).limit(1001)
    )
    # The run that counts the messages of a group has a notice by then, decided in turn:
    # each message is in the group before that, or joins another.
    is_counted = exists().where(_c.job_id == _g.id)
    ends = select(_g.ends_at).where(
        *(_g.room == room, _g.camera == camera, _g.ends_at > since),
        *(_g.handed_over.is_(False), ~is_counted),
    )
    return EarlierNotices(
        earlier.scalars().all(),
        connection.execute(ends.order_by(_g.ends_at).limit(_MOST)).scalars().all(),
    )


def _is_due(column: Column[Any], now: datetime) -> ColumnElement[bool]:
    """Return also those that were decided before the clock was set back."""
    from_ahead = column.is_not(None) & (_c.noted_at > now + SMALLEST_STEP)
    return or_(column <= now, from_ahead)


def _is_same(notice: Notice) -> ColumnElement[bool]:
    return (
        (_c.job_id == notice.job_id)
        & (_c.room == notice.room)
        & (_c.state == notice.state)
    )


def _values(notice: Notice) -> dict[str, Any]:
    return asdict(notice)


def _notice(row: Row[Any]) -> Notice:
    found = dict(row._mapping)
    return Notice(**found | {"state": as_stored(NoticeState, row.state)})
