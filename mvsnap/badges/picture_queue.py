"""Which pictures of badge events are still to be fetched, and by whom.

A worker claims some: they are its own until the lease expires. If it dies, another
worker claims them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, true, update

from mvsnap.badges.model import BadgeEvent, BadgeId, BadgePictureState
from mvsnap.badges.store import ALL, badge_event
from mvsnap.badges.tables import badges
from mvsnap.domain import Serial
from mvsnap.store.database import Database
from mvsnap.store.database_clock import is_due

# Longer than one picture may take: the camera, and waiting for the Dashboard.
LEASE = timedelta(minutes=10)
# An hour until the next attempt, and readers whose clocks are ahead.
LONGEST_PUT_OFF = timedelta(minutes=75)
_MOST_READERS = 1000
_IS_MISSING = badges.c.picture != BadgePictureState.FETCHED
_GIVEN_UP = _IS_MISSING & badges.c.ask_at.is_(None)


class BadgePictures:
    def __init__(self, db: Database) -> None:
        self._db = db

    def claim(
        self, worker: str, now: datetime, limit: int, *, newest: bool = False
    ) -> list[BadgeEvent]:
        """Return what is due now; no other worker gets the same.

        newest: the most recently due come first, else those that wait longest.
        """
        one = badges.alias()
        due = select(one.c.id).where(is_due(one.c.ask_at, now, LONGEST_PUT_OFF))
        order = [one.c.ask_at, one.c.swiped_at]
        due = due.order_by(*(c.desc() if newest else c.asc() for c in order))
        due = due.limit(limit)
        with self._db.reading() as connection:
            # Reading costs no write; most of the time nothing is due.
            if connection.execute(due).first() is None:
                return []
        with self._db.writing() as connection:
            # Two workers at once: the second skips the rows that the first has locked.
            mine = connection.execute(
                update(badges)
                .where(badges.c.id.in_(due.with_for_update(skip_locked=True)))
                .values(ask_at=now + LEASE, claimed_by=worker)
                .returning(badges.c.id)
            ).all()
            rows = connection.execute(
                ALL.where(badges.c.id.in_([row.id for row in mine])).order_by(
                    badges.c.swiped_at
                )
            ).all()
        return [badge_event(row) for row in rows]

    def release(self, worker: str, now: datetime) -> int:
        """Release what this worker claimed before a restart."""
        return self._change(badges.c.claimed_by == worker, ask_at=now, claimed_by=None)

    def fetched(
        self, badge_id: BadgeId, path: str, video_link: str | None
    ) -> str | None:
        """Store the picture, unless another worker has: this one's lease was over.

        Returns the path that the row names then.
        """
        self._change(
            (badges.c.id == badge_id) & _IS_MISSING,
            picture=BadgePictureState.FETCHED,
            picture_path=path,
            video_link=video_link,
            asks=badges.c.asks + 1,
            error=None,
            ask_at=None,
            claimed_by=None,
        )
        named = select(badges.c.picture_path).where(badges.c.id == badge_id)
        found: str | None = self._db.scalar(named)
        return found

    def not_fetched(
        self,
        badge_id: BadgeId,
        state: BadgePictureState,
        error: str,
        ask_at: datetime | None,
        video_link: str | None = None,
    ) -> None:
        """Store why, unless another worker has the picture.

        ask_at: when to try again, None: only on request.
        """
        news: dict[str, Any] = {"video_link": video_link} if video_link else {}
        self._change(
            (badges.c.id == badge_id) & _IS_MISSING,
            picture=state,
            error=error,
            asks=badges.c.asks + 1,
            ask_at=ask_at,
            claimed_by=None,
            **news,
        )

    def ask(
        self,
        badge_id: BadgeId,
        serial: Serial,
        ask_at: datetime,
        *,
        is_gone: bool = False,
    ) -> bool:
        """Request a missing picture again; False: it exists, or is requested already.

        is_gone: it was stored, and its file is missing.
        """
        missing = true() if is_gone else _IS_MISSING
        return bool(
            self._change(
                (badges.c.id == badge_id) & missing & badges.c.claimed_by.is_(None),
                serial=serial,
                picture=BadgePictureState.WAITING,
                ask_at=ask_at,
                asks=0,
                error=None,
            )
        )

    def move_to(self, badge_id: BadgeId, serial: Serial) -> None:
        """Record that another camera sees this reader now."""
        self._change(badges.c.id == badge_id, serial=serial)

    def readers_given_up(self) -> list[str]:
        """Return readers with pictures that were given up."""
        statement = (
            select(badges.c.reader).where(_GIVEN_UP).distinct().limit(_MOST_READERS)
        )
        return [row.reader for row in self._db.rows(statement)]

    def give_camera(self, reader: str, serial: Serial, ask_at: datetime) -> int:
        """Request the pictures of a reader whose camera was set or changed.

        Returns how many; those that were given up with this same camera stay so.
        """
        other = badges.c.serial.is_(None) | (badges.c.serial != serial)
        # What was there once was of the camera that the reader had then.
        never = badges.c.picture_path.is_(None)
        return self._change(
            (badges.c.reader == reader) & _GIVEN_UP & other & never,
            serial=serial,
            picture=BadgePictureState.WAITING,
            ask_at=ask_at,
            asks=0,
            error=None,
        )

    def _change(self, which: ColumnElement[bool], **values: Any) -> int:
        statement = update(badges).where(which).values(**values)
        with self._db.writing() as connection:
            return len(connection.execute(statement.returning(badges.c.id)).all())
