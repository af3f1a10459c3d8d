"""Which clips of some events can be shown as a small picture."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from mvsnap.clip_model import ClipState
from mvsnap.domain import EventId
from mvsnap.store.events import Store
from mvsnap.store.tables import clips


def clips_with_thumbnail(store: Store, ids: Iterable[EventId]) -> frozenset[EventId]:
    wanted = list(ids)
    if not wanted:
        return frozenset()
    c = clips.c
    statement = select(c.id).where(
        c.id.in_(wanted), c.state == ClipState.READY, c.thumbnail_path.is_not(None)
    )
    with store._db.reading() as connection:
        return frozenset(map(EventId, connection.scalars(statement)))
