"""The directory as last read: people by the id of their badge, and its state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from mvsnap.badges.conditions import Department
from mvsnap.badges.directory import Cardholder
from mvsnap.badges.tables import badges, cardholders, directories
from mvsnap.clock import SMALLEST_STEP
from mvsnap.spelling import folded
from mvsnap.store.database import Database
from mvsnap.store.pieces import pieces
from mvsnap.texts import reasons
from mvsnap.texts.wording import Reason

MOST_FOUND = 500
_MOST_DEPARTMENTS = 300
# Every twentieth person.
_LARGE_SHARE = 20
_PHOTO_AGAIN = timedelta(days=1)
_PHOTO_AFTER_ERROR = timedelta(minutes=15)


class DirectoryState(Struct, frozen=True):
    """mark: changes whenever the directory changes; error: "" if all is well."""

    place: str
    fingerprint: str
    read_at: datetime
    people: int
    mistakes: int
    error: Reason


class PhotoRequest(Struct, frozen=True):
    """A photo to fetch from `photo`, an address or a path."""

    user_id: str
    photo: str


class DirectoryStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def state(self) -> DirectoryState | None:
        row = self._db.first(select(directories))
        if row is None:
            return None
        error = reasons.read(row.reasons, "error", row.error) or Reason("")
        return DirectoryState(
            row.place, row.fingerprint, row.read_at, row.people, row.mistakes, error
        )

    def note(self, state: DirectoryState) -> None:
        """Store how reading it went; the people stay as they are."""
        with self._db.writing() as connection:
            self._note(connection, state)

    def replace(self, state: DirectoryState, found: Iterable[Cardholder]) -> None:
        """Replace all people at once; people with an unchanged photo keep its copy."""
        statement = self._db.insert(cardholders)
        fresh = statement.excluded
        keeps = cardholders.c.photo == fresh.photo
        changing = ("name", "folded", "department", "photo")
        upsert = statement.on_conflict_do_update(
            index_elements=[cardholders.c.user_id],
            set_={name: fresh[name] for name in changing}
            | {
                "photo_path": _when(keeps, cardholders.c.photo_path),
                "photo_error": _when(keeps, cardholders.c.photo_error),
                "photo_at": _when(keeps, cardholders.c.photo_at),
            },
        )
        rows = [_row(person) for person in found]
        here = {row["user_id"] for row in rows}
        with self._db.writing() as connection:
            known = connection.execute(select(cardholders.c.user_id)).scalars().all()
            gone = [user_id for user_id in known if user_id not in here]
            for chunk in pieces(gone):
                connection.execute(
                    delete(cardholders).where(cardholders.c.user_id.in_(chunk))
                )
            for chunk in pieces(rows):
                connection.execute(upsert, list(chunk))
            self._note(connection, state)

    def clear(self) -> None:
        """Delete everyone: there is no directory any more."""
        with self._db.writing() as connection:
            connection.execute(delete(cardholders))
            connection.execute(delete(directories))

    def user_ids(self, text: str) -> list[str]:
        """Return the ids of people whose name contains the text, in any spelling.

        At most MOST_FOUND, plus one more if there are more.
        """
        wanted = cardholders.c.folded.contains(folded(text), autoescape=True)
        statement = select(cardholders.c.user_id).where(wanted).limit(MOST_FOUND + 1)
        return [row.user_id for row in self._db.rows(statement)]

    def departments(self) -> list[str]:
        """Return the names of all departments, sorted."""
        names = select(cardholders.c.department).distinct()
        wanted = names.where(cardholders.c.department != "")
        statement = wanted.order_by(cardholders.c.department).limit(_MOST_DEPARTMENTS)
        return self._db.scalars(statement)

    def department(self, name: str) -> Department:
        of_it = func.count().filter(cardholders.c.department == name)
        statement = select(of_it, func.count()).select_from(cardholders)
        with self._db.reading() as connection:
            many, everyone = connection.execute(statement).one()
        return Department(name, is_large=many * _LARGE_SHARE > everyone)

    def is_empty(self) -> bool:
        with self._db.reading() as connection:
            one = connection.execute(select(cardholders.c.user_id).limit(1))
            return one.first() is None

    # --- photos

    def claim_photos(self, now: datetime, limit: int) -> list[PhotoRequest]:
        """Return photos to fetch, of people seen at readers; each to one worker."""
        one = cardholders.alias()
        due = or_(
            one.c.photo_at.is_(None),
            one.c.photo_at < now - _PHOTO_AGAIN,
            # Fetched before the clock was set back: it might wait for years.
            one.c.photo_at > now + SMALLEST_STEP,
            one.c.photo_path.is_(None) & (one.c.photo_at < now - _PHOTO_AFTER_ERROR),
        )
        used = exists().where(badges.c.user_id == one.c.user_id)
        ids = select(one.c.user_id).where(one.c.photo != "", due, used).limit(limit)
        if self._db.first(ids) is None:
            return []
        with self._db.writing() as connection:
            rows = connection.execute(
                update(cardholders)
                .where(cardholders.c.user_id.in_(ids.with_for_update(skip_locked=True)))
                .values(photo_at=now)
                .returning(cardholders.c.user_id, cardholders.c.photo)
            ).all()
        return [PhotoRequest(row.user_id, row.photo) for row in rows]

    def keep_photo(
        self, request: PhotoRequest, path: str | None, error: Reason | None = None
    ) -> None:
        """Store the copy, or why there is none; an older copy is then kept."""
        values: dict[str, Any] = {
            "photo_error": error and str(error),
            "reasons": reasons.stored(photo_error=error),
        }
        if path:
            values["photo_path"] = path
        still = (cardholders.c.user_id == request.user_id) & (
            cardholders.c.photo == request.photo
        )
        self._db.execute(update(cardholders).where(still).values(**values))

    def photo_error(self, user_id: str) -> Reason:
        """Return why this person's photo is missing, "" if nothing went wrong."""
        columns = (cardholders.c.photo_error, cardholders.c.reasons)
        statement = select(*columns).where(cardholders.c.user_id == user_id)
        row = self._db.first(statement)
        found = row and reasons.read(row.reasons, "photo_error", row.photo_error)
        return found or Reason("")

    def photo_paths(self) -> set[str]:
        """Return the copies that are still in use."""
        statement = select(cardholders.c.photo_path).where(
            cardholders.c.photo_path.is_not(None)
        )
        return {row.photo_path for row in self._db.rows(statement)}

    def _note(self, connection: Connection, state: DirectoryState) -> None:
        connection.execute(delete(directories))
        connection.execute(
            directories.insert().values(
                place=state.place,
                fingerprint=state.fingerprint,
                read_at=state.read_at,
                people=state.people,
                mistakes=state.mistakes,
                error=str(state.error),
                reasons=reasons.stored(error=state.error),
            )
        )


def _when(condition: ColumnElement[bool], value: Column[Any]) -> ColumnElement[Any]:
    return case((condition, value), else_=None)


def _row(person: Cardholder) -> dict[str, str]:
    return {
        "user_id": person.user_id,
        "name": person.name,
        "folded": folded(person.name),
        "department": person.department,
        "photo": person.photo,
    }
