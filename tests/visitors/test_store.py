"""What cameras counted, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.domain import FULL_FRAME, Presence, Serial, ZoneId
from mvsnap.store import database
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.values import replace
from mvsnap.visitors.model import (
    CountingCamera,
    DayCount,
    HourPicture,
    KnownZone,
    MostSeen,
    Total,
)
from mvsnap.visitors.rules import HourCount, HourPictureState, Span
from mvsnap.visitors.store import VisitorStore
from tests.core.build import DOOR, GATE, NOON

HALL = ZoneId("671599294431625455")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def visitors(db: database.Database) -> VisitorStore:
    return VisitorStore(db)


@pytest.fixture
def commits(db: database.Database) -> list[str]:
    """Transactions that wrote, or may have."""
    found: list[str] = []

    @event.listens_for(db.engine, "commit")
    def note(connection: Connection) -> None:
        if "mvsnap_reading" not in connection.get_execution_options():
            found.append("commit")

    return found


def zone(zone_id: ZoneId = HALL, label: str = "Hall", **given: Any) -> CountedZone:
    return CountedZone(given.get("serial", GATE), zone_id, ZoneKind.ZONE, label)


def day(number: int, entrances: int, people: float | None = None) -> DayCount:
    begin = NOON + number * DAY
    return DayCount(GATE, HALL, begin, entrances, people, 86400.0, is_over=True)


def days(*numbers: int) -> list[Span]:
    return [(NOON + n * DAY, NOON + (n + 1) * DAY) for n in numbers]


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_one_process_asks_until_it_falls_silent(visitors: VisitorStore) -> None:
    assert visitors.claim("visitors", "a", at(0), at(5))
    assert not visitors.claim("visitors", "b", at(1), at(6))
    assert visitors.claim("visitors", "a", at(2), at(7))
    assert not visitors.claim("visitors", "b", at(6), at(11))
    assert visitors.claim("visitors", "b", at(7), at(12))
    visitors.release("visitors", "a")
    assert not visitors.claim("visitors", "a", at(8), at(13))
    visitors.release("visitors", "b")
    assert visitors.claim("visitors", "a", at(8), at(13))


def test_the_last_message_of_a_camera_is_kept(visitors: VisitorStore) -> None:
    camera = CountingCamera(GATE, True, NOON)
    visitors.keep_camera(camera)
    assert visitors.cameras() == {GATE: camera}
    later = CountingCamera(GATE, None, at(60), "out of reach")
    visitors.keep_camera(later)
    assert visitors.cameras() == {GATE: later}


def test_a_new_list_of_zones_keeps_when_their_hours_were_asked(
    visitors: VisitorStore,
) -> None:
    visitors.keep_zones(GATE, [zone(), zone(ZoneId("8"))])
    visitors.keep_hours(GATE, HALL, (NOON, at(60)), [], at(61))
    visitors.keep_zones(GATE, [zone(label="Big hall"), zone(ZoneId("9"))])
    assert visitors.zones() == [
        KnownZone(zone(ZoneId("9"))),
        KnownZone(zone(label="Big hall"), at(61)),
    ]
    visitors.note_no_hours(GATE, HALL, "too busy", at(62))
    assert visitors.zones()[1] == KnownZone(zone(label="Big hall"), at(62), "too busy")
    visitors.keep_zones(GATE, [])
    assert visitors.zones() == []


def test_what_is_kept_together_is_one_transaction(
    visitors: VisitorStore, commits: list[str]
) -> None:
    visitors.keep_zones(GATE, [zone(), zone(ZoneId("8"))])
    commits.clear()
    with visitors.together():
        visitors.keep_days([day(0, 3)])
        visitors.keep_camera(CountingCamera(GATE, True, NOON))
        visitors.keep_hours(GATE, HALL, (NOON, at(60)), [], at(61))
        visitors.note_no_hours(GATE, ZoneId("8"), "too busy", at(62))
        assert visitors.cameras() == {}
        assert commits == []
    assert len(commits) == 1
    assert visitors.cameras() == {GATE: CountingCamera(GATE, True, NOON)}
    assert visitors.was_counted(GATE, HALL)
    assert [known.hours_asked_at for known in visitors.zones()] == [at(61), at(62)]


def test_an_error_does_not_lose_what_was_kept_before_it(visitors: VisitorStore) -> None:
    def fail() -> None:
        with visitors.together():
            visitors.keep_days([day(0, 3)])
            raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        fail()
    assert visitors.was_counted(GATE, HALL)
    visitors.keep_days([day(0, 4)])  # at once again
    assert visitors.totals(days(0)) == {(GATE, HALL): Total(4, None)}


def test_many_answers_are_several_transactions(
    visitors: VisitorStore, commits: list[str]
) -> None:
    with visitors.together():
        for number in range(45):
            visitors.keep_days([day(number, 1)])
        assert len(commits) == 2
    assert len(commits) == 3
    assert len(visitors.finished_days(NOON)) == 45


def test_zones_that_are_known_are_not_written_again(
    db: database.Database, visitors: VisitorStore
) -> None:
    visitors.keep_zones(GATE, [zone(), zone(ZoneId("8"))])
    asked: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement.split()[0])

    visitors.keep_zones(GATE, [zone(), zone(ZoneId("8"))])
    assert {"INSERT", "UPDATE", "DELETE"}.isdisjoint(asked)
    visitors.keep_zones(GATE, [zone(label="Big hall")])
    assert {"INSERT", "DELETE"} <= set(asked)


def test_the_zone_viewed_last_comes_first(visitors: VisitorStore) -> None:
    visitors.add_page_view(GATE, HALL, at(0))
    visitors.add_page_view(DOOR, FULL_FRAME, at(1))
    visitors.add_page_view(GATE, HALL, at(2))
    assert list(visitors.page_views(at(0), at(2))) == [(GATE, HALL), (DOOR, FULL_FRAME)]
    assert list(visitors.page_views(at(2), at(2))) == [(GATE, HALL)]


def test_days_are_added_up_and_averages_weighed(visitors: VisitorStore) -> None:
    half = replace(day(1, 4, 8.0), covered_s=43200.0, is_over=False)
    line = replace(day(0, 7), zone_id=ZoneId("l1"))
    visitors.keep_days([day(-1, 99), day(0, 3, 2.0), half, line])
    visitors.keep_days([])
    assert visitors.totals(days(0, 1)) == {
        (GATE, HALL): Total(7, 4.0),
        (GATE, ZoneId("l1")): Total(7, None),
    }
    assert visitors.finished_days(NOON) == {
        (GATE, HALL, NOON),
        (GATE, ZoneId("l1"), NOON),
    }
    found = visitors.entrances(NOON, NOON + 2 * DAY, by_hour=False)
    assert found[GATE, HALL] == {NOON: 3, NOON + DAY: 4}


def test_days_of_another_time_zone_are_not_added(visitors: VisitorStore) -> None:
    shifted = [replace(day(n, 3), began_at=NOON + n * DAY - 2 * HOUR) for n in (0, 1)]
    visitors.keep_days([day(0, 3), day(1, 3), *shifted])
    assert visitors.totals(days(0, 1)) == {(GATE, HALL): Total(6, None)}
    assert visitors.was_counted(GATE, HALL)
    assert not visitors.was_counted(DOOR, HALL)


def test_an_unfinished_day_is_counted_again(visitors: VisitorStore) -> None:
    visitors.keep_days([replace(day(0, 3), is_over=False)])
    visitors.keep_days([day(0, 5)])
    assert visitors.totals(days(0)) == {(GATE, HALL): Total(5, None)}


def test_hours_are_replaced_where_they_were_asked_for(visitors: VisitorStore) -> None:
    first = HourCount(NOON, 3, 0.5, at(7), 2.0, 2)
    second, again = HourCount(at(60), 1), HourCount(at(60), 4, 1.0, at(61), 1.5, 4)
    visitors.keep_hours(GATE, HALL, (NOON, at(120)), [first, second], at(90))
    visitors.keep_hours(GATE, HALL, (at(60), at(180)), [again], at(130))
    assert visitors.hours(GATE, HALL, NOON, at(180)) == [first, again]
    assert visitors.hours(GATE, HALL, at(60), at(180)) == [again]
    found = visitors.entrances(NOON, at(180), by_hour=True)
    assert found == {(GATE, HALL): {NOON: 3, at(60): 4}}


def seen(db: database.Database, *spans: tuple[float, float, int]) -> None:
    found = [
        Presence(serial, FULL_FRAME, at(begin), at(end), people)
        for begin, end, people in spans
        for serial in (GATE,)
    ]
    SenseStore(db).save(Findings(presences=found), NOON)


def test_most_people_at_once_are_shown_with_the_last_sighting(
    visitors: VisitorStore, db: database.Database
) -> None:
    seen(db, (-30, -20, 9), (1, 2, 4), (5, 8, 3))
    found = visitors.most_seen([(NOON, at(60))])
    assert found == {(GATE, FULL_FRAME): MostSeen(4, at(8))}
    assert visitors.most_seen([(at(60), at(70))]) == {}


def test_most_people_at_once_by_hours(
    visitors: VisitorStore, db: database.Database
) -> None:
    seen(db, (1, 2, 4), (5, 8, 3), (130, 140, 2))
    spans = [(at(60 * n), at(60 * n + 60)) for n in range(3)]
    assert visitors.most_seen_in(spans, FULL_FRAME) == {0: 4, 2: 2}
    assert visitors.most_seen_in(spans, FULL_FRAME, GATE) == {0: 4, 2: 2}
    assert visitors.most_seen_in(spans, FULL_FRAME, DOOR) == {}
    assert visitors.most_seen_in(spans, HALL) == {}


def picture(serial: Serial = GATE, **given: Any) -> HourPicture:
    fields: dict[str, Any] = {"minute_at": at(7), "state": HourPictureState.TAKEN}
    return HourPicture(serial, HALL, NOON, **(fields | given))


def test_a_picture_takes_the_place_of_the_reason_why_there_was_none(
    visitors: VisitorStore,
) -> None:
    waiting = picture(state=HourPictureState.OFFLINE, again_at=at(30), error="offline")
    visitors.keep_picture(waiting)
    visitors.keep_picture(picture(DOOR))
    assert visitors.pictures(GATE, HALL, NOON, at(60)) == {NOON: waiting}
    taken = picture(tries=2, snapshot_path="snapshots/a.jpg", video_link="https://x")
    visitors.keep_picture(taken)
    assert visitors.pictures(GATE, HALL, NOON, at(60)) == {NOON: taken}


def test_the_first_picture_of_a_minute_stays(visitors: VisitorStore) -> None:
    """Another process was frozen while it fetched one."""
    first = picture(snapshot_path="visitors/first.jpg", video_link="https://x")
    assert visitors.keep_picture(first) == first.snapshot_path
    failed = picture(state=HourPictureState.FAILED, error="offline")
    for late in (picture(snapshot_path="visitors/late.jpg"), failed):
        assert visitors.keep_picture(late) == first.snapshot_path
    assert visitors.pictures(GATE, HALL, NOON, at(60)) == {NOON: first}
    busier = picture(minute_at=at(9), snapshot_path="visitors/busier.jpg")
    assert visitors.keep_picture(busier) == busier.snapshot_path


def test_purging_removes_what_is_older_and_names_its_pictures(
    visitors: VisitorStore,
) -> None:
    visitors.keep_days([day(-40, 1), day(0, 1)])
    old, new = HourCount(NOON - 40 * DAY, 1), HourCount(NOON, 1)
    visitors.keep_hours(GATE, HALL, (NOON - 41 * DAY, at(60)), [old, new], NOON)
    visitors.keep_picture(
        replace(picture(snapshot_path="old.jpg"), began_at=NOON - 40 * DAY)
    )
    visitors.keep_picture(picture(snapshot_path="new.jpg"))
    visitors.keep_camera(CountingCamera(GATE, True, NOON - 40 * DAY))
    visitors.add_page_view(GATE, HALL, NOON - 40 * DAY)
    assert visitors.purge(NOON - 30 * DAY).removed == 2
    assert visitors.purge_pictures(NOON - 30 * DAY).paths == ("old.jpg",)
    assert visitors.hours(GATE, HALL, NOON - 50 * DAY, at(60)) == [new]
    totals = visitors.totals(days(-40, 0))
    assert totals == {(GATE, HALL): Total(1, None)}
    assert visitors.cameras() == {}
    assert visitors.page_views(NOON - 50 * DAY, NOON) == {}
