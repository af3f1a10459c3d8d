"""A night and a morning of a shop with a machine, as its events are stored."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mvsnap.clock import SystemClock
from mvsnap.domain import (
    Camera,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    Job,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.jobs.codec import encode
from mvsnap.simulator.picture import draw_picture
from mvsnap.store.job_states import JobRow, JobStage
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core import build
from tests.web.build import DOOR, GATE, Web
from tests.web.clip_build import HOOK, ROBOT, add_clip

VIDEO = "https://n1.meraki.com/video?timestamp=1"
REASON = "Webex could not be reached: no answer within 20 s"
NAMES = {GATE: "Gate north", DOOR: "Staff entrance"}
# 19:00 at the site; the story ends at 02:30 of the next day.
EVENING = datetime(2026, 6, 1, 17, tzinfo=UTC)
_SENSE = Trigger(TriggerKind.SENSE, "Waiting area")


class Later(SystemClock):
    """03:00 of the night at the site."""

    def now(self) -> datetime:
        return EVENING + timedelta(hours=8)


@dataclass(frozen=True)
class Story:
    """button: with its picture. crowd: muted, ended. alarm: critical, not delivered."""

    button: Event
    crowd: Event
    end: Event
    alarm: Event
    clip: Event
    offline: Event


def tell(web: Web, at: datetime) -> Story:
    """Store a story that begins at this moment and takes eight hours."""
    cameras = [Camera(Serial(s), name, "MV12W", "N_1") for s, name in NAMES.items()]
    web.site.keep_cameras(cameras, at)
    crowd = add(
        web,
        at,
        kind=EventKind.CROWD,
        trigger=_SENSE,
        title="Crowd",
        zone_id=ZoneId("7"),
        zone_name="Waiting area",
        details={"people": 5, "limit": 3, "dwell_s": 60.0, "muted_by": "anna"},
    )
    add_picture(web, crowd.job_id, at, scene="hall", trigger=_SENSE, title="Crowd")
    end = add(
        web,
        at + timedelta(seconds=184),
        kind=EventKind.END,
        job_id=crowd.job_id,
        trigger=_SENSE,
        title="Crowd over",
        details={"of": crowd.id, "peak": 7, "unit": "people", "duration_s": 184.0},
    )
    alarm, clip = add_alarm_with_clip(web, at + timedelta(hours=3))
    button = add_button(web, at + timedelta(hours=7))
    offline = add(
        web,
        at + timedelta(hours=7, minutes=30),
        serial=Serial(DOOR),
        camera_name=NAMES[DOOR],
        error="The camera is offline",
    )
    return Story(button, crowd, end, alarm, clip, offline)


def add(web: Web, at: datetime, **given: Any) -> Event:
    """Add an event with a job of its own, about the gate unless given."""
    fields: dict[str, Any] = {
        "occurred_at": at,
        "recorded_at": at + timedelta(seconds=4),
        "camera_name": NAMES[GATE],
        "job_id": JobId(str(uuid.uuid4())),
    }
    event = build.event(**(fields | given))
    web.store.add_event(event)
    return event


def add_picture(
    web: Web, job_id: JobId, at: datetime, scene: str = "gate", **given: Any
) -> Event:
    event_id = EventId(str(uuid.uuid4()))
    serial = given.get("serial", GATE)
    jpeg = draw_picture(scene, NAMES[serial], serial, 1, at)
    path = web.files.save_snapshot(event_id, at, jpeg)
    given = {"camera_name": NAMES[serial], "video_link": VIDEO} | given
    return add(web, at, id=event_id, job_id=job_id, snapshot_path=path, **given)


def add_button(web: Web, at: datetime) -> Event:
    """Add what a button asked for: pictures of two cameras in a room."""
    job = add_job(web, at, GATE, DOOR, rooms=("Alarms",), prefix="Door 3 forced")
    event = add_picture(web, job.id, at, title="Door 3 forced")
    door = Serial(DOOR)
    add_picture(web, job.id, at, "door", serial=door, title="Door 3 forced")
    for part in ("", GATE, DOOR):
        put_message(web, job.id, part, DeliveryState.SENT, at)
    return event


def add_alarm_with_clip(web: Web, at: datetime) -> tuple[Event, Event]:
    """Add an alarm of a machine whose first message was given up."""
    room = "Packaging line"
    job = add_job(web, at, rooms=(room,), stage=JobStage.FAILED, trigger=HOOK)
    details: dict[str, str | int | float] = {
        "source": "ixon",
        "kind": "alarm-high",
        "severity": "critical",
        "device": "Robot 7",
        "network": "Packers",
        "text": "Gripper pressure below 4 bar\nInstructions: open valve D5.",
    }
    alarm = add(
        web,
        at,
        kind=EventKind.ALARM,
        serial=Serial(""),
        camera_name="Robot 7",
        job_id=job.id,
        trigger=HOOK,
        title="Robot stopped",
        details=details,
    )
    put_message(web, job.id, "", DeliveryState.FAILED, at, room, REASON)
    made = add_clip(web, at, job_id=job.id, title="Robot stopped", about=alarm.id)
    put_message(web, job.id, f"clip {ROBOT}", DeliveryState.SENT, at, room)
    clip = web.store.event(made.id)
    assert clip is not None
    return alarm, clip


def add_job(
    web: Web, at: datetime, *serials: str, stage: JobStage = JobStage.DONE, **given: Any
) -> Job:
    job = build.job(accepted_at=at, **given)
    job = replace(job, serials=tuple(map(Serial, serials)))
    web.engine.submit(job)
    reason = REASON if stage is JobStage.FAILED else ""
    row = JobRow(job.id, stage, at, encode(job), f"{job.id}#1", Reason(reason), at)
    web.job_states.put(row, at)
    return job


def put_message(
    web: Web,
    job_id: JobId,
    part: str,
    state: DeliveryState,
    at: datetime,
    room: str = "Alarms",
    error: str | None = None,
) -> None:
    for _ in range(3 if error else 1):
        web.store.begin_delivery(job_id, part, room, at)
    web.store.set_delivery(
        job_id, part, room, state, at, error=Reason(error) if error else None
    )
