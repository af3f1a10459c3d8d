"""Badge events and their verdicts. One method is one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    func,
    literal,
    select,
    update,
)

from mvsnap.badges.conditions import BadgeFilter, JudgedSince, conditions, each_value
from mvsnap.badges.model import (
    BadgeEvent,
    BadgeId,
    BadgePictureState,
    Judgement,
    Verdict,
)
from mvsnap.badges.tables import badges, cardholders, judgements, near_pictures
from mvsnap.domain import JobId, Serial
from mvsnap.errors import JudgedMeanwhile
from mvsnap.store.database import Database
from mvsnap.store.database_clock import is_due
from mvsnap.store.paging import Order, pages
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.values import as_stored

# The time of its swipe, and its id.
_Place = tuple[datetime, str]
_NEWEST_FIRST = Order(falling=(badges.c.swiped_at, badges.c.id))
_OLDEST_FIRST = Order(rising=(badges.c.swiped_at, badges.c.id))
_MOST_READERS = 300
# More than NOTIFY_AFTER, and the clocks of machines may differ.
_LONGEST_WAIT = timedelta(minutes=5)
# More verdicts than all reviewers give in a few seconds.
_RECENT = 200
# Fewer are sorted for a page in less time than a page takes.
_MANY_JUDGED = 1000
# Complete badge events, with the directory's data.
ALL = select(
    badges,
    cardholders.c.name.label("person"),
    cardholders.c.department,
    cardholders.c.photo_path,
).select_from(badges.outerjoin(cardholders, cardholders.c.user_id == badges.c.user_id))


class BadgeStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, events: Sequence[BadgeEvent]) -> int:
        """Add all of them or none; return how many were new."""
        if not events:
            return 0
        statement = self._db.insert(badges).on_conflict_do_nothing()
        # In a fixed order: two that add the same rows would otherwise deadlock.
        rows = [_row(event) for event in sorted(events, key=lambda event: event.id)]
        with self._db.writing() as connection:
            added = connection.execute(statement.returning(badges.c.id), rows)
            return len(added.all())

    def badge(self, badge_id: BadgeId) -> BadgeEvent | None:
        found = self._db.first(ALL.where(badges.c.id == badge_id))
        return None if found is None else badge_event(found)

    def badges(self, wanted: BadgeFilter, limit: int) -> list[BadgeEvent]:
        """Return badge events, newest first, at most `limit`."""
        with self._db.reading() as connection:
            after = self._place(connection, wanted.after)
            return self._page(connection, wanted, after, limit)

    def pages(self, wanted: BadgeFilter) -> Iterator[Sequence[BadgeEvent]]:
        """Yield all matching badge events page by page, newest first."""

        def read(after: _Place | None, limit: int) -> list[BadgeEvent]:
            with self._db.reading() as connection:
                return self._page(connection, wanted, after, limit)

        with self._db.reading() as connection:
            after = self._place(connection, wanted.after)
        # Not by its id: it may be purged while the page is being sent.
        return pages(read, lambda badge: (badge.swiped_at, badge.id), after=after)

    def count(self, wanted: BadgeFilter, at_most: int) -> int:
        """Count all that match, up to `at_most`."""
        inner = select(literal(1)).select_from(badges).where(*conditions(wanted))
        statement = select(func.count()).select_from(inner.limit(at_most).subquery())
        return int(self._db.scalar(statement))

    def count_newer(self, wanted: BadgeFilter, badge_id: BadgeId, at_most: int) -> int:
        """Count the matches that are above this event in the list, up to `at_most`."""
        with self._db.reading() as connection:
            above = _behind(_OLDEST_FIRST, self._place(connection, badge_id))
            inner = select(literal(1)).where(*conditions(wanted), *above)
            inner = inner.select_from(badges).limit(at_most)
            statement = select(func.count()).select_from(inner.subquery())
            return int(connection.execute(statement).scalar_one())

    def beside(
        self, wanted: BadgeFilter, badge_id: BadgeId
    ) -> tuple[BadgeId | None, BadgeId | None]:
        """Return the next newer and the next older match."""
        ids = select(badges.c.id).where(*conditions(wanted)).limit(1)
        with self._db.reading() as connection:
            place = self._place(connection, badge_id)
            above = ids.where(*_behind(_OLDEST_FIRST, place))
            below = ids.where(*_behind(_NEWEST_FIRST, place))
            found = [
                connection.execute(above.order_by(*_OLDEST_FIRST.by)).scalar(),
                connection.execute(below.order_by(*_NEWEST_FIRST.by)).scalar(),
            ]
        newer, older = (None if id is None else BadgeId(id) for id in found)
        return newer, older

    def readers(self) -> list[str]:
        """Return the names of all readers, sorted; reads each name once."""
        reader = each_value(badges.c.reader, "names")
        statement = select(reader).where(reader.is_not(None)).limit(_MOST_READERS)
        return self._db.scalars(statement)

    # --- verdicts

    def judge(self, made: Judgement, seen: int | None = None) -> bool:
        """Store a verdict; False if the badge event does not exist (any more).

        seen: id of the last judgement the person saw, 0: there was none, None: any.
        `made.notify_at` counts only if it is news: a mismatch that was posted is not
        posted again, and one that was undone in time is not posted at all.

        Raises:
            JudgedMeanwhile: somebody else gave a later verdict; nothing is stored.
        """
        with self._db.writing() as connection:
            before = connection.execute(
                select(badges.c.verdict)
                .where(badges.c.id == made.badge_id)
                .with_for_update()
            ).scalar()
            if before is None:
                return False
            if seen is not None:
                _require_all_seen(connection, made, seen)
            was_unsaid = _take_back(connection, made.badge_id)
            is_news = made.verdict is Verdict.MISMATCH and (
                before != Verdict.MISMATCH or was_unsaid
            )
            _write(connection, made, made.notify_at if is_news else None)
        return True

    def judgements(self, badge_id: BadgeId) -> list[tuple[Judgement, JobId | None]]:
        """Return the history, newest first, each with the job that posted it."""
        statement = (
            select(judgements)
            .where(judgements.c.badge_id == badge_id)
            .order_by(judgements.c.id.desc())
        )
        rows = self._db.rows(statement)
        return [
            (_judgement(row), JobId(row.job_id) if row.job_id else None) for row in rows
        ]

    def last_of(self, person: str, since: datetime) -> Judgement | None:
        """Return the newest verdict of a person, if it was given since then."""
        newest = select(judgements).order_by(judgements.c.id.desc())
        few = newest.limit(_RECENT).subquery()
        statement = (
            select(few)
            .where(few.c.judged_by == person, few.c.judged_at >= since)
            .order_by(few.c.id.desc())
            .limit(1)
        )
        row = self._db.first(statement)
        return None if row is None else _judgement(row)

    def judged_since(self, moment: datetime) -> JudgedSince:
        inner = select(literal(1)).where(badges.c.judged_at >= moment)
        some = inner.select_from(badges).limit(_MANY_JUDGED).subquery()
        with self._db.reading() as connection:
            found = connection.execute(select(func.count()).select_from(some))
            return JudgedSince(moment, are_many=found.scalar_one() >= _MANY_JUDGED)

    def to_notify(self, now: datetime, limit: int) -> list[Judgement]:
        """Return mismatches that are due to be posted, oldest first."""
        statement = (
            select(judgements)
            .where(is_due(judgements.c.notify_at, now, _LONGEST_WAIT))
            .order_by(judgements.c.notify_at)
            .limit(limit)
        )
        return [_judgement(row) for row in self._db.rows(statement)]

    def mark_notified(self, made: Judgement, job_id: JobId | None) -> None:
        """Store the job that posts it; None: it is not to be posted any more."""
        self._db.execute(
            update(judgements)
            .where(judgements.c.id == made.id)
            .values(notify_at=None, job_id=job_id)
        )

    def purge(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove badge events written before, with what was judged about them."""
        near = OldRows(
            near_pictures,
            near_pictures.c.recorded_at < before,
            path=near_pictures.c.picture_path,
            counted=False,
        )
        rows = OldRows(
            badges,
            badges.c.recorded_at < before,
            path=badges.c.picture_path,
            parts=(judgements.c.badge_id,),
        )
        return purge(self._db, near, rows, dry_run=dry_run)

    @staticmethod
    def _page(
        connection: Connection,
        wanted: BadgeFilter,
        after: _Place | None,
        limit: int,
    ) -> list[BadgeEvent]:
        behind = _behind(_NEWEST_FIRST, after)
        statement = ALL.where(*conditions(wanted), *behind)
        ordered = statement.order_by(*_NEWEST_FIRST.by)
        rows = connection.execute(ordered.limit(limit)).all()
        return [badge_event(row) for row in rows]

    @staticmethod
    def _place(connection: Connection, badge_id: BadgeId | None) -> _Place | None:
        if badge_id is None:
            return None
        moment = connection.execute(
            select(badges.c.swiped_at).where(badges.c.id == badge_id)
        ).scalar()
        return None if moment is None else (moment, badge_id)


