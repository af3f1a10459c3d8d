"""Pictures shortly before and after a swipe: asked for by a person, then as a queue.

A worker claims some, as it does with the pictures of swipes: see `picture_queue`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update

from mvsnap.badges.model import (
    NEAR_S,
    BadgeEvent,
    BadgeId,
    BadgePictureState,
    NearPicture,
    ask_at,
)
from mvsnap.badges.picture_queue import LEASE, LONGEST_PUT_OFF
from mvsnap.badges.store import ALL, badge_event
from mvsnap.badges.tables import badges, near_pictures
from mvsnap.errors import QueueFull
from mvsnap.store.database import Database
from mvsnap.store.database_clock import is_due
from mvsnap.values import as_stored

# Somebody waits for them at a page: a few minutes of the budget.
MOST_WAITING = 100
_IS_MISSING = near_pictures.c.picture != BadgePictureState.FETCHED


class NearRequest(Struct, frozen=True):
    """A picture that is to be fetched, and the swipe it is near."""

    near: NearPicture
    badge: BadgeEvent


class NearPictures:
    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, badge_id: BadgeId) -> list[NearPicture]:
        """Return those that were asked for, in the order of time."""
        statement = (
            select(near_pictures)
            .where(near_pictures.c.badge_id == badge_id)
            .order_by(near_pictures.c.offset_s)
        )
        return [_near(row) for row in self._db.rows(statement)]

    def ask(
        self, badge: BadgeEvent, by: str, now: datetime, gone: Iterable[int] = ()
    ) -> None:
        """Request all that are missing; those that are waited for stay as they are.

        gone: offsets of pictures that were stored, and whose files are missing.

        Raises:
            QueueFull: too many are waited for; none is requested.
        """
        own = near_pictures.c.badge_id == badge.id
        given_up = and_(_IS_MISSING, near_pictures.c.ask_at.is_(None))
        again = or_(given_up, near_pictures.c.offset_s.in_(list(gone)))
        with self._db.writing() as connection:
            # Not those of a camera that is offline, tried again once an hour.
            waiting = near_pictures.c.ask_at <= now + LEASE
            counting = select(func.count()).select_from(near_pictures).where(waiting)
            if connection.execute(counting).scalar_one() > MOST_WAITING - len(NEAR_S):
                raise QueueFull("Too many pictures are being fetched; try again later")
            rows = [_row(badge, offset_s, by, now) for offset_s in NEAR_S]
            adding = self._db.insert(near_pictures).on_conflict_do_nothing()
            connection.execute(adding, rows)
            for row in rows:
                one = near_pictures.c.offset_s == row["offset_s"]
                connection.execute(
                    update(near_pictures).where(own, one, again).values(**row)
                )

    def claim(self, worker: str, now: datetime, limit: int) -> list[NearRequest]:
        """Return what is due now, oldest request first; no other worker gets it."""
        one = near_pictures.alias()
        due = select(one.c.badge_id, one.c.offset_s)
        due = due.where(is_due(one.c.ask_at, now, LONGEST_PUT_OFF))
        due = due.order_by(one.c.ask_at, one.c.asked_at, one.c.offset_s).limit(limit)
        with self._db.reading() as connection:
            # Reading costs no write; most of the time nothing is due.
            if connection.execute(due).first() is None:
                return []
        found: list[NearRequest] = []
        with self._db.writing() as connection:
            for key in connection.execute(due.with_for_update(skip_locked=True)).all():
                row = connection.execute(
                    update(near_pictures)
                    .where(_this(key.badge_id, key.offset_s))
                    .values(ask_at=now + LEASE, claimed_by=worker)
                    .returning(near_pictures)
                ).one()
                of_it = ALL.where(badges.c.id == key.badge_id)
                badge = connection.execute(of_it).one_or_none()
                if badge is not None:  # else it is being purged, and so is this
                    found.append(NearRequest(_near(row), badge_event(badge)))
        return found

    def release(self, worker: str, now: datetime) -> None:
        """Release what this worker claimed before a restart."""
        mine = near_pictures.c.claimed_by == worker
        self._db.execute(
            update(near_pictures).where(mine).values(ask_at=now, claimed_by=None)
        )

    def fetched(self, near: NearPicture, path: str) -> str | None:
        """Store the picture, unless another worker has; return the path in the row."""
        self._change(
            near,
            picture=BadgePictureState.FETCHED,
            picture_path=path,
            error=None,
            ask_at=None,
        )
        naming = select(near_pictures.c.picture_path)
        named = naming.where(_this(near.badge_id, near.offset_s))
        found: str | None = self._db.scalar(named)
        return found

    def not_fetched(
        self,
        near: NearPicture,
        state: BadgePictureState,
        error: str,
        ask_at: datetime | None,
    ) -> None:
        """Store why; ask_at: when to try again, None: only on request."""
        self._change(near, picture=state, error=error, ask_at=ask_at)

    def _change(self, near: NearPicture, **values: Any) -> None:
        counted = {"asks": near_pictures.c.asks + 1, "claimed_by": None}
        this = _this(near.badge_id, near.offset_s)
        statement = update(near_pictures).where(this, _IS_MISSING)
        self._db.execute(statement.values(**values, **counted))


def _this(badge_id: str, offset_s: int) -> ColumnElement[bool]:
    own = near_pictures.c.badge_id == badge_id
    return own & (near_pictures.c.offset_s == offset_s)


def _row(badge: BadgeEvent, offset_s: int, by: str, now: datetime) -> dict[str, Any]:
    return {
        "badge_id": badge.id,
        "offset_s": offset_s,
        "recorded_at": badge.recorded_at,
        "asked_at": now,
        "asked_by": by,
        "picture": BadgePictureState.WAITING,
        "ask_at": ask_at(badge.swiped_at + timedelta(seconds=offset_s), now),
        "asks": 0,
        "error": None,
    }


def _near(row: Row[Any]) -> NearPicture:
    return NearPicture(
        badge_id=BadgeId(row.badge_id),
        offset_s=row.offset_s,
        asked_at=row.asked_at,
        picture=as_stored(BadgePictureState, row.picture),
        ask_at=row.ask_at,
        asks=row.asks,
        picture_path=row.picture_path,
        error=row.error,
    )
