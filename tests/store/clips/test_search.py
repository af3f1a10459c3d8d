"""The search for clips by their alarm, on SQLite and on PostgreSQL."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from mvsnap.clip_model import Clip, ClipState
from mvsnap.core.severity import Severity
from mvsnap.domain import CameraName, EventId, EventKind, JobId, Trigger, TriggerKind
from mvsnap.store import database
from mvsnap.store.clips import NEWEST_FIRST, ClipFilter, ClipStore, conditions
from mvsnap.store.clips import search as clip_search
from mvsnap.store.clips.search import ClipSearch, find_clips, machines, neighbours
from mvsnap.store.events import Store
from mvsnap.store.tables import clips as clips_table
from tests.core.build import NOON, event

ANY = ClipSearch(ClipFilter())
HOOK = Trigger(TriggerKind.WEBHOOK, "line 3")
CRITICAL = Severity.CRITICAL


@dataclass(frozen=True)
class Stores:
    clips: ClipStore
    events: Store

    def add(self, minutes_ago: int = 0, **details: str) -> Clip:
        """Add a clip; with details, also its alarm."""
        about = EventId(str(uuid.uuid4())) if details else None
        at = NOON - timedelta(minutes=minutes_ago)
        camera = CameraName(details.pop("camera", "Robot"))
        clip = Clip(
            id=EventId(str(uuid.uuid4())),
            job_id=JobId(str(uuid.uuid4())),
            camera=camera,
            trigger=HOOK,
            at=at,
            received_at=at,
            title=details.pop("title", "Stopped"),
            about=about,
            state=ClipState.READY,
        )
        self.clips.ask([clip])
        if about is not None:
            alarm: Any = {"kind": EventKind.ALARM, "occurred_at": at, "id": about}
            self.events.add_event(event(**alarm, details=details))
        return clip

    def found(self, **given: Any) -> list[str]:
        wanted = ClipSearch(ClipFilter(), **given)
        return [clip.id for clip in find_clips(self.clips, wanted, 50).found]


@pytest.fixture
def stores(db: database.Database) -> Stores:
    return Stores(ClipStore(db), Store(db))


def test_clips_are_found_by_words_machine_and_severity(stores: Stores) -> None:
    press = stores.add(
        device="Press 7", device_serial="11-22", text="Oil 5% low", severity="critical"
    )
    robot = stores.add(1, device="Robot 3", severity="warning", title="Türe offen")
    by_hand = stores.add(2, title="")
    assert stores.found() == [press.id, robot.id, by_hand.id]
    assert stores.found(machine=("PRESS", "7")) == [press.id]
    assert stores.found(machine=("11-2",)) == [press.id]
    # A camera of that name is no machine of that name.
    assert stores.found(machine=("robot",)) == [robot.id]
    assert stores.found(words=("5%", "low")) == [press.id]
    assert stores.found(words=("TÜRE",)) == [robot.id]
    assert stores.found(words=("robot", "line")) == [press.id, robot.id, by_hand.id]
    assert stores.found(words=("5_",)) == []
    assert stores.found(severity=CRITICAL) == [press.id]
    assert stores.found(severity=CRITICAL, machine=("robot",)) == []


def test_machines_to_choose_from_are_those_of_alarms(stores: Stores) -> None:
    for minutes, name in enumerate(("robot 3", "Press 7", "robot 3")):
        stores.add(minutes, device=name)
    stores.add(5)
    stores.add(6, text="without a device")
    assert machines(stores.clips) == ["Press 7", "robot 3"]


def test_neighbours_are_within_the_search(stores: Stores) -> None:
    first = stores.add(3, device="Press 7")
    stores.add(2, device="Robot 3")
    same = sorted(
        (stores.add(1, device="Press 7") for _ in range(2)), key=lambda c: c.id
    )
    last = stores.add(0, device="Press 7")
    press = ClipSearch(ClipFilter(), machine=("press",))
    line = [first, *same, last]
    for place, clip in enumerate(line):
        found = neighbours(stores.clips, press, clip)
        assert found.earlier == ([None, *line][place])
        assert found.later == ([*line, None][place + 1])
    assert neighbours(stores.clips, ANY, first).later not in (None, same[0])


def test_a_page_looks_at_a_window_and_says_how_far_it_came(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_search, "LOOKS_AT", 3)
    clips = [stores.add(n, device="Press" if n == 5 else "Robot") for n in range(7)]
    press = ClipSearch(ClipFilter(), machine=("press",))
    page = find_clips(stores.clips, press, 10)
    assert (page.found, page.after, page.searched_to) == ([], clips[2].id, clips[2].at)
    further = ClipSearch(ClipFilter(after=page.after), machine=("press",))
    page = find_clips(stores.clips, further, 10)
    assert (page.found, page.searched_to) == ([clips[5]], clips[5].at)
    assert neighbours(stores.clips, press, clips[6]).later == clips[5]
    assert neighbours(stores.clips, press, clips[0]).earlier is None
    # What an index finds has no window.
    assert len(find_clips(stores.clips, ANY, 10).found) == 7


def test_what_is_frequent_is_found_in_a_part_of_the_window(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_search, "LOOKS_AT", 6)
    monkeypatch.setattr(clip_search, "_LOOKS_AT_FIRST", 3)
    clips = [stores.add(n, device="Press" if n % 2 else "Robot") for n in range(8)]
    press = ClipSearch(ClipFilter(), machine=("press",))
    odd = clips[1::2]
    page = find_clips(stores.clips, press, 1)
    assert (page.found, page.after, page.searched_to) == (odd[:1], odd[0].id, None)
    page = find_clips(stores.clips, press, 2)
    assert (page.found, page.after, page.searched_to) == (odd[:2], odd[1].id, None)
    page = find_clips(stores.clips, press, 4)
    assert (page.found, page.after) == (odd[:3], clips[5].id)
    assert page.searched_to == clips[5].at


@pytest.mark.parametrize(
    "states", [(ClipState.READY,), (ClipState.FAILED, ClipState.READY), None]
)
def test_a_list_goes_by_the_index_of_its_order(
    tmp_path: Path, states: tuple[ClipState, ...] | None
) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    database.upgrade(engine)
    for wanted in (ClipFilter(states=states), ClipFilter((CameraName("x"),), states)):
        listed = select(clips_table).where(*conditions(wanted)).limit(9)
        listed = listed.order_by(*NEWEST_FIRST.by)
        options = {"literal_binds": True}
        sql = str(listed.compile(engine, compile_kwargs=options))
        with engine.connect() as connection:
            plan = str(connection.execute(text(f"EXPLAIN QUERY PLAN {sql}")).all())
        assert "clips_newest" in plan or "clips_of_camera" in plan
        assert "TEMP B-TREE" not in plan
    engine.dispose()


def test_clips_of_an_alarm_belong_together_whatever_rule_made_them(
    stores: Stores,
) -> None:
    first, other = stores.add(device="Robot"), stores.add(1)
    assert first.about is not None
    second = Clip(
        id=EventId("second"),
        job_id=JobId("another job"),
        camera=CameraName("Hall"),
        trigger=HOOK,
        at=NOON,
        received_at=NOON,
        about=first.about,
    )
    stores.clips.ask([second])
    assert stores.clips.related(first) == [second]
    assert stores.clips.related(other) == []
