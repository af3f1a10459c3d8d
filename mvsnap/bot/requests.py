"""What people wrote to the bot and pressed: each is answered once, by one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, or_, select, update

from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.store.bot_tables import bot_requests
from mvsnap.store.database import Database

# Renewed while it is being answered; after that its process is dead.
TAKEN_FOR = timedelta(seconds=20)


class BotRequest(Struct, frozen=True):
    """id: Webex's. tries: how often it was taken, this time included."""

    id: str
    kind: BotRequestKind
    came_at: datetime
    tries: int


class BotRequests:
    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, request_id: str, kind: BotRequestKind, now: datetime) -> bool:
        """Store a request durably; False: it is known, whatever way it came."""
        added = self._db.insert(bot_requests).values(
            id=request_id, kind=kind.value, came_at=now, tries=0
        )
        statement = added.on_conflict_do_nothing().returning(bot_requests.c.id)
        return self._db.returned(statement) is not None

    def take(self, now: datetime) -> BotRequest | None:
        """Return the oldest that nobody answers, for the caller alone; None: none."""
        is_left = _is_left(now)
        oldest = select(bot_requests.c.id).where(is_left)
        oldest = oldest.order_by(bot_requests.c.came_at).limit(1)
        with self._db.reading() as connection:  # most often there is none
            request_id = connection.execute(oldest).scalar_one_or_none()
        if request_id is None:
            return None
        taken = (
            update(bot_requests)
            .where(bot_requests.c.id == request_id, is_left)
            .values(taken_until=now + TAKEN_FOR, tries=bot_requests.c.tries + 1)
            .returning(bot_requests)
        )
        with self._db.writing() as connection:
            row = connection.execute(taken).one_or_none()
        if row is None:  # another process was faster
            return None
        return BotRequest(row.id, BotRequestKind(row.kind), row.came_at, row.tries)

    def keep(self, request_ids: Sequence[str], now: datetime) -> None:
        """Say that the caller still answers these."""
        statement = update(bot_requests).where(
            bot_requests.c.id.in_(request_ids), bot_requests.c.answered_at.is_(None)
        )
        self._db.execute(statement.values(taken_until=now + TAKEN_FOR))

    def put_back(self, request_id: str, until: datetime) -> None:
        """Let it be taken again, from then on."""
        statement = update(bot_requests).where(bot_requests.c.id == request_id)
        self._db.execute(statement.values(taken_until=until))

    def finish(self, request_id: str, now: datetime) -> None:
        statement = update(bot_requests).where(bot_requests.c.id == request_id)
        self._db.execute(statement.values(answered_at=now, taken_until=None))


def _is_left(now: datetime) -> ColumnElement[bool]:
    is_free = or_(
        bot_requests.c.taken_until.is_(None), bot_requests.c.taken_until < now
    )
    # Those that only a newer release knows are left to it.
    is_known = bot_requests.c.kind.in_(list(BotRequestKind))
    return and_(bot_requests.c.answered_at.is_(None), is_known, is_free)