def _take_back(connection: Connection, badge_id: BadgeId) -> bool:
    """Let no earlier verdict be posted any more; return whether one waited for it."""
    waiting = (
        update(judgements)
        .where(judgements.c.badge_id == badge_id, judgements.c.notify_at.is_not(None))
        .values(notify_at=None)
        .returning(judgements.c.id)
    )
    return bool(connection.execute(waiting).all())


def _write(connection: Connection, made: Judgement, notify_at: datetime | None) -> None:
    """Add the verdict; it is the badge event's own from now on."""
    said = {
        "verdict": made.verdict,
        "note": made.note,
        "judged_at": made.judged_at,
        "judged_by": made.judged_by,
    }
    added = judgements.insert().values(
        badge_id=made.badge_id, notify_at=notify_at, **said
    )
    connection.execute(added)
    connection.execute(update(badges).where(badges.c.id == made.badge_id).values(said))


def _require_all_seen(connection: Connection, made: Judgement, seen: int) -> None:
    newer = (
        select(judgements.c.judged_by)
        .where(judgements.c.badge_id == made.badge_id, judgements.c.id > seen)
        # People may change their own verdict from an older page, but nobody else's.
        .where(judgements.c.judged_by != made.judged_by)
        .order_by(judgements.c.id.desc())
        .limit(1)
    )
    if other := connection.execute(newer).scalar():
        raise JudgedMeanwhile(
            f"{other} has changed the verdict in the meantime; nothing was saved"
        )


