from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from mvsnap.domain import (
    Camera,
    Delivery,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    JobId,
    MessageId,
    Serial,
    Trigger,
    TriggerKind,
    Zone,
    ZoneId,
)
from mvsnap.store import paging
from mvsnap.store.database import Database, open_database
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.purging import PurgeResult
from mvsnap.store.site import SiteStore
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core.build import DOOR, GATE, HALL, NOON, event

ANY = EventFilter()
JOB = JobId("job-1")
SENDING, SENT = DeliveryState.SENDING, DeliveryState.SENT


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def added(store: Store, *events: Event) -> list[Event]:
    for one in events:
        store.add_event(one)
    return list(events)


def by_age(seconds: list[float], **given: Any) -> list[Event]:
    """Return events that happened so many seconds after noon."""
    return [event(occurred_at=at(s), **given) for s in seconds]


def ids(events: list[Event]) -> list[EventId]:
    return [one.id for one in events]


FULL = event(
    occurred_at=NOON.replace(microsecond=123456),
    recorded_at=at(3.5),
    trigger=Trigger(TriggerKind.SCHEDULE, "0 7 * * *"),
    camera_name="Tür 東 😀",
    title="it's; DROP TABLE",
    video_link="https://n1.meraki.com/x?timestamp=1",
    snapshot_path="snapshots/2026/03/04/x.jpg",
    error="offline",
    details={"zone": "Entrance"},
)


def test_an_event_comes_back_as_it_was(store: Store) -> None:
    added(store, FULL)
    assert store.event(FULL.id) == FULL
    assert store.events(ANY, 10) == [FULL]
    assert store.events_of_job(FULL.job_id) == [FULL]


def test_an_unknown_event_is_not_found(store: Store) -> None:
    assert store.event(EventId("nothing")) is None
    assert store.events_of_job(JobId("nothing")) == []


@pytest.mark.parametrize("text", ["", "'", "%", "ä" * 5000])
def test_any_text_may_be_asked_for_as_an_id(store: Store, text: str) -> None:
    assert store.event(EventId(text)) is None
    assert store.events_of_job(JobId(text)) == []


def test_a_fact_is_added_once_and_never_changed(store: Store) -> None:
    assert store.add_event(FULL) is True
    assert store.add_event(replace(FULL, error=Reason("another story"))) is False
    assert store.events(ANY, 10) == [FULL]


def test_two_that_add_the_same_fact_at_once_add_one(store: Store) -> None:
    results: list[bool] = []
    together = threading.Barrier(8)

    def add() -> None:
        together.wait()
        results.append(store.add_event(FULL))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]


def test_moments_come_back_aware_and_in_utc(store: Store) -> None:
    berlin = timezone(timedelta(hours=1))
    added(store, event(id=EventId("e"), occurred_at=at(0).astimezone(berlin)))
    found = store.event(EventId("e"))
    assert found is not None
    assert found.occurred_at == NOON
    assert found.occurred_at.utcoffset() == timedelta(0)
    assert found.recorded_at.utcoffset() == timedelta(0)
    wanted = EventFilter(since=at(0).astimezone(berlin))
    assert ids(store.events(wanted, 10)) == ["e"]


def test_events_come_newest_first_by_the_moment_they_show(store: Store) -> None:
    second, first, third = added(store, *by_age([2, 3, 1]))
    assert store.events(ANY, 10) == [first, second, third]
    assert store.events(ANY, 2) == [first, second]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(EventFilter(kinds=(EventKind.SNAPSHOT,)), [30, 20, 10], id="kind"),
        pytest.param(EventFilter(serials=(DOOR,)), [20], id="a camera"),
        pytest.param(EventFilter(serials=(DOOR, HALL)), [30, 20], id="two cameras"),
        pytest.param(EventFilter(serials=()), [], id="no camera at all"),
        pytest.param(EventFilter(since=at(20)), [30, 20], id="since is inclusive"),
        pytest.param(EventFilter(until=at(20)), [10], id="until is exclusive"),
        pytest.param(EventFilter(since=at(11), until=at(30)), [20], id="a span"),
        pytest.param(EventFilter(since=at(31)), [], id="nothing then"),
        pytest.param(
            EventFilter(serials=(DOOR, HALL), until=at(25)), [20], id="both at once"
        ),
    ],
)
def test_a_filter_finds_what_it_says(
    store: Store, wanted: EventFilter, found: list[int]
) -> None:
    for seconds, serial in ((10, GATE), (20, DOOR), (30, HALL)):
        added(store, event(occurred_at=at(seconds), serial=serial))
    moments = [one.occurred_at for one in store.events(wanted, 10)]
    assert moments == [at(seconds) for seconds in found]


def test_a_camera_without_a_serial_is_found_by_its_name(store: Store) -> None:
    nameless = Serial("")
    robot = event(serial=nameless, camera_name="Robot", kind=EventKind.CLIP)
    added(store, robot, event(serial=nameless, camera_name="Press"))
    added(store, event(serial=GATE, camera_name="Robot"))
    wanted = EventFilter(serials=(Serial("Robot"),))
    assert ids(store.events(wanted, 10)) == [robot.id]


