"""Clips that a recorder has begun, for the others when it dies."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from mvsnap.clip_model import ClipState
from mvsnap.store.clips import UNFINISHED
from mvsnap.store.clips.rows import noted
from mvsnap.store.database import Database
from mvsnap.store.tables import clips
from mvsnap.texts.wording import Reason


class LostClipStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def recorders_at_work(self) -> set[str]:
        """Return recorders with unfinished clips, unless known as lost."""
        statement = (
            select(clips.c.recorder_id)
            .distinct()
            .where(
                clips.c.state.in_(UNFINISHED),
                clips.c.recorder_id.is_not(None),
                or_(clips.c.lost_by.is_(None), clips.c.lost_by != clips.c.recorder_id),
            )
        )
        return set(self._db.scalars(statement))

    def release(self, recorder_id: str, note: Reason) -> int:
        """Let other recorders have the unfinished clips of one that died.

        If it returns before they do, it finishes them itself. Returns how many.
        """
        values = {"state": ClipState.WAITING, "lost_by": recorder_id}
        values |= noted(note)
        theirs = clips.c.recorder_id == recorder_id, clips.c.state.in_(UNFINISHED)
        statement = update(clips).where(*theirs).values(values)
        with self._db.writing() as connection:
            return connection.execute(statement).rowcount
