"""Notices in the store: decided once, counted together, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from mvsnap.core.notices import Grouping, Notice, NoticeState, by_count
from mvsnap.domain import JobId
from mvsnap.store import database
from mvsnap.store.audit import AuditFilter, AuditLog
from mvsnap.store.notices import Choose, EarlierNotices, NoticeStore
from mvsnap.store.notices.groups import NoticeGroup
from mvsnap.values import replace
from tests.changes import log_line
from tests.core import build

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TWO = Grouping(2, 10 * MINUTE)
NOW, LATE = NoticeState.NOW, NoticeState.LATE
QUIET, GROUPED = NoticeState.QUIET, NoticeState.GROUPED


@pytest.fixture
def store(db: database.Database) -> NoticeStore:
    return NoticeStore(db)


def job(number: int) -> JobId:
    return JobId(f"job {number:03d}")


def count(number: int, now: datetime, camera: str = "gate") -> Choose:
    """Decide by the number of messages alone."""

    def choose(room: str, history: EarlierNotices) -> Notice:
        found = by_count(TWO, history.earlier, history.open_until, now)
        return Notice(job(number), room, found.state, now, camera, found.at)

    return choose


def decide(
    store: NoticeStore, number: int, now: datetime, *rooms: str, camera: str = "gate"
) -> None:
    choose = count(number, now, camera)
    store.decide(job(number), rooms or ("A",), camera, now - TWO.within, choose)


def states(store: NoticeStore, *numbers: int, room: str = "A") -> list[NoticeState]:
    return [store.of_job(job(number))[room].state for number in numbers]


def ended_groups(store: NoticeStore, now: datetime) -> list[NoticeGroup]:
    return store.ended_groups(now, TWO.within)


def late(number: int, due_at: datetime, room: str = "A") -> Notice:
    return Notice(job(number), room, LATE, NOON, "gate", due_at)


def keep(store: NoticeStore, *notices: Notice) -> None:
    by_room = {(one.job_id, one.room): one for one in notices}
    for job_id, room in by_room:

        def choose(there: str, _earlier: EarlierNotices, of: JobId = job_id) -> Notice:
            return by_room[of, there]

        store.decide(job_id, [room], "gate", NOON, choose)


def test_what_is_decided_stays(store: NoticeStore) -> None:
    keep(store, late(1, NOON + MINUTE))
    keep(store, replace(late(1, NOON), state=QUIET))
    assert store.of_job(job(1)) == {"A": late(1, NOON + MINUTE)}
    assert store.of_job(job(2)) == {}


def test_more_than_two_of_a_camera_become_one(store: NoticeStore) -> None:
    for number in range(5):
        decide(store, number, NOON + number * MINUTE)
    assert states(store, 0, 1, 2, 3, 4) == [NOW, NOW, GROUPED, GROUPED, GROUPED]
    end = NOON + 12 * MINUTE
    assert ended_groups(store, end - timedelta(seconds=1)) == []
    (ended,) = ended_groups(store, end)
    group = store.group(ended.id)
    assert group is not None
    assert (group.messages, group.first_at, group.last_at, group.ends_at) == (
        *(3, NOON + 2 * MINUTE, NOON + 4 * MINUTE, end),
    )
    assert group.job_ids == [job(4)]
    store.handed_over(group.id)
    assert ended_groups(store, end) == []


def test_cameras_and_destinations_are_counted_apart(store: NoticeStore) -> None:
    for number in range(2):
        decide(store, number, NOON)
    decide(store, 2, NOON, camera="door")
    decide(store, 3, NOON, "A", "B")
    assert states(store, 2) == [NOW]
    assert states(store, 3) == [GROUPED]
    assert states(store, 3, room="B") == [NOW]


def test_what_has_no_camera_is_not_counted(store: NoticeStore) -> None:
    for number in range(5):
        decide(store, number, NOON, camera="")
    assert states(store, *range(5)) == [NOW] * 5


def test_of_many_at_once_two_are_sent_by_themselves(store: NoticeStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: decide(store, number, NOON), range(20)))
    found = states(store, *range(20))
    assert found.count(NOW) == 2
    (group,) = ended_groups(store, NOON + 10 * MINUTE)
    counted = store.group(group.id)
    assert counted is not None
    assert counted.messages == 18


def test_what_was_kept_back_is_due_in_its_order(store: NoticeStore) -> None:
    keep(store, late(2, NOON + MINUTE), late(1, NOON + MINUTE), late(3, NOON))
    keep(store, replace(late(4, NOON), state=NOW, due_at=None))
    assert store.due(NOON - MINUTE) == []
    assert [one.job_id for one in store.due(NOON + MINUTE)] == [job(3), job(1), job(2)]


def test_what_was_kept_back_is_decided_again_once(store: NoticeStore) -> None:
    kept = late(1, NOON)
    keep(store, kept)
    again = replace(kept, state=NOW, due_at=NOON)
    asked: list[str] = []

    def choose(room: str, _history: EarlierNotices) -> Notice:
        asked.append(room)
        return again

    store.decide_again(kept, NOON, choose)
    store.decide_again(kept, NOON, choose)
    assert asked == ["A"]
    assert store.due(NOON) == [again]
    store.begun(job(1), ["A"])
    assert store.due(NOON) == []
    assert states(store, 1) == [NOW]


def test_one_that_is_kept_back_does_not_count_before_it_is_due(
    store: NoticeStore,
) -> None:
    keep(store, *(late(number, NOON + 60 * MINUTE) for number in range(5)))
    decide(store, 9, NOON)
    assert states(store, 9) == [NOW]


def test_a_job_is_looked_at_again_unless_it_has_begun(store: NoticeStore) -> None:
    due = replace(late(1, NOON), state=NOW)
    keep(store, due)
    store.look_again(due, NOON + MINUTE)
    assert store.due(NOON) == []
    (again,) = store.due(NOON + MINUTE)
    store.begun(job(1), ["A"])
    store.look_again(again, NOON + 2 * MINUTE)
    assert store.due(NOON + 5 * MINUTE) == []


def test_a_run_that_begins_leaves_what_is_added_meanwhile(store: NoticeStore) -> None:
    added = replace(late(1, NOON, "B"), state=NOW)
    keep(store, replace(late(1, NOON), state=NOW), added)
    store.begun(job(1), ["A"])
    assert store.due(NOON) == [added]


def test_what_is_counted_already_is_joined_by_no_other(store: NoticeStore) -> None:
    for number in range(3):
        decide(store, number, NOON)
    (group,) = ended_groups(store, NOON + 10 * MINUTE)
    keep(store, Notice(group.id, "A", NOW, NOON + 10 * MINUTE))
    decide(store, 4, NOON + 9 * MINUTE)
    counted = store.group(group.id)
    assert counted is not None
    assert counted.messages == 1
    ends = [one.ends_at for one in ended_groups(store, NOON + 19 * MINUTE)]
    assert ends == [NOON + 10 * MINUTE, NOON + 19 * MINUTE]


def test_what_is_dropped_is_quiet(store: NoticeStore) -> None:
    kept = late(1, NOON)
    keep(store, kept)
    store.drop(kept)
    assert states(store, 1) == [QUIET]
    assert store.due(NOON) == []


def test_an_escalation_adds_whom_it_does_not_know(store: NoticeStore) -> None:
    first = Notice(job(1), "A", NOW, NOON, "gate", escalate_at=NOON + MINUTE)
    other = Notice(job(1), "B", NOW, NOON, "gate")
    keep(store, first, other)
    assert store.to_escalate(NOON, NOON) == []
    assert store.to_escalate(NOON + MINUTE, NOON) == [first]
    assert store.to_escalate(NOON, NOON + MINUTE) == [first]
    extra = Notice(job(1), "C", NOW, NOON + MINUTE, due_at=NOON, is_extra=True)
    store.escalate(first, [replace(extra, room="B"), extra])
    assert store.to_escalate(NOON + MINUTE, NOON) == []
    known = store.of_job(job(1))
    assert known["B"] == other
    assert known["C"] == extra


def test_the_first_who_has_seen_it_is_known(store: NoticeStore) -> None:
    assert store.seen(job(1)) is None
    event = build.event(job_id=job(1))
    assert store.see(event, "ada", NOON)
    assert not store.see(event, "bob", NOON + MINUTE)
    seen = store.seen(job(1))
    assert seen is not None
    assert (seen.who, seen.at) == ("ada", NOON)
    (line,) = AuditLog(store._db).lines(AuditFilter(), 10)
    assert line.change == log_line(NOON, "ada", f"event {event.id}", "", "seen")


def test_notices_of_several_jobs(store: NoticeStore) -> None:
    keep(store, late(1, NOON), late(1, NOON, "B"), late(2, NOON), late(3, NOON))
    found = store.of_jobs([job(1), job(3), job(9)])
    assert {one: [n.room for n in many] for one, many in found.items()} == {
        job(1): ["A", "B"],
        job(3): ["A"],
    }


def test_old_notices_go_but_none_that_is_still_to_be_sent(store: NoticeStore) -> None:
    for number in range(3):
        decide(store, number, NOON)
    keep(store, late(8, NOON + 9000 * MINUTE))
    keep(store, Notice(job(9), "A", NOW, NOON, escalate_at=NOON + 9000 * MINUTE))
    store.see(build.event(job_id=job(1)), "ada", NOON)
    later = NOON + 60 * MINUTE
    assert store.purge(later, dry_run=True).removed == 3
    assert store.purge(later).removed == 3
    assert store.of_job(job(1)) == {}
    assert store.seen(job(1)) is None
    assert store.of_job(job(8))
    assert store.of_job(job(9))


def test_what_a_clock_decided_that_was_years_ahead_does_not_wait_for_years(
    store: NoticeStore,
) -> None:
    ahead = NOON + timedelta(days=2000)
    escalating = Notice(job(2), "A", NOW, ahead, escalate_at=ahead)
    keep(store, replace(late(1, ahead), noted_at=ahead), escalating)
    decide(store, 3, ahead)
    decide(store, 4, ahead)
    decide(store, 5, ahead)
    assert [one.job_id for one in store.due(NOON)] == [job(1)]
    assert [one.job_id for one in store.to_escalate(NOON, NOON)] == [job(2)]
    assert len(ended_groups(store, NOON)) == 1