def paged(store: Store, size: int, wanted: EventFilter = ANY) -> Iterator[list[Event]]:
    while page := store.events(wanted, size):
        yield page
        wanted = replace(wanted, after=page[-1].id)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_paging_visits_each_event_once_also_at_the_same_moment(
    store: Store, size: int
) -> None:
    everything = added(store, *by_age([1, 1, 1, 1, 2, 2, 3, 0, 0, 0]))
    visited = [one for page in paged(store, size) for one in page]
    assert sorted(ids(visited)) == sorted(ids(everything))
    moments = [one.occurred_at for one in visited]
    assert moments == sorted(moments, reverse=True)


def test_paging_is_not_disturbed_by_what_happens_meanwhile(store: Store) -> None:
    before = added(store, *by_age([1, 1, 2, 2, 3, 3]))
    visited: list[Event] = []
    for page in paged(store, 2):
        visited += page
        added(store, *by_age([4, 5]))
    assert sorted(ids(visited)) == sorted(ids(before))


def test_paging_keeps_the_filter(store: Store) -> None:
    wanted = added(store, *by_age([1, 2, 3], serial=DOOR))
    added(store, *by_age([1, 2, 3], serial=GATE))
    pages = list(paged(store, 1, EventFilter(serials=(DOOR,))))
    assert [page[0] for page in pages] == wanted[::-1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_several_kinds_come_in_one_order(store: Store, size: int) -> None:
    kinds = (EventKind.CROWD, EventKind.NOISE, EventKind.CROSSING)
    ages: tuple[list[float], ...] = ([1, 1, 2, 4], [1, 2, 3], [0])
    wanted = [
        one
        for kind, some in zip(kinds, ages, strict=True)
        for one in added(store, *by_age(some, kind=kind))
    ]
    added(store, *by_age([0, 1, 2, 3, 4]))
    visited = [one for page in paged(store, size, EventFilter(kinds)) for one in page]
    assert sorted(ids(visited)) == sorted(ids(wanted))
    moments = [one.occurred_at for one in visited]
    assert moments == sorted(moments, reverse=True)
    assert store.events(EventFilter(kinds, since=at(99)), size) == []


@pytest.mark.parametrize(
    ("most", "sizes"),
    [
        pytest.param(None, [500, 101], id="all"),
        pytest.param(500, [500], id="exactly a page"),
        pytest.param(501, [500, 1], id="one more than a page"),
        pytest.param(7, [7], id="less than a page"),
        pytest.param(5000, [500, 101], id="more than there are"),
    ],
)
def test_pages_give_all_of_it_in_pieces(
    store: Store, most: int | None, sizes: list[int]
) -> None:
    everything = added(store, *by_age([n % 50 for n in range(601)]))
    pages = list(store.pages(ANY, most))
    assert [len(page) for page in pages] == sizes
    visited = [one.id for page in pages for one in page]
    assert len(set(visited)) == len(visited)
    assert set(visited) <= set(ids(everything))


def test_pages_of_nothing_are_none(store: Store) -> None:
    assert list(store.pages(ANY, None)) == []
    assert paging.SIZE == 500  # what the sizes above are made for


def begin(store: Store, seconds: float = 0, part: str = GATE) -> Delivery | None:
    return store.begin_delivery(JOB, part, "Alarms", at(seconds))


def note(store: Store, state: DeliveryState, **given: Any) -> None:
    store.set_delivery(JOB, GATE, "Alarms", state, at(1), **given)


def only(store: Store) -> Delivery:
    (found,) = store.deliveries_of_job(JOB).values()
    return found


def test_a_message_is_noted_before_it_leaves(store: Store) -> None:
    assert begin(store) is None
    assert only(store) == Delivery(JOB, GATE, "Alarms", SENDING, attempts=1)


def test_what_was_sent_stays_sent(store: Store) -> None:
    begin(store)
    note(store, SENT, message_id=MessageId("M-1"))
    sent = Delivery(JOB, GATE, "Alarms", SENT, 1, MessageId("M-1"))
    assert begin(store, 5) == sent
    assert only(store) == sent


@pytest.mark.parametrize(
    "state", [DeliveryState.WAITING, DeliveryState.UNSURE, DeliveryState.FAILED]
)
def test_an_unsent_message_has_its_state_and_is_counted(
    store: Store, state: DeliveryState
) -> None:
    begin(store)
    note(store, state, error="503")
    before = begin(store, 5)
    # Given up while it was on its way: nobody knows whether it arrived.
    in_doubt = state is DeliveryState.FAILED
    sent = Delivery(JOB, GATE, "Alarms", state, 1, None, Reason("503"))
    assert before == replace(sent, may_have_arrived=in_doubt)
    now = only(store)
    assert (now.state, now.attempts) == (SENDING, 2)


def test_a_crash_while_sending_is_seen_by_the_next(store: Store) -> None:
    begin(store)
    before = begin(store, 60)
    assert before is not None
    assert (before.state, before.attempts) == (SENDING, 1)


def test_a_message_can_be_given_up_before_it_was_started(store: Store) -> None:
    note(store, DeliveryState.FAILED, error="no such room")
    expected = Delivery(
        JOB, GATE, "Alarms", DeliveryState.FAILED, error=Reason("no such room")
    )
    assert only(store) == expected


def test_parts_of_a_job_have_a_message_each(store: Store) -> None:
    for part in ("", GATE, DOOR, f"{GATE} note"):
        begin(store, part=part)
    assert {part for part, _ in store.deliveries_of_job(JOB)} == {
        "",
        GATE,
        DOOR,
        f"{GATE} note",
    }
    assert store.deliveries_of_job(JobId("job-2")) == {}


def test_two_that_begin_the_same_message_at_once_count_two_and_fail_none(
    url: str, store: Store
) -> None:
    other = Store(Database(open_database(url)))
    together, befores, trouble = threading.Barrier(2), [], []

    def begin_in(which: Store) -> None:
        together.wait()
        try:
            befores.append(begin(which))
        except Exception as exc:  # noqa: BLE001 - shown by the test
            trouble.append(exc)

    threads = [threading.Thread(target=begin_in, args=(s,)) for s in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert trouble == []
    assert befores.count(None) == 1
    assert only(store).attempts == 2


def test_a_heartbeat_keeps_the_last_moment_until_forgotten(store: Store) -> None:
    now = store.now()
    store.heartbeat("one", now - timedelta(minutes=1))
    store.heartbeat("two", now - timedelta(minutes=1))
    store.heartbeat("one", now.astimezone(timezone(timedelta(hours=1))))
    assert store.workers_alive() == {"one": True, "two": False}
    store.forget_worker("one")
    store.forget_worker("nobody")
    assert store.workers_alive() == {"two": False}


def test_purge_removes_what_was_recorded_before_and_names_its_pictures(
    store: Store,
) -> None:
    old = {"recorded_at": at(9.9), "occurred_at": at(99)}
    added(store, event(**old, snapshot_path="a.jpg"), event(**old))
    (young,) = added(store, event(recorded_at=at(10), snapshot_path="b.jpg"))
    store.begin_delivery(JOB, GATE, "Alarms", at(9))
    store.begin_delivery(JOB, DOOR, "Alarms", at(10))
    gone = PurgeResult(removed=2, files=1, paths=("a.jpg",))
    assert store.purge(at(10), dry_run=True) == gone
    assert store.purge(at(10)) == gone
    assert store.purge_deliveries(at(10)).removed == 1
    assert store.events(ANY, 10) == [young]
    assert set(store.deliveries_of_job(JOB)) == {(DOOR, "Alarms")}
    assert store.purge(at(10)) == PurgeResult()


def test_events_of_a_job_come_in_the_order_they_were_recorded(store: Store) -> None:
    later, first = added(store, event(recorded_at=at(2)), event(recorded_at=at(1)))
    added(store, event(job_id=JobId("job-2")))
    assert store.events_of_job(JOB) == [first, later]


def test_a_reader_never_waits_for_a_writer(url: str, store: Store) -> None:
    """SQLite would otherwise make /readyz wait for a job that writes."""
    added(store, FULL)
    writer = open_database(url)
    with writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM events")
        store.ping()
        assert store.event(FULL.id) == FULL
    writer.dispose()
    assert store.event(FULL.id) is None


def test_the_oldest_and_newest_moments_can_be_kept(store: Store) -> None:
    for moment in (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)):
        wanted = EventFilter(since=moment, until=moment)
        assert store.events(wanted, 1) == []


def test_a_name_known_later_is_that_of_earlier_events(store: Store) -> None:
    site = SiteStore(store._db)
    early = event(
        camera_name=GATE,
        zone_id=ZoneId("77"),
        zone_name="zone 77",
        trigger=Trigger(TriggerKind.SENSE, "zone 77"),
    )
    renamed = event(camera_name="Old name", zone_name="Old hall", zone_id=ZoneId("77"))
    clip = event(kind=EventKind.CLIP, camera_name=GATE)
    added(store, early, renamed, clip)
    site.keep_cameras([Camera(GATE, "Gate", "MV12", "N_1")], NOON)
    site.keep_zones(GATE, [Zone("77", "Hall")])
    found = store.event(early.id)
    assert found is not None
    assert (found.camera_name, found.zone_name) == ("Gate", "Hall")
    assert found.trigger.by == "Hall"
    assert store.event(renamed.id) == renamed
    # Messages about a clip are found again by the name in the settings.
    assert store.event(clip.id) == clip
    assert found in store.events(ANY, 9)
    assert found in store.events_of_job(early.job_id)


def test_events_of_more_jobs_than_a_statement_takes(store: Store) -> None:
    jobs = [JobId(f"job-{number:05}") for number in range(40_000)]
    later, first = added(
        store,
        event(job_id=jobs[0], recorded_at=at(9)),
        event(job_id=jobs[-1], recorded_at=at(1)),
    )
    assert store.events_of_jobs([*jobs, jobs[0]]) == [first, later]
    assert store.undelivered(jobs) == {}
