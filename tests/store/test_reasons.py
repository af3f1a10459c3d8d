"""Why something is so, as SQLite and PostgreSQL keep it for this release and others."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from mvsnap import texts
from mvsnap.clip_model import Clip, ClipState, RecorderCameraState
from mvsnap.core.clip_text import details
from mvsnap.core.troubles import Trouble
from mvsnap.core.video_links import NO_LINK
from mvsnap.domain import CameraName, DeliveryState, EventKind, JobId, Listener
from mvsnap.store import database
from mvsnap.store.alert_tables import troubles
from mvsnap.store.clips import ClipStore
from mvsnap.store.clips.lost import LostClipStore
from mvsnap.store.events import Store
from mvsnap.store.events.links import set_video_link
from mvsnap.store.job_states import JobRow, JobStage, JobStateStore
from mvsnap.store.sense import SenseStore
from mvsnap.store.sharing.process_tables import processes, upstreams
from mvsnap.store.sharing.processes import ProcessReport, ProcessStore
from mvsnap.store.tables import clips, deliveries, events, listeners, recorder_cameras
from mvsnap.store.troubles import TroubleStore
from mvsnap.texts import channel_wordings, ixon_wordings
from mvsnap.texts.broker_wordings import NOT_CONNECTED
from mvsnap.texts.camera_wordings import (
    CONNECTION_REFUSED,
    IN_DETAIL,
    NO_ROUTE,
    OFFLINE,
)
from mvsnap.texts.reasons import said
from mvsnap.texts.status_wordings import CLOCK_WRONG, EXPIRED
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import (
    CAMERA_OFFLINE,
    DISK_FULL,
    MERAKI_BUSY,
    MERAKI_UNREACHABLE,
    NO_PRE_ROLL,
    RECORDER_DIED,
    STARTS_LATE,
    WITH,
)
from mvsnap.upstreams import Outcome, Upstream
from mvsnap.values import replace
from tests.core.build import NOON, event
from tests.store.clips.test_clips import clip

LATE = STARTS_LATE(late_s=3)
GERMAN = "das Video beginnt 3 s nach dem Auslöser"


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


def test_an_event_says_why_it_has_no_picture_and_no_link(
    db: database.Database,
) -> None:
    store = Store(db)
    told = event(error=CAMERA_OFFLINE(), details={NO_LINK: MERAKI_BUSY(status=429)})
    store.add_event(told)
    found = store.event(told.id)
    assert found == told
    assert said(found.error or "") == "Die Kamera ist offline"
    link = found.details[NO_LINK]
    assert isinstance(link, Reason)
    assert said(link) == "Meraki ist überlastet (429)"
    # The link comes later: the rest stays.
    set_video_link(store, replace(found, video_link="https://x.example", details={}))
    found = store.event(told.id)
    assert found is not None
    assert (found.details, said(found.error or "")) == ({}, "Die Kamera ist offline")


def test_an_event_of_the_release_before_is_shown_as_it_is(
    db: database.Database,
) -> None:
    store = Store(db)
    told = event(error=CAMERA_OFFLINE(), details={NO_LINK: MERAKI_BUSY(status=429)})
    store.add_event(told)
    changed = {"error": "in its words", "details": {NO_LINK: "in others"}}
    with db.writing() as connection:
        connection.execute(update(events).values(changed))
    for column in ({}, {"reasons": None}):
        with db.writing() as connection:
            connection.execute(update(events).values(changed | column))
        found = store.event(told.id)
        assert found is not None
        assert said(found.error or "") == "in its words"
        assert said(str(found.details[NO_LINK])) == "in others"


@pytest.mark.parametrize("column", [["x"], "x", 7, {"error": 7, "text": ["x"]}])
def test_a_column_of_something_else_is_none(
    db: database.Database, column: object
) -> None:
    store, robot = ClipStore(db), CameraName("Robot")
    now = datetime.now(UTC)
    told = event(error=CAMERA_OFFLINE(), details={NO_LINK: MERAKI_BUSY(status=429)})
    Store(db).add_event(told)
    store.see([RecorderCameraState(robot, "offline", OFFLINE(), now, now)])
    with db.writing() as connection:
        for table in (events, recorder_cameras):
            connection.execute(update(table).values(reasons=column))
    found = Store(db).event(told.id)
    assert found is not None
    assert said(found.error or "") == "The camera is offline"
    assert said(store.recorder_cameras()[robot].text) == str(OFFLINE())


def test_a_row_holds_no_more_than_it_may(db: database.Database) -> None:
    store = Store(db)
    store.add_event(event(error=MERAKI_UNREACHABLE(host="h" * 9_000, why="w" * 9_000)))
    with db.reading() as connection:
        found = connection.execute(select(events.c.error, events.c.reasons)).one()
    assert len(found.error) < 700
    assert len(json.dumps(found.reasons)) < 900


def test_a_delivery_says_why_it_failed(db: database.Database) -> None:
    store, failed, job_id = Store(db), DeliveryState.FAILED, JobId("job-1")
    whose = channel_wordings.THE_CHANNEL(name="Ops")
    refused = channel_wordings.REFUSED(whose=whose, status=400)
    why = WITH(first=refused, then="chat not found")

    def said_of_it() -> list[str]:
        known = store.deliveries_of_job(job_id)["", "Alarms"]
        return [said(known.error or ""), said(store.undelivered([job_id])[job_id])]

    store.set_delivery(job_id, "", "Alarms", failed, NOON, error=why)
    german = "Der Kanal Ops hat die Nachricht abgelehnt (400): chat not found"
    assert said_of_it() == [german] * 2
    with db.reading() as connection:
        english = connection.execute(select(deliveries.c.error)).scalar_one()
    assert english == "The channel Ops refused the message (400): chat not found"
    with db.writing() as connection:
        connection.execute(update(deliveries).values(error="in its words"))
    assert said_of_it() == ["in its words"] * 2
    store.set_delivery(job_id, "", "Alarms", failed, NOON)
    assert said(store.undelivered([job_id])[job_id]) == "nicht zugestellt"
    with db.reading() as connection:
        row = connection.execute(select(deliveries.c.error, deliveries.c.reasons))
        assert tuple(row.one()) == (None, None)


def test_a_job_says_why_it_waits(db: database.Database) -> None:
    store, waits = JobStateStore(db), channel_wordings.WEBEX_BUSY()
    row = JobRow(JobId("a"), JobStage.WAITING, NOON, "{}", "a", waits, NOON)
    store.put(row, NOON)
    found = store.row(row.job_id)
    assert found == row
    assert said(found.reason) == (
        "Webex hat von diesem Bot zu viele Nachrichten erhalten (429)"
    )
    store.put(replace(row, reason=Reason("")), NOON)
    assert store.row(row.job_id) == replace(row, reason=Reason(""))


def test_a_service_says_why_it_fails(db: database.Database) -> None:
    store, at = ProcessStore(db), datetime.now(UTC)
    report = ProcessReport("one", "pi", "web", "1", "data")

    def error_after(outcome: Outcome) -> Reason:
        news = {str(Upstream.IXON): outcome}
        store.beat(report, news, monotonic_s=1000, clock=at, is_first=False)
        (found,) = store.upstreams()
        return found.error

    busy = ixon_wordings.BUSY(status=429)
    found = error_after(Outcome(None, 990, 990, WITH(first=busy, then="Calm down")))
    assert said(found) == "IXON ist überlastet (429): Calm down"
    assert found == "IXON is too busy (429): Calm down"
    assert error_after(Outcome(999, 990, None)) == ""
    with db.reading() as connection:
        assert connection.execute(select(upstreams.c.reasons)).scalar_one() is None


def test_a_trouble_says_what_was_wrong(db: database.Database) -> None:
    store = TroubleStore(db)
    why = ixon_wordings.UNREACHABLE(why=NO_ROUTE())
    began = Trouble("1", "IXON", "ixon", why, "", NOON, handed_over=False)
    began = replace(began, reported_by="job-1")
    store.change(lambda _known: [began])

    def text() -> str:
        (found,) = store.not_handed_over()[JobId("job-1")]
        assert replace(found, text=why) == began
        return said(found.text)

    assert text() == "IXON ist nicht erreichbar: kein Weg zum Host"
    with db.writing() as connection:
        connection.execute(update(troubles).values(text="in its words"))
    assert text() == "in its words"


def test_the_state_of_a_camera_is_a_code_too(db: database.Database) -> None:
    store, robot = ClipStore(db), CameraName("Robot")
    now = datetime.now(UTC)
    why = IN_DETAIL(what=OFFLINE(), detail=NO_ROUTE())
    state = RecorderCameraState(robot, "offline", why, now, now)
    store.see([state])
    found = store.recorder_cameras()[robot].text
    assert found == "the camera cannot be reached (no route to host)"
    assert said(found) == "die Kamera ist nicht erreichbar (kein Weg zum Host)"
    store.see([replace(state, text=Reason(""))])
    assert store.recorder_cameras()[robot].text == ""
    with db.writing() as connection:
        connection.execute(update(recorder_cameras).values(text="in its words"))
    assert said(store.recorder_cameras()[robot].text) == "in its words"


def test_a_machine_says_what_is_wrong_with_it(db: database.Database) -> None:
    store, at = ProcessStore(db), datetime.now(UTC)
    report = ProcessReport("one", "pi", "web", "1", "data")
    wrong = CLOCK_WRONG(clock_at="1970-01-01 02:03 CET")
    report = replace(report, clock_error=wrong, certificate_error=EXPIRED())

    def known() -> list[str]:
        (found,) = store.all()
        return [said(found.report.clock_error), said(found.report.certificate_error)]

    store.beat(report, {}, monotonic_s=1000, clock=at, is_first=True)
    german = ["falsch: sie zeigt 01.01.1970 02:03 MEZ (läuft NTP?)", "ist abgelaufen"]
    assert known() == german
    assert store.all()[0].report == report
    with db.writing() as connection:
        # As the release before writes.
        connection.execute(update(processes).values(clock_error="in its words"))
    assert known() == ["in its words", german[1]]


def test_a_listener_says_how_it_is_connected(db: database.Database) -> None:
    store, now = SenseStore(db), datetime.now(UTC)
    refused = NOT_CONNECTED(why=CONNECTION_REFUSED())
    one = Listener("one", now, False, refused, 0.0, 4, 0)

    def state() -> str:
        (found,) = store.listeners()
        return said(found.state)

    store.describe_listener(one)
    assert state() == "nicht verbunden: Verbindung abgelehnt"
    # As the release before writes, before this one goes on under its id.
    with db.writing() as connection:
        connection.execute(update(listeners).values(state="in its words"))
    assert state() == "in its words"
    with db.writing() as connection:
        news = {"state": str(refused), "reasons": None}
        connection.execute(update(listeners).values(**news))
    assert state() == refused
    store.keep_listener(one)
    assert state() == "nicht verbunden: Verbindung abgelehnt"
