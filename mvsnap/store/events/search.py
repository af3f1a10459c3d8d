"""Search of events: also by what no index finds, at a price that has a limit.

A text or the state of a message is looked for in the rows of a window: as many events
as one page may look at, the newest first. A page may therefore have few rows, or none,
and another one behind it; its price does not depend on how many events there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, and_, case, exists, func, or_, select

from mvsnap.core.message_parts import END, clip_part
from mvsnap.core.notices import NoticeState
from mvsnap.core.severity import Severity
from mvsnap.domain import (
    CameraName,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    JobId,
)
from mvsnap.store.events import NEWEST_FIRST, EventFilter, Store, conditions
from mvsnap.store.events.rows import event_of, named_events
from mvsnap.store.notices.tables import notices
from mvsnap.store.paging import SIZE
from mvsnap.store.tables import cameras, deliveries, events, zones
from mvsnap.store.word_search import detail, has_word, one_text
from mvsnap.values import replace

LOOKS_AT = 10_000
# Texts of the sender of an alarm, by their names in the details of its event.
_DETAILS = ("text", "device", "device_serial", "kind", "network")
_ON_THE_WAY = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.UNSURE)


class EventState(StrEnum):
    """FAILED: without its picture or clip, or a message about it was given up.

    WAITING: a message is still to be sent. GROUPED: one with a count stands for it.
    QUIET: it came outside of somebody's hours; it is sent when they begin, or never.
    UNNOTIFIED: nobody was sent one: it was muted, has no recipients, or is about to
    begin.
    """

    FAILED = "failed"
    WAITING = "waiting"
    NOTIFIED = "notified"
    GROUPED = "grouped"
    QUIET = "quiet"
    UNNOTIFIED = "unnotified"


class EventSearch(Struct, frozen=True):
    """place: what an index finds. The others are looked for; None means any.

    kinds: where `place` has a camera. camera: one without a serial, by name. words: all
    of them must be there. stored: without an error, whatever became of messages.
    """

    place: EventFilter
    kinds: tuple[EventKind, ...] | None = None
    camera: str | None = None
    words: tuple[str, ...] = ()
    severity: Severity | None = None
    state: EventState | None = None
    stored: bool | None = None

    def after(self, event_id: EventId | None) -> EventSearch:
        """Return the same search for the page behind this event."""
        return replace(self, place=replace(self.place, after=event_id))


class FoundEvent(Struct, frozen=True):
    event: Event
    state: EventState


class FoundPage(Struct, frozen=True):
    """after: the last event that was looked at; None: there is no other page.

    searched_to: its time, where the page ended before it was full.
    """

    found: Sequence[FoundEvent]
    after: EventId | None = None
    searched_to: datetime | None = None


def find_events(store: Store, search: EventSearch, limit: int) -> FoundPage:
    """Return a page of events, newest first; fewer than `limit` where few match."""
    place, rows = conditions(search.place), _looked_for(search)
    with store._db.searching() if rows else store._db.reading() as connection:
        end = None
        if rows:
            last = select(events.c.occurred_at, events.c.id).where(*place)
            last = last.order_by(*NEWEST_FIRST.by).offset(LOOKS_AT - 1).limit(1)
            end = connection.execute(last).one_or_none()
        if end is not None:
            rows.append(NEWEST_FIRST.up_to((end.occurred_at, end.id)))
        statement = named_events().add_columns(_STATE.label("state"))
        statement = statement.where(*place, *rows).order_by(*NEWEST_FIRST.by)
        found = [_found(row) for row in connection.execute(statement.limit(limit + 1))]
    if len(found) > limit:
        return FoundPage(found[:limit], found[limit - 1].event.id)
    if end is None:
        return FoundPage(found)
    return FoundPage(found, EventId(end.id), end.occurred_at)


def find_event(store: Store, event_id: EventId) -> FoundEvent | None:
    statement = named_events().add_columns(_STATE.label("state"))
    row = store._db.first(statement.where(events.c.id == event_id))
    return None if row is None else _found(row)


def found_of_job(store: Store, job_id: JobId) -> list[FoundEvent]:
    """Return all events of the job in the order they were recorded."""
    statement = named_events().add_columns(_STATE.label("state"))
    statement = statement.where(events.c.job_id == job_id)
    statement = statement.order_by(events.c.recorded_at, events.c.id)
    return [_found(row) for row in store._db.rows(statement)]


def found_pages(
    store: Store, search: EventSearch, most: int | None
) -> Iterator[Sequence[Event]]:
    """Yield all events that match, page by page, newest first, at most `most`."""
    left = most
    while left is None or left > 0:
        page = find_events(store, search, SIZE if left is None else min(left, SIZE))
        if page.found:
            yield [one.event for one in page.found]
        if page.after is None:
            return
        left = None if left is None else left - len(page.found)
        search = search.after(page.after)


def count_found(store: Store, search: EventSearch) -> int:
    """Count what matches; all of `place` is looked at, which must be short."""
    statement = select(func.count()).select_from(_NAMED)
    statement = statement.where(*conditions(search.place), *_looked_for(search))
    return int(store._db.scalar(statement))


def _found(row: Row[Any]) -> FoundEvent:
    return FoundEvent(event_of(row), EventState(row.state))


def _looked_for(search: EventSearch) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if search.kinds is not None:
        found.append(events.c.kind.in_(search.kinds))
    if search.camera is not None:
        found.append(and_(events.c.serial == "", events.c.camera_name == search.camera))
    if search.severity is not None:
        found.append(detail("severity").in_((search.severity.value,)))
    if search.state is not None:
        found.append(_STATE.in_((search.state.value,)))
    if search.stored is not None:
        no_error = events.c.error.is_(None)
        found.append(no_error if search.stored else ~no_error)
    return found + [has_word(_TEXT, word) for word in search.words]


def _all_text() -> ColumnElement[str]:
    """Return what a person reads about an event, as one text in lower case."""
    shown = [
        *(events.c.title, events.c.camera_name, events.c.serial, events.c.zone_name),
        *(events.c.trigger_by, events.c.error, cameras.c.name, zones.c.label),
        *map(detail, _DETAILS),
    ]
    return one_text(shown)


def _is_about() -> ColumnElement[bool]:
    """Return whether a message is about an event.

    A picture's message has the serial first, a clip's its camera's name; an end's is of
    a job that has the id of the event. The others begin a thread, and all of it but the
    clips is about them.
    """
    event, sent = events.c, deliveries.c
    is_clip = func.substr(sent.part, 1, len(_ANY_CLIP)) == _ANY_CLIP
    own = event.serial + " "
    of_picture = or_(
        sent.part == event.serial, func.substr(sent.part, 1, func.length(own)) == own
    )
    own_part = or_(
        and_(event.kind == EventKind.SNAPSHOT, of_picture),
        and_(event.kind == EventKind.CLIP, sent.part == _ANY_CLIP + event.camera_name),
        and_(event.kind == EventKind.END, sent.part == END),
        and_(event.kind.not_in(_WITH_PART), ~is_clip),
    )
    return and_(sent.job_id == _job_id(), own_part)


def _job_id() -> ColumnElement[str]:
    """Return the job with the messages about an event."""
    event = events.c
    return case((event.kind == EventKind.END, event.id), else_=event.job_id)


def _has_notice(*states: NoticeState) -> ColumnElement[bool]:
    its = and_(notices.c.job_id == _job_id(), notices.c.state.in_(states))
    return exists().where(its).correlate(events)


def _has_message(*states: DeliveryState) -> ColumnElement[bool]:
    its = and_(_is_about(), deliveries.c.state.in_(states))
    return exists().where(its).correlate(events)


def _state() -> ColumnElement[str]:
    has_failed = or_(events.c.error.is_not(None), _has_message(DeliveryState.FAILED))
    return case(
        (has_failed, EventState.FAILED.value),
        (_has_message(*_ON_THE_WAY), EventState.WAITING.value),
        (_has_message(DeliveryState.SENT), EventState.NOTIFIED.value),
        (_has_notice(NoticeState.GROUPED), EventState.GROUPED.value),
        (_has_notice(NoticeState.QUIET, NoticeState.LATE), EventState.QUIET.value),
        else_=EventState.UNNOTIFIED.value,
    )


_ANY_CLIP = clip_part(CameraName(""))
_WITH_PART = (EventKind.SNAPSHOT, EventKind.CLIP, EventKind.END)
_TEXT = _all_text()
_STATE = _state()
_NAMED = named_events().get_final_froms()[0]
