"""Messages of alarms as they came, each beside its event and as long as that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import and_, exists, select

from mvsnap.domain import Event, EventId
from mvsnap.store.events import Store, old_events
from mvsnap.store.events.alarm_tables import alarm_messages
from mvsnap.store.events.rows import event_row
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.tables import events

# Longer ones are not kept: no sender known writes a tenth of it.
MOST_BYTES = 32_768


class StoredMessage(Struct, frozen=True):
    """text: JSON in ASCII, "" if it was too long to keep; size_bytes: what it had.

    sender: the name of its token or key. rules: the names of those that matched.
    """

    text: str
    size_bytes: int
    sender: str
    rules: Sequence[str] = ()

    @classmethod
    def of(cls, text: str, sender: str, rules: Sequence[str]) -> StoredMessage:
        """text: JSON in ASCII."""
        kept = text if len(text) <= MOST_BYTES else ""
        return cls(kept, len(text), sender, tuple(rules))


def add_alarm(store: Store, event: Event, message: StoredMessage) -> None:
    """Add an alarm with its message; what is known already stays as it is."""
    db = store._db
    row = {
        "event_id": event.id,
        "stored_at": event.recorded_at,
        "sender": message.sender,
        "message": message.text,
        "size_bytes": message.size_bytes,
        "rules": list(message.rules),
    }
    added = db.insert(events).values(event_row(event)).on_conflict_do_nothing()
    kept = db.insert(alarm_messages).values(row).on_conflict_do_nothing()
    with db.writing() as connection:
        connection.execute(added)
        connection.execute(kept)


def message_of_alarm(store: Store, event_id: EventId) -> StoredMessage | None:
    statement = select(alarm_messages).where(alarm_messages.c.event_id == event_id)
    row = store._db.first(statement)
    if row is None:
        return None
    return StoredMessage(row.message, row.size_bytes, row.sender, tuple(row.rules))


def newest_messages(
    store: Store, limit: int
) -> Sequence[tuple[datetime, StoredMessage]]:
    """Return those that came last, with when they did, the newest first."""
    statement = select(alarm_messages).order_by(alarm_messages.c.stored_at.desc())
    rows = store._db.rows(statement.limit(limit))
    return [
        (r.stored_at, StoredMessage(r.message, r.size_bytes, r.sender, tuple(r.rules)))
        for r in rows
    ]


def purge_messages(
    store: Store,
    before: datetime,
    *,
    gone: Collection[str] = (),
    dry_run: bool = False,
) -> PurgeResult:
    """Remove those that are older and have no event any more.

    gone: as of `Store.purge`; a dry run takes the events for removed that go before.
    """
    event = select(events.c.id).where(events.c.id == _KEY)
    has_event = exists(event.where(~old_events(before, gone)) if dry_run else event)
    old = and_(alarm_messages.c.stored_at < before, ~has_event)
    return purge(store._db, OldRows(alarm_messages, old), dry_run=dry_run)


_KEY = alarm_messages.c.event_id
