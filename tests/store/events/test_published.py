"""Events are waiting until they are noted, whenever they were stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mvsnap.domain import (
    Event,
    EventId,
    EventKind,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.store.events import Store
from mvsnap.store.events.published import PublishedEvents

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def event(name: str, at: datetime = NOON, **more: str) -> Event:
    serial = Serial(more.pop("serial", "Q2AA-BBBB-CCCC"))
    trigger = Trigger(TriggerKind.HTTP, "button")
    kind = EventKind.SNAPSHOT
    return Event(EventId(name), kind, at, at, serial, JobId("j"), trigger, **more)  # type: ignore[arg-type]


def test_events_wait_until_they_are_noted(store: Store) -> None:
    published = PublishedEvents(store._db, store)
    began = published.begin(NOON)
    assert published.begin(NOON + MINUTE) == began == NOON
    store.add_event(event("old", NOON - MINUTE))
    store.add_event(event("b", NOON + 2 * MINUTE))
    store.add_event(event("a", NOON + MINUTE))
    assert [e.id for e in published.waiting(began, 10)] == ["a", "b"]
    assert [e.id for e in published.waiting(began, 1)] == ["a"]
    published.note([EventId("b")], NOON)
    published.note([EventId("b")], NOON)
    published.note([], NOON)
    assert [e.id for e in published.waiting(began, 10)] == ["a"]


def test_a_first_start_of_a_clock_that_was_ahead_is_put_right(store: Store) -> None:
    """Nothing would be published until then: what is before it stays here."""
    published = PublishedEvents(store._db, store)
    year = timedelta(days=365)
    assert published.begin(NOON + year) == NOON + year
    assert published.begin(NOON) == NOON
    assert published.begin(NOON + MINUTE) == NOON


def test_an_event_stored_late_still_waits(store: Store) -> None:
    published = PublishedEvents(store._db, store)
    store.add_event(event("b", NOON + 2 * MINUTE))
    published.note([EventId("b")], NOON)
    store.add_event(event("a", NOON + MINUTE))
    assert [e.id for e in published.waiting(NOON, 10)] == ["a"]


def test_notes_are_forgotten_and_the_first_start_is_not(store: Store) -> None:
    published = PublishedEvents(store._db, store)
    began = published.begin(NOON)
    store.add_event(event("a"))
    published.note([EventId("a")], NOON)
    published.forget_old(NOON + timedelta(hours=47))
    assert published.waiting(NOON, 10) == []
    published.forget_old(NOON + timedelta(hours=49))
    assert [e.id for e in published.waiting(NOON, 10)] == ["a"]
    assert published.begin(NOON + timedelta(hours=49)) == began


def test_the_last_picture_of_each_camera(store: Store) -> None:
    published = PublishedEvents(store._db, store)
    for name, minutes, more in (
        ("old", 0, {"snapshot_path": "x"}),
        ("new", 1, {"snapshot_path": "x"}),
        ("without", 2, {}),
        ("ahead", 99, {"snapshot_path": "x"}),
        ("gate", 0, {"serial": "", "camera_name": "Gate", "snapshot_path": "x"}),
        ("door", 0, {"serial": "", "camera_name": "Door", "snapshot_path": "x"}),
    ):
        store.add_event(event(name, NOON + minutes * MINUTE, **more))
    found = {e.id for e in published.last_pictures(NOON + 2 * MINUTE)}
    assert found == {"new", "gate", "door"}
