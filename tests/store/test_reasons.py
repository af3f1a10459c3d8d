"""Why something is so, as SQLite and PostgreSQL keep it for this release and others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from mvsnap import texts
from mvsnap.clip_model import Clip, ClipState
from mvsnap.core.clip_text import details
from mvsnap.domain import EventKind
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.lost_clips import LostClipStore
from mvsnap.store.tables import clips, events
from mvsnap.texts.reasons import said
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import DISK_FULL, NO_PRE_ROLL, RECORDER_DIED, STARTS_LATE
from tests.core.build import NOON, event
from tests.store.test_clip_store import clip

LATE = STARTS_LATE(late_s=3)
GERMAN = "das Video beginnt 3 s nach dem Auslöser"


@pytest.fixture
def db(url: str) -> Iterator[database.Database]:
    engine = database.open_database(url)
    database.upgrade(engine)
    yield database.Database(engine)
    engine.dispose()


@pytest.fixture(autouse=True)
def german() -> None:
    texts.use("de")


def note_of(store: ClipStore, wanted: Clip) -> str:
    found = store.clip(wanted.id)
    assert found is not None
    return said(found.note or "")


def test_a_note_is_a_code_and_a_sentence_for_the_release_before(
    db: database.Database,
) -> None:
    store, made = ClipStore(db), clip(note=LATE)
    store.ask([made])
    assert store.clip(made.id) == made
    assert note_of(store, made) == GERMAN
    with db.reading() as connection:
        row = connection.execute(select(clips.c.note, clips.c.reasons)).one()
    assert row.note == "the video starts 3 s after the trigger"
    assert row.reasons["note"]["code"] == "video_starts_late"
    assert row.reasons["note"]["values"] == {"late_s": 3}


def test_what_the_release_before_writes_is_shown_as_it_is(
    db: database.Database,
) -> None:
    store, made = ClipStore(db), clip(note=LATE)
    store.ask([made])
    with db.writing() as connection:
        connection.execute(update(clips).values(note="its own words"))
    assert note_of(store, made) == "its own words"
    with db.writing() as connection:
        connection.execute(update(clips).values(reasons=None))
    assert note_of(store, made) == "its own words"


def test_a_clip_that_waits_says_why(db: database.Database) -> None:
    store, made = ClipStore(db), clip(state=ClipState.WAITING)
    store.ask([made], "here-1")
    assert note_of(store, made) == ""
    store.put_back(made.id, DISK_FULL(), NOON)
    assert note_of(store, made) == "der Datenträger ist voll"
    LostClipStore(db).release("here-1", RECORDER_DIED(machine="here"))
    assert note_of(store, made) == "sein Rekorder here ist ausgefallen"
    store.put_back(made.id, None, NOON)
    with db.reading() as connection:
        row = connection.execute(select(clips.c.note, clips.c.reasons)).one()
    assert tuple(row) == (None, None)


def test_the_event_of_a_clip_says_the_same(db: database.Database) -> None:
    made = clip(note=NO_PRE_ROLL(), began_at=NOON, ended_at=NOON)
    told = event(kind=EventKind.CLIP, details=details(made))
    Store(db).add_event(told)
    found = Store(db).event(told.id)
    assert found == told
    note = found.details["note"]
    assert isinstance(note, Reason)
    assert said(note) == "kein Vorlauf"


def test_the_note_of_a_badge_is_what_a_person_wrote(db: database.Database) -> None:
    told = event(kind=EventKind.MISMATCH, details={"note": "no pre-roll"})
    Store(db).add_event(told)
    found = Store(db).event(told.id)
    assert found is not None
    assert not isinstance(found.details["note"], Reason)
    with db.reading() as connection:
        assert connection.execute(select(events.c.reasons)).scalar_one() is None


def test_an_outcome_says_why_there_is_no_clip(db: database.Database) -> None:
    store, made = ClipStore(db), clip(state=ClipState.RECORDING)
    store.ask([made], "here-1")
    failed = replace(made, state=ClipState.FAILED, error=DISK_FULL(), note=LATE)
    told = event(kind=EventKind.CLIP, error=failed.error)
    assert store.finish(failed, told, "here-1")
    found, seen = store.clip(made.id), Store(db).event(told.id)
    assert found == replace(failed, kept=False)
    assert seen is not None
    assert said(found.error or "") == said(seen.error or "")
    assert said(seen.error or "") == "der Datenträger ist voll"
