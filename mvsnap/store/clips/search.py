"""Search of clips: by their alarm, too, at a price that has a limit.

What no index finds is looked for in the rows of a window, as with events: a page may
have few rows, or none, and another one behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, select

from mvsnap.clip_model import Clip
from mvsnap.core.severity import Severity
from mvsnap.domain import EventId
from mvsnap.store.clips import NEWEST_FIRST, ClipFilter, ClipStore, conditions
from mvsnap.store.clips.rows import clip_of
from mvsnap.store.events.search import LOOKS_AT
from mvsnap.store.paging import Order
from mvsnap.store.tables import clips, events
from mvsnap.store.word_search import detail, has_word, one_text

_OLDEST_FIRST = Order(rising=(clips.c.at, clips.c.id))
_LOOKS_AT_FIRST = 1_000
# A list to choose from: machines of so many of the newest clips.
_MACHINES_OF = 500
_MOST_MACHINES = 100

_MACHINE = one_text([detail("device"), detail("device_serial")])
_TEXT = one_text(
    [
        *(clips.c.title, clips.c.camera, clips.c.trigger_by, clips.c.error),
        *(clips.c.note, events.c.title),
        *map(detail, ("text", "device", "device_serial", "kind", "network")),
    ]
)


class ClipSearch(Struct, frozen=True):
    """place: what an index finds. The others are looked for; None means any.

    machine, words: all of them must be there; a machine's in its name or serial.
    """

    place: ClipFilter
    machine: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    severity: Severity | None = None


class AlarmOfClip(Struct, frozen=True):
    """What the sender of a clip's alarm said of it; "" for nothing."""

    severity: str
    machine: str


class FoundClips(Struct, frozen=True):
    """alarms: of those clips that have one.

    after: the last clip that was looked at; None: there is no other page.
    searched_to: its time, where the page ended before it was full.
    """

    found: Sequence[Clip]
    alarms: Mapping[EventId, AlarmOfClip]
    after: EventId | None = None
    searched_to: datetime | None = None


class Neighbours(Struct, frozen=True):
    """The clips of a search just before and just after one, by time."""

    earlier: Clip | None = None
    later: Clip | None = None


def find_clips(store: ClipStore, search: ClipSearch, limit: int) -> FoundClips:
    """Return a page of clips, newest first; fewer than `limit` where few match."""
    with _reading(store, search) as connection:
        place = conditions(search.place)
        end, rows = _look(connection, search, place, NEWEST_FIRST, limit + 1)
    found = [clip_of(row) for row in rows[:limit]]
    alarms = {
        EventId(row.id): AlarmOfClip(row.severity or "", row.machine or "")
        for row in rows[:limit]
        if row.severity or row.machine
    }
    if len(rows) > limit:
        return FoundClips(found, alarms, found[-1].id)
    if end is None:
        return FoundClips(found, alarms)
    return FoundClips(found, alarms, EventId(end.id), end.at)


def neighbours(store: ClipStore, search: ClipSearch, clip: Clip) -> Neighbours:
    """Return the clips beside this one; `after` of the search must be None."""
    place, here = conditions(search.place), (clip.at, clip.id)
    with _reading(store, search) as connection:
        sides = []
        for order in (NEWEST_FIRST, _OLDEST_FIRST):
            beyond = [*place, order.behind(here)]
            _, rows = _look(connection, search, beyond, order, 1)
            sides.append(clip_of(rows[0]) if rows else None)
    return Neighbours(*sides)


def machines(store: ClipStore) -> list[str]:
    """Return the names of machines whose alarms made the newest clips, sorted."""
    newest = select(clips.c.about).where(clips.c.about.is_not(None))
    newest = newest.order_by(*NEWEST_FIRST.by).limit(_MACHINES_OF)
    about = newest.subquery()
    names = select(detail("device")).join(about, events.c.id == about.c.about)
    with store._db.reading() as connection:
        found = connection.execute(names.distinct().limit(_MOST_MACHINES)).scalars()
        return sorted({name for name in found if name}, key=str.casefold)


def _reading(
    store: ClipStore, search: ClipSearch
) -> AbstractContextManager[Connection]:
    return store._db.searching() if _looked_for(search) else store._db.reading()


def _look(
    connection: Connection,
    search: ClipSearch,
    place: Sequence[ColumnElement[bool]],
    order: Order,
    limit: int,
) -> tuple[Row[datetime, str] | None, Sequence[Row[Any]]]:
    """Return the last clip that was looked at, None for all, and what was found."""
    rows = _looked_for(search)
    statement = _with_alarm().where(*place, *rows).order_by(*order.by).limit(limit)
    if not rows:
        return None, connection.execute(statement).all()
    last = select(clips.c.at, clips.c.id).where(*place).order_by(*order.by)
    # What is frequent fills a page soon: it is not worth counting the whole window.
    for window in (min(_LOOKS_AT_FIRST, LOOKS_AT), LOOKS_AT):
        end = connection.execute(last.offset(window - 1).limit(1)).one_or_none()
        if end is not None:
            within = statement.where(order.up_to((end.at, end.id)))
        else:
            within = statement
        found = connection.execute(within).all()
        if end is None or len(found) == limit:
            break
    return end, found


def _with_alarm() -> Select[Any]:
    alarm = clips.outerjoin(events, events.c.id == clips.c.about)
    said = detail("severity").label("severity"), detail("device").label("machine")
    return select(clips, *said).select_from(alarm)


def _looked_for(search: ClipSearch) -> list[ColumnElement[bool]]:
    found = [has_word(_MACHINE, word) for word in search.machine]
    found += [has_word(_TEXT, word) for word in search.words]
    if search.severity is not None:
        found.append(detail("severity") == search.severity.value)
    return found
