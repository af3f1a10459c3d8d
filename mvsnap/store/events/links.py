"""The only thing about an event that may come later: its video link."""

from __future__ import annotations

from mvsnap.domain import Event
from mvsnap.store.events import Store
from mvsnap.store.events.rows import event_reasons
from mvsnap.store.tables import events


def set_video_link(store: Store, event: Event) -> None:
    """Store the link of an event that was stored without, or why it has none."""
    fresh = {
        "video_link": event.video_link,
        "details": event.details,
        "reasons": event_reasons(event),
    }
    statement = events.update().where(events.c.id == event.id).values(fresh)
    store._db.execute(statement)
