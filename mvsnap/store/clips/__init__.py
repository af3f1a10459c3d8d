"""Clips: requested, recorded, posted, kept. One method is one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, Update, and_, func, or_, select, update

from mvsnap.clip_model import Clip, ClipState, RecorderCameraState
from mvsnap.clock import AHEAD
from mvsnap.domain import (
    CameraName,
    Change,
    Event,
    EventId,
    JobId,
)
from mvsnap.store import database_clock, recorder_states
from mvsnap.store.clips.rows import clip_of, clip_row, noted
from mvsnap.store.database import Database
from mvsnap.store.events.rows import event_row
from mvsnap.store.paging import Order
from mvsnap.store.site import write_changes
from mvsnap.store.tables import clips, events
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

NEWEST_FIRST = Order(falling=(clips.c.at, clips.c.id))
UNFINISHED = (ClipState.WAITING, ClipState.RECORDING)
# Claimed by one recorder, and left alone by the others.
_HAD = (ClipState.RECORDING, ClipState.READY, ClipState.FAILED)


class ClipFilter(Struct, frozen=True):
    """Which clips; None means any. `until` is exclusive; `after` is paging."""

    cameras: tuple[CameraName, ...] | None = None
    states: tuple[ClipState, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    kept: bool | None = None
    after: EventId | None = None


class ClipStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    # --- for jobs and the recorder

    def ask(self, wanted: Iterable[Clip], recorder_id: str | None = None) -> None:
        """Store clips to record; known ones stay as they are.

        recorder_id: of a recorder that claims them right away.
        """
        more = {"recorder_id": recorder_id}
        rows = [clip_row(clip) | {"due_at": clip.received_at} | more for clip in wanted]
        if rows:
            statement = self._db.insert(clips).values(rows)
            self._db.execute(statement.on_conflict_do_nothing())

    def unfinished(self, camera: CameraName) -> Counter[str]:
        """Count the clips of a camera that wait or are being recorded, by caller."""
        statement = (
            select(clips.c.caller, func.count())
            .where(clips.c.camera == camera, clips.c.state.in_(UNFINISHED))
            .group_by(clips.c.caller)
        )
        return Counter({row.caller: row[1] for row in self._db.rows(statement)})

    def are_left(self) -> bool:
        """Return whether any clip waits, is being recorded, or is not posted."""
        is_left = or_(clips.c.state.in_(UNFINISHED), clips.c.notified.is_(False))
        with self._db.reading() as connection:
            found = connection.execute(select(clips.c.id).where(is_left).limit(1))
            return found.first() is not None

    def claim(
        self, recorder_id: str, cameras: Iterable[CameraName], now: datetime
    ) -> list[Clip]:
        """Claim what is due for these cameras; return all that this recorder has.

        What it had before a restart is included. The oldest come first: those that
        shared its file before a restart find it already started.
        """
        mine = and_(
            clips.c.state == ClipState.RECORDING, clips.c.recorder_id == recorder_id
        )
        due = and_(
            clips.c.state == ClipState.WAITING,
            database_clock.is_due(clips.c.due_at, now),
            clips.c.camera.in_(list(cameras)),
        )
        had = select(clips).where(mine).order_by(clips.c.received_at, clips.c.id)
        with self._db.reading() as connection:
            # Most polls find nothing: those must not wait for a writer.
            if connection.execute(select(clips.c.id).where(due).limit(1)).first():
                found = None
            else:
                found = connection.execute(had).all()
        if found is None:
            claimed = {"state": ClipState.RECORDING, "recorder_id": recorder_id}
            with self._db.writing() as connection:
                connection.execute(update(clips).where(due).values(claimed))
                found = connection.execute(had).all()
        return [clip_of(row) for row in found]

    def inherit(self, recorder_id: str) -> None:
        """Adopt what the same data_dir has left under another host name.

        recorder_id: HOST-INSTALLATION, see `jobs.executors.installation`.
        """
        installation = recorder_id.rpartition("-")[2]
        left = and_(
            clips.c.recorder_id.endswith(f"-{installation}", autoescape=True),
            clips.c.recorder_id != recorder_id,
            or_(clips.c.state == ClipState.RECORDING, clips.c.notified.is_(False)),
        )
        self._db.execute(update(clips).where(left).values(recorder_id=recorder_id))

    def put_back(
        self,
        clip_id: EventId,
        note: Reason | None,
        due_at: datetime,
        by: str | None = None,
    ) -> None:
        """Let a clip wait until `due_at` for another attempt.

        by: the recorder that does so; another one may have the clip meanwhile.
        """
        values = {"state": ClipState.WAITING, "due_at": due_at, **noted(note)}
        self._db.execute(
            update(clips).where(clips.c.id == clip_id, *_still_of(by)).values(values)
        )

    def is_still_of(self, clip_id: EventId, recorder_id: str | None) -> bool:
        """Return whether this recorder may finish the clip; None: any may."""
        wanted = clips.c.id == clip_id, *_still_of(recorder_id)
        found = self._db.first(select(clips.c.id).where(*wanted))
        return recorder_id is None or found is not None

    def finish(self, clip: Clip, event: Event, by: str | None = None) -> bool:
        """Store the outcome of a clip, with its event.

        by: the recorder that made it. False, and nothing is stored, if it has lost the
            clip to another one meanwhile: it was frozen, or without the database.
        """
        added = self._db.insert(events).values(event_row(event))
        values = clip_row(clip)
        # Changed by others meanwhile, or fixed when the clip was requested.
        for name in ("id", "kept"):
            del values[name]
        statement = update(clips).where(clips.c.id == clip.id, *_still_of(by))
        with self._db.writing() as connection:
            found = connection.execute(statement.values(values).returning(clips.c.id))
            if found.first() is None:
                return False
            connection.execute(added.on_conflict_do_nothing())
        return True

    def overdue(self, before: datetime) -> list[Clip]:
        """Return what has waited longer: no recorder has its camera any more."""
        return self._read(
            select(clips).where(
                clips.c.state == ClipState.WAITING, clips.c.received_at < before
            )
        )

    def unnotified(
        self, recorder_id: str, cameras: Iterable[CameraName] = ()
    ) -> list[Clip]:
        """Return finished clips whose message is not accepted as a job yet.

        cameras: whose clips count, too, whoever finished them.
        """
        statement = select(clips).where(
            clips.c.notified.is_(False),
            clips.c.state.in_((ClipState.READY, ClipState.FAILED)),
            or_(clips.c.recorder_id == recorder_id, clips.c.camera.in_(list(cameras))),
        )
        return self._read(statement)

    def left_by_others(
        self, recorder_ids: Iterable[str], before: datetime
    ) -> list[Clip]:
        """Return what any other recorders have started or not posted, and is older."""
        statement = select(clips).where(
            clips.c.recorder_id.not_in(list(recorder_ids)),
            clips.c.received_at < before,
            clips.c.state.in_(_HAD),
            clips.c.notified.is_(False),
        )
        return self._read(statement)

    def mark_notified(self, clip_id: EventId) -> None:
        self._db.execute(
            update(clips).where(clips.c.id == clip_id).values(notified=True)
        )

    # --- for the pages

    def clip(self, clip_id: EventId) -> Clip | None:
        found = self._read(select(clips).where(clips.c.id == clip_id))
        return found[0] if found else None

    def of_job(self, job_id: JobId) -> list[Clip]:
        return self._read(select(clips).where(clips.c.job_id == job_id))

    def with_thumbnail(self, ids: Iterable[EventId]) -> frozenset[EventId]:
        """Return those of these clips that can be shown as a small picture."""
        wanted = list(ids)
        if not wanted:
            return frozenset()
        is_shown = clips.c.state == ClipState.READY, clips.c.thumbnail_path.is_not(None)
        statement = select(clips.c.id).where(clips.c.id.in_(wanted), *is_shown)
        return frozenset(map(EventId, self._db.scalars(statement)))

    def related(self, clip: Clip) -> list[Clip]:
        """Return other clips of its job or alarm, or with its video, by time."""
        is_related = clips.c.job_id == clip.job_id
        if clip.about is not None:
            is_related = or_(is_related, clips.c.about == clip.about)
        if clip.path is not None:
            is_related = or_(is_related, clips.c.path == clip.path)
        statement = select(clips).where(
            clips.c.id != clip.id, clips.c.state != ClipState.DELETED, is_related
        )
        return self._read(statement.order_by(clips.c.at, clips.c.id))

    def of_file(self, clip: Clip) -> list[Clip]:
        """Return the clips that show this one's file, its first request first."""
        return self._read(
            select(clips)
            .where(clips.c.path == clip.path)
            .order_by(clips.c.shared, clips.c.received_at, clips.c.id)
        )

    def clips(self, wanted: ClipFilter, limit: int) -> list[Clip]:
        """Return clips, newest first, at most `limit`."""
        return self._read(
            select(clips)
            .where(*conditions(wanted))
            .order_by(*NEWEST_FIRST.by)
            .limit(limit)
        )

    def latest(self, wanted: ClipFilter, limit: int, now: datetime) -> list[Clip]:
        """Return the newest clips; where there are others, none of the future."""
        past = self.clips(replace(wanted, until=now + AHEAD), limit)
        return past or self.clips(wanted, limit)

    def keep(self, clip_id: EventId, kept: bool, log: Iterable[Change] = ()) -> bool:
        """Protect a clip from all deletion, or no longer; False: nothing to change."""
        statement = (
            update(clips)
            .where(
                clips.c.id == clip_id,
                clips.c.state != ClipState.DELETED,
                clips.c.kept.is_(not kept),
            )
            .values(kept=kept)
        )
        return self._change(statement, log)

    # --- deleting: first the row is marked, then the file is deleted (clip_deletion.py)

    def delete(self, clip_id: EventId, log: Iterable[Change] = ()) -> bool:
        """Mark a finished clip as deleted; False if it is kept or has no file.

        Nobody sees it any more; its `path` stays until `VideoStore.forget_file`.
        """
        statement = (
            update(clips)
            .where(
                clips.c.id == clip_id,
                clips.c.state == ClipState.READY,
                clips.c.kept.is_(False),
            )
            .values(state=ClipState.DELETED)
        )
        return self._change(statement, log)

    # --- state of the cameras

    def see(self, cameras: Iterable[RecorderCameraState]) -> None:
        """Store the current state of the recorder's cameras.

        On a server by its time: the clocks of machines differ.
        """
        recorder_states.write(self._db, cameras)

    def recorder_cameras(self) -> Mapping[CameraName, RecorderCameraState]:
        """Return the state of each camera when its recorder last wrote it."""
        return recorder_states.read(self._db)

    def _change(self, statement: Update, log: Iterable[Change]) -> bool:
        """Execute it with its lines of the audit log, if it changes anything."""
        with self._db.writing() as connection:
            found = connection.execute(statement.returning(clips.c.id)).first()
            if found is not None:
                write_changes(connection, log)
        return found is not None

    def _read(self, statement: Select[Any]) -> list[Clip]:
        return [clip_of(row) for row in self._db.rows(statement)]


def conditions(wanted: ClipFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.cameras is not None:
        found.append(clips.c.camera.in_(wanted.cameras))
    if wanted.states is not None:
        found.append(_in_states(wanted.states))
    if wanted.since is not None:
        found.append(clips.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(clips.c.at < wanted.until)
    if wanted.kept is not None:
        found.append(clips.c.kept.is_(wanted.kept))
    if wanted.after is not None:
        last = select(clips.c.at).where(clips.c.id == wanted.after)
        found.append(NEWEST_FIRST.behind((last.scalar_subquery(), wanted.after)))
    return found


def _in_states(states: Collection[ClipState]) -> ColumnElement[bool]:
    """Return a condition that leaves a list to the index of its order.

    The index of states finds the few clips that are being made. Of the others it would
    find thousands, all to be sorted for one page.
    """
    if set(states) <= set(UNFINISHED):
        return clips.c.state.in_(states)
    return func.coalesce(clips.c.state, "").in_(states)


def _still_of(recorder_id: str | None) -> list[ColumnElement[bool]]:
    if recorder_id is None:
        return []
    return [clips.c.recorder_id == recorder_id, clips.c.state.in_(UNFINISHED)]
