"""The videos below one data_dir: their size, what to delete, what to copy.

Clips are rows; a video is a file that one or several of them show. Only those of this
data_dir are touched: another machine that shares the database has its own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, case, func, or_, select, update

from mvsnap.clip_model import ClipState, CopyState
from mvsnap.core.clip_retention import Video
from mvsnap.domain import CameraName, EventId
from mvsnap.store.clips import UNFINISHED
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, one_of_paths, purge
from mvsnap.store.tables import clips

_OVER = (ClipState.DELETED, ClipState.FAILED)


class Usage(Struct, frozen=True):
    """oldest_at: of the videos that may be deleted; None: there is none."""

    size_bytes: int
    oldest_at: datetime | None


class ToCopy(Struct, frozen=True):
    """Paths below data_dir."""

    path: str
    thumbnail_path: str | None


class VideoStore:
    """owner: the end of the recorder's id that stands for the data_dir."""

    def __init__(self, db: Database, owner: str) -> None:
        self._db = db
        self._mine = clips.c.recorder_id.endswith(owner, autoescape=True)
        self._shown = and_(
            self._mine, clips.c.state == ClipState.READY, clips.c.path.is_not(None)
        )

    # --- existing videos, and deleting them

    def usage(self) -> Usage:
        """Count each file once."""
        one = (
            select(
                func.max(clips.c.size_bytes).label("size_bytes"),
                func.max(clips.c.at).label("last_at"),
                func.max(_number(clips.c.kept)).label("kept"),
            )
            .where(self._shown)
            .group_by(clips.c.path)
            .subquery()
        )
        may_go = case((one.c.kept == 0, one.c.last_at))
        statement = select(func.sum(one.c.size_bytes), func.min(may_go))
        with self._db.reading() as connection:
            size_bytes, oldest_at = connection.execute(statement).one()
        return Usage(int(size_bytes or 0), oldest_at)

    def videos(self, busy_since: datetime) -> list[Video]:
        """Return them all, the oldest first.

        busy_since: a newer one is busy until its message is on its way.
        """
        # Also if its first clip was deleted: others may show its file.
        other = clips.alias()
        to_copy = select(other.c.path).where(other.c.copy_state == CopyState.WAITING)
        waits = clips.c.path.in_(to_copy)
        last_at = func.max(clips.c.at)
        statement = (
            select(
                clips.c.path,
                last_at.label("last_at"),
                func.max(clips.c.size_bytes).label("size_bytes"),
                func.max(_number(clips.c.kept)).label("kept"),
                func.min(_number(clips.c.notified)).label("notified"),
                func.max(_number(waits)).label("uncopied"),
            )
            .where(self._shown)
            .group_by(clips.c.path)
            .order_by(last_at, clips.c.path)
        )
        rows = self._db.rows(statement)
        return [
            Video(
                path=row.path,
                last_at=row.last_at,
                size_bytes=int(row.size_bytes),
                kept=bool(row.kept),
                busy=not row.notified and row.last_at >= busy_since,
                uncopied=bool(row.uncopied),
            )
            for row in rows
        ]

    def retire(self, path: str, *, dry_run: bool = False) -> int:
        """Mark all clips of a file as deleted, none if one is kept; return how many."""
        other = clips.alias()
        kept = select(other.c.id).where(
            other.c.path == path,
            other.c.state == ClipState.READY,
            other.c.kept.is_(True),
        )
        theirs = and_(self._shown, clips.c.path == path, ~kept.exists())
        if dry_run:
            counting = select(func.count()).select_from(clips).where(theirs)
            return int(self._db.scalar(counting))
        statement = update(clips).where(theirs).values(state=ClipState.DELETED)
        with self._db.writing() as connection:
            return connection.execute(statement).rowcount

    def deleted_files(self) -> list[str]:
        """Return the paths of videos that no clip shows any more."""
        other = clips.alias()
        shown = select(other.c.id).where(
            other.c.path == clips.c.path, other.c.state != ClipState.DELETED
        )
        statement = (
            select(clips.c.path)
            .where(
                self._mine,
                clips.c.state == ClipState.DELETED,
                clips.c.path.is_not(None),
                ~shown.exists(),
            )
            .distinct()
        )
        return self._db.scalars(statement)

    def forget_file(self, path: str) -> None:
        """Store that the file of deleted clips is gone from disk."""
        statement = (
            update(clips)
            .where(self._mine, clips.c.path == path, clips.c.state == ClipState.DELETED)
            .values(path=None, thumbnail_path=None)
        )
        self._db.execute(statement)

    def purge(
        self, before: datetime, *, gone: Collection[str] = (), dry_run: bool = False
    ) -> PurgeResult:
        """Remove the rows of clips that came to nothing, or are gone, and are older.

        gone: paths of clips that are taken for removed already.
        """
        over = and_(clips.c.state.in_(_OVER), clips.c.path.is_(None))
        is_gone = and_(self._mine, one_of_paths(clips.c.path, gone))
        old = and_(clips.c.received_at < before, or_(over, is_gone))
        return purge(self._db, OldRows(clips, old), dry_run=dry_run)

    # --- reconciling rows and files

    def known_paths(self) -> set[str]:
        """Return the paths of all clips, including those of other machines."""
        both = select(clips.c.path).union(select(clips.c.thumbnail_path))
        return {path for path in self._db.scalars(both) if path}

    def shown(self) -> dict[EventId, str]:
        """Return the clips that should have a file, and its path."""
        statement = select(clips.c.id, clips.c.path).where(self._shown)
        return {EventId(row.id): row.path for row in self._db.rows(statement)}

    def unfinished(self) -> list[tuple[CameraName, EventId]]:
        """Return the clips whose file may exist before their row says so."""
        is_unfinished = clips.c.state.in_(UNFINISHED)
        statement = select(clips.c.camera, clips.c.id).where(is_unfinished)
        rows = self._db.rows(statement)
        return [(CameraName(row.camera), EventId(row.id)) for row in rows]

    def lose(self, clip_id: EventId) -> None:
        """Store that the file of a clip is missing, without a deletion by us."""
        values = {
            "state": ClipState.DELETED,
            "note": "the file is missing",
            "path": None,
            "thumbnail_path": None,
        }
        self._db.execute(
            update(clips)
            .where(clips.c.id == clip_id, clips.c.state == ClipState.READY)
            .values(values)
        )

    # --- copies

    def to_copy(self) -> list[ToCopy]:
        """Return what waits for its copy and belongs to a clip, the oldest first."""
        other = clips.alias()
        shown = select(other.c.id).where(
            other.c.path == clips.c.path, other.c.state == ClipState.READY
        )
        statement = (
            select(clips.c.path, clips.c.thumbnail_path)
            .where(
                self._mine,
                clips.c.copy_state == CopyState.WAITING,
                or_(clips.c.state == ClipState.READY, shown.exists()),
                clips.c.path.is_not(None),
            )
            .order_by(clips.c.at, clips.c.id)
        )
        rows = self._db.rows(statement)
        return [ToCopy(row.path, row.thumbnail_path) for row in rows]

    def set_copy(self, path: str, state: CopyState, note: str | None = None) -> None:
        """Store the state of a file's copy."""
        statement = (
            update(clips)
            .where(clips.c.path == path, clips.c.copy_state == CopyState.WAITING)
            .values(copy_state=state, copy_note=note)
        )
        self._db.execute(statement)


def _number(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    """Return 1 or 0: not every database has max and min of a boolean."""
    return case((condition, 1), else_=0)
