"""The search for events, on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from mvsnap.core.message_parts import clip_part, note_part
from mvsnap.core.severity import Severity
from mvsnap.domain import (
    CameraName,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    JobId,
    Serial,
)
from mvsnap.errors import TooManyRequests
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.events import search as event_search
from mvsnap.store.events.search import (
    EventSearch,
    EventState,
    count_found,
    find_event,
    find_events,
    found_of_job,
    found_pages,
)
from mvsnap.store.time_limits import REQUEST, with_limits
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core import build
from tests.core.build import DOOR, GATE, NOON

ANY = EventSearch(EventFilter())
SENT, FAILED = DeliveryState.SENT, DeliveryState.FAILED


def add(store: Store, minutes_ago: int = 0, **given: Any) -> Event:
    event = build.event(occurred_at=NOON - timedelta(minutes=minutes_ago), **given)
    store.add_event(event)
    return event


def search(**given: Any) -> EventSearch:
    return EventSearch(EventFilter(), **given)


def found(store: Store, wanted: EventSearch) -> list[str]:
    return [one.event.id for one in find_events(store, wanted, 50).found]


def state_of(store: Store, event: Event) -> EventState:
    one = find_event(store, event.id)
    assert one is not None
    return one.state


WORDS = {
    "gate": True,
    "TÜR gate": True,
    "türe": False,
    "gate yard": False,
    "50%_": True,
    "50x_": False,
    "%": True,
    "valve": True,
    "robot-7": True,
    "meraki": False,  # the source has its own words on the page
    "button": True,
    "refused": True,
    "'": False,
    "\\": False,
}


def test_words_are_looked_for_where_people_read_them(store: Store) -> None:
    event = add(
        store,
        title="Tür 50%_",
        camera_name="Gate north",
        error="refused",
        details={"text": "open Valve", "device": "Robot-7", "source": "meraki"},
    )
    add(store, title="other", details={})
    are_found = {
        text: event.id in found(store, search(words=tuple(text.split())))
        for text in WORDS
    }
    assert are_found == WORDS


ROBOT = clip_part(CameraName("Robot"))
OTHER_ROBOT = clip_part(CameraName("Other"))
# A message by the kind of an event, its part, and whether its job is the event's.
MESSAGES = {
    (EventKind.SNAPSHOT, GATE, "job"): True,
    (EventKind.SNAPSHOT, note_part(GATE), "job"): True,
    (EventKind.SNAPSHOT, DOOR, "job"): False,
    (EventKind.SNAPSHOT, "", "job"): False,
    (EventKind.ALARM, "", "job"): True,
    (EventKind.CROWD, GATE, "job"): True,
    (EventKind.ALARM, ROBOT, "job"): False,
    (EventKind.CLIP, ROBOT, "job"): True,
    (EventKind.CLIP, OTHER_ROBOT, "job"): False,
    (EventKind.END, "end", "event"): True,
    (EventKind.END, "end", "job"): False,
    (EventKind.SNAPSHOT, GATE, "other"): False,
}


def test_a_message_counts_for_the_event_it_is_about(store: Store) -> None:
    for number, ((kind, part, whose), is_about) in enumerate(MESSAGES.items()):
        event = add(
            store,
            id=EventId(f"event-{number}"),
            job_id=JobId(f"job-{number}"),
            kind=kind,
            camera_name="Robot",
        )
        case, room, job_id = (kind, part), "Alarms", JobId(f"{whose}-{number}")
        assert state_of(store, event) is EventState.UNNOTIFIED, case
        store.begin_delivery(job_id, part, room, NOON)
        assert (state_of(store, event) is EventState.WAITING) is is_about, case
        store.set_delivery(job_id, part, room, FAILED, NOON, error=Reason("gone"))
        assert (state_of(store, event) is EventState.FAILED) is is_about, case
        store.set_delivery(job_id, part, room, SENT, NOON)
        assert (state_of(store, event) is EventState.NOTIFIED) is is_about, case
        (again,) = found_of_job(store, event.job_id)
        assert (again.state is EventState.NOTIFIED) is is_about, case


def test_states_severities_and_cameras_are_filters(store: Store) -> None:
    broken = add(store, 1, error="offline", job_id=JobId("job-2"))
    sent = add(store, 2, serial=DOOR)
    store.set_delivery(sent.job_id, DOOR, "Alarms", SENT, NOON)
    critical: dict[str, Any] = {"severity": "critical"}
    robot = add(
        store, 3, serial=Serial(""), camera_name="Robot", kind=EventKind.CLIP,
        details=critical, job_id=JobId("job-3"),
    )  # fmt: skip
    assert found(store, search(state=EventState.FAILED)) == [broken.id]
    assert found(store, search(state=EventState.NOTIFIED)) == [sent.id]
    assert found(store, search(stored=True)) == [sent.id, robot.id]
    assert found(store, search(severity=Severity.CRITICAL)) == [robot.id]
    assert found(store, search(severity=Severity.WARNING)) == []
    nameless = EventFilter(serials=(Serial(""),))
    assert found(store, EventSearch(nameless, camera="Robot")) == [robot.id]
    assert found(store, EventSearch(nameless, camera="Other")) == []
    of_kind = search(kinds=(EventKind.CLIP,))
    assert found(store, of_kind) == [robot.id]
    assert count_found(store, search(stored=True)) == 2


def test_a_search_goes_on_where_it_stopped_and_ends(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_search, "LOOKS_AT", 7)
    # Two at each moment: the window may end between them.
    made = [add(store, n // 2, title="needle" if n % 5 == 4 else "") for n in range(40)]
    wanted, seen, pages = search(words=("needle",)), [], 0
    while True:
        page = find_events(store, wanted, 1)
        assert len(page.found) <= 1
        seen += [one.event.id for one in page.found]
        pages += 1
        if page.after is None:
            break
        wanted = wanted.after(page.after)
    needles = {event.id for event in made if event.title}
    assert len(seen) == len(needles)
    assert set(seen) == needles
    assert pages >= 40 / 7
    whole = [event.id for page in found_pages(store, ANY, None) for event in page]
    assert whole == found(store, ANY)
    some = [e.id for p in found_pages(store, search(words=("needle",)), 3) for e in p]
    assert some == seen[:3]


def test_searches_take_turns_and_lists_wait_for_none(store: Store) -> None:
    """Nine at once took both cores of a small machine from the triggers."""
    everything = EventSearch(EventFilter())
    with ThreadPoolExecutor(2) as pool:
        with store._db.searching():
            asked = EventSearch(EventFilter(), words=("gate",))
            search = pool.submit(find_events, store, asked, 10)
            assert (
                pool.submit(find_events, store, everything, 10).result(20).found == []
            )
            assert not search.done()
        assert search.result(20).found == []


def test_a_search_waits_no_longer_for_others_than_for_an_answer(store: Store) -> None:
    """Each that waits holds a thread of the server."""

    def impatient() -> None:
        with with_limits(replace(REQUEST, statement_s=0.2)):
            find_events(store, search(words=("gate",)), 10)

    with ThreadPoolExecutor(1) as pool, store._db.searching():
        waiting = pool.submit(impatient)
        with pytest.raises(TooManyRequests, match="Too many searches"):
            waiting.result(20)
    impatient()
