"""What is published of events, whatever the clock was set to."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from mvsnap.domain import EventId, EventKind
from mvsnap.home_assistant.site import SitePublisher, SiteSources
from mvsnap.home_assistant.topics import Topics
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.events.published import PublishedEvents
from tests.clients.fakes import SteppedClock
from tests.core import build
from tests.store.sqlite import db as db


def test_a_clock_that_is_set_back_keeps_no_event_back(
    db: database.Database,
) -> None:
    clock, store = SteppedClock(), Store(db)
    events = PublishedEvents(db, store)
    clock.by = timedelta(days=365)
    connected: Any = SimpleNamespace(opened=1, has_room=True)
    nothing: Any = None
    sources = SiteSources(events, nothing, {}, nothing, nothing)
    site = SitePublisher(
        connected, Topics("mvsnap", "ha"), nothing, sources, nothing, clock
    )
    site.send()
    clock.by = timedelta()
    site.send()  # notices it
    at = clock.now()
    # A mismatch is noted, and stays here: no broker is needed to see that it was read.
    shown = build.event(kind=EventKind.MISMATCH, occurred_at=at, recorded_at=at)
    store.add_event(shown)
    assert [e.id for e in events.waiting(at, 9)] == [EventId(shown.id)]
    site.send()
    assert events.waiting(at, 9) == []


def test_what_was_published_is_not_forgotten_by_a_clock_that_was_ahead(
    db: database.Database,
) -> None:
    """It would be published once more when NTP has set it."""
    clock, store = SteppedClock(), Store(db)
    events = PublishedEvents(db, store)
    at = clock.now()
    shown = build.event(occurred_at=at, recorded_at=at)
    store.add_event(shown)
    events.note([shown.id], at)
    clock.by = timedelta(days=365)
    nothing: Any = None
    sources = SiteSources(events, nothing, {}, nothing, nothing)
    site = SitePublisher(
        nothing, Topics("mvsnap", "ha"), nothing, sources, nothing, clock
    )
    site.forget_old()
    assert events.waiting(at, 9) == []
