"""Clips: do their pages stay as fast with 10,000 clips as with 100?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from benchmarks.line import Line
from benchmarks.side_by_side import Comparison
from mvsnap.clip_model import Clip, ClipState
from mvsnap.domain import (
    CameraName,
    Event,
    EventId,
    EventKind,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.store.clips.rows import clip_row
from mvsnap.store.events.rows import event_row
from mvsnap.store.tables import clips as clips_table
from mvsnap.store.tables import events
from tests.web.build import Web

FEW, MANY = 100, 10_000
CAMERAS, MACHINES = 16, 20
SPACING = timedelta(minutes=3)
# Every clip is looked at, the dearest there is: its price has a limit, not a ratio.
NOWHERE = "a search that finds nothing"
RECORDER = {
    "cameras": {
        f"Camera {number}": {"url": "rtsp://192.0.2.10/"} for number in range(CAMERAS)
    }
}
PAGES = {
    "the list": "/clips",
    "the list as the page polls it": "/clips/rows",
    "a page in the middle": "/clips?after={middle}",
    "its filter by camera and day": "/clips?camera=Camera+7&day={day}",
    "its search by text": "/clips?text=carton",
    "its search by machine and severity": "/clips?machine=robot&severity=critical",
    "one clip, with previous and next": "/clips/{middle}?severity=critical",
    "its alarm": "/alarms/{alarm}",
    NOWHERE: "/clips?text=nowhere",
}


def clips() -> list[Line]:
    made = Comparison("clips", "clips", FEW, MANY, fill, PAGES, NOWHERE)
    return made.lines(recorder=RECORDER)


def fill(web: Web, number: int) -> Mapping[str, str]:
    made = [recorded(n, datetime.now(UTC) - SPACING * n) for n in range(number)]
    alarms = [alarm(n, clip) for n, clip in enumerate(made)]
    store(web, made, alarms)
    middle = made[number // 2]
    return {
        "middle": middle.id,
        "alarm": str(middle.about),
        "day": f"{middle.at:%Y-%m-%d}",
    }


def recorded(n: int, at: datetime) -> Clip:
    path = f"videos/camera/{n}"
    return Clip(
        id=EventId(f"clip-{n}"),
        job_id=JobId(f"job-{n}"),
        camera=CameraName(f"Camera {n % CAMERAS}"),
        trigger=Trigger(TriggerKind.WEBHOOK, "line 3"),
        at=at,
        received_at=at,
        title=f"Gripper lost its carton · Robot {n % MACHINES}",
        about=EventId(f"alarm-{n}"),
        state=ClipState.READY,
        began_at=at - timedelta(seconds=8),
        ended_at=at + timedelta(seconds=5),
        before_s=8.0,
        codec="h264",
        path=f"{path}.mp4",
        thumbnail_path=f"{path}.jpg",
        size_bytes=550_000,
    )


def alarm(n: int, clip: Clip) -> Event:
    return Event(
        id=EventId(str(clip.about)),
        kind=EventKind.ALARM,
        occurred_at=clip.at,
        recorded_at=clip.at,
        serial=Serial(""),
        job_id=clip.job_id,
        trigger=clip.trigger,
        title=clip.title,
        details={
            "device": f"Robot {n % MACHINES}",
            "severity": ("critical", "warning", "info")[n % 3],
            "text": "Take it off the belt, then press reset.",
        },
    )


def store(web: Web, made: Sequence[Clip], alarms: Sequence[Event]) -> None:
    more = {"due_at": datetime.now(UTC), "recorder_id": "bench", "notified": True}
    with web.clips._db.writing() as connection:
        connection.execute(
            insert(clips_table), [clip_row(clip) | more for clip in made]
        )
        connection.execute(insert(events), [event_row(one) for one in alarms])
