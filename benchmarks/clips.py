"""Clips: do their pages stay as fast with 10,000 clips as with 100?

The whole of a request is measured, in the process of the application, as with badge
events: both stores take turns, because the machine is never the same for long.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert

from benchmarks.line import Line
from mvsnap.clip_model import Clip, ClipState
from mvsnap.domain import (
    CameraName,
    Event,
    EventId,
    EventKind,
    JobId,
    Role,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.store.clip_rows import clip_row
from mvsnap.store.event_rows import event_row
from mvsnap.store.tables import clips as clips_table
from mvsnap.store.tables import events
from tests.web.build import Web

FEW, MANY = 100, 10_000
CAMERAS, MACHINES = 16, 20
ROUNDS = 30
SPACING = timedelta(minutes=3)
REFERENCE = f"the same with {FEW:,} clips"
GOAL = "<= 1.5"
# Every clip is looked at, the dearest there is: its price has a limit, not a ratio.
NOWHERE = "a search that finds nothing"
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


@dataclass(frozen=True)
class Archive:
    """A gateway with clips and somebody who is logged in."""

    client: FlaskClient
    middle: Clip

    def seconds(self, page: str) -> float:
        address = page.format(
            middle=self.middle.id,
            alarm=self.middle.about,
            day=f"{self.middle.at:%Y-%m-%d}",
        )
        began = time.perf_counter()
        answer = self.client.get(address)
        spent = time.perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{address} was answered {answer.status_code}")
        return spent


def clips() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        homes = [Path(name) / str(number) for number in (FEW, MANY)]
        for home in homes:
            home.mkdir()
        webs = [Web(home, recorder=RECORDER) for home in homes]
        few, many = (
            fill(web, number) for web, number in zip(webs, (FEW, MANY), strict=True)
        )
        lines = [compare(what, few, many) for what in PAGES]
        for web in webs:
            web.close()
        return lines


RECORDER = {
    "cameras": {
        f"Camera {number}": {"url": "rtsp://192.0.2.10/"} for number in range(CAMERAS)
    }
}


def compare(what: str, few: Archive, many: Archive) -> Line:
    spans_s: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(ROUNDS):
        for number, archive in ((FEW, few), (MANY, many)):
            spans_s[number].append(archive.seconds(PAGES[what]))
    small, large = (statistics.median(spans_s[number]) for number in (FEW, MANY))
    text = f"{large / small:.2f} ({large * 1000:.0f} ms)"
    goal = "-" if what == NOWHERE else GOAL
    return Line(f"clips, {what}, {MANY:,} clips", REFERENCE, goal, text)


def fill(web: Web, number: int) -> Archive:
    made = [recorded(n, datetime.now(UTC) - SPACING * n) for n in range(number)]
    alarms = [alarm(n, clip) for n, clip in enumerate(made)]
    store(web, made, alarms)
    return Archive(web.log_in(Role.REVIEWER), made[number // 2])


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