def _behind(order: Order, place: _Place | None) -> list[ColumnElement[bool]]:
    return [] if place is None else [order.behind(place)]


def _row(event: BadgeEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "swiped_at": event.swiped_at,
        "recorded_at": event.recorded_at,
        "user_id": event.user_id,
        "reader": event.reader,
        "source": event.source,
        "details": dict(event.details),
        "serial": event.serial,
        "picture": event.picture,
        "ask_at": event.ask_at,
        "asks": event.asks,
        "verdict": event.verdict,
        "note": event.note,
        "judged_by": event.judged_by,
    }


def badge_event(row: Row[Any]) -> BadgeEvent:
    return BadgeEvent(
        id=BadgeId(row.id),
        swiped_at=row.swiped_at,
        recorded_at=row.recorded_at,
        user_id=row.user_id,
        reader=row.reader,
        source=row.source,
        serial=None if row.serial is None else Serial(row.serial),
        picture=as_stored(BadgePictureState, row.picture),
        details=row.details,
        ask_at=row.ask_at,
        asks=row.asks,
        picture_path=row.picture_path,
        video_link=row.video_link,
        error=row.error,
        verdict=as_stored(Verdict, row.verdict),
        note=row.note,
        judged_at=row.judged_at,
        judged_by=row.judged_by,
        person=row.person or "",
        department=row.department or "",
        photo_path=row.photo_path,
    )


def _judgement(row: Row[Any]) -> Judgement:
    return Judgement(
        badge_id=BadgeId(row.badge_id),
        verdict=as_stored(Verdict, row.verdict),
        note=row.note,
        judged_at=row.judged_at,
        judged_by=row.judged_by,
        notify_at=row.notify_at,
        id=row.id,
    )
