"""Frames of a clip: their times and stills, made aside; cameras in step."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from mvsnap.core.users import DOWNLOADED
from mvsnap.domain import CameraName, EventId, JobId, Role
from mvsnap.store.audit import AuditFilter
from tests.servers.no_threads import no_more_threads
from tests.servers.processes import wait_until
from tests.web.build import Web
from tests.web.clip_build import FPS, LENGTH_S, SETTINGS, add_film, film

AT = datetime(2026, 7, 1, 6, 15, tzinfo=UTC)
Film = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Film:
    path = film(tmp_path_factory.mktemp("film") / "film.mp4")
    return path.read_bytes(), path.with_suffix(".jpg").read_bytes()


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, **SETTINGS)


def ready(client: FlaskClient, address: str) -> TestResponse:
    """Ask again until it is there, or refused; no answer takes long."""
    found: list[TestResponse] = []

    def is_there() -> bool:
        began = time.monotonic()
        found.append(client.get(address, headers={"Accept": "*/*"}))
        assert time.monotonic() - began < 10  # other tests may keep this machine busy
        return found[-1].status_code != 202

    wait_until(is_there, address, 30)
    return found[-1]


def test_the_times_of_the_frames_come_when_they_are_read(
    web: Web, viewer: FlaskClient, filmed: Film
) -> None:
    clip = add_film(web, AT, *filmed)
    address = f"/clips/{clip.id}/frames.json"
    first = viewer.get(address)
    assert (first.status_code, first.headers["Retry-After"]) == (202, "1")
    body: Any = ready(viewer, address).get_json()
    assert len(body["times_s"]) == LENGTH_S * FPS
    assert body["times_s"][:3] == [0.0, 0.1, 0.2]


def test_a_still_is_the_frame_shown_in_full_size(
    web: Web, viewer: FlaskClient, filmed: Film
) -> None:
    clip = add_film(web, AT, *filmed)
    address = f"/clips/{clip.id}/still.jpg?at="

    def still(at: str) -> TestResponse:
        return ready(viewer, address + at)

    shown = still("4.2")
    with Image.open(BytesIO(shown.data)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (320, 180))
    # The video began 4 s before the alarm, at 08:15 of the site.
    name = "Packaging robot 2026-07-01 08.15.00.200.jpg"
    assert shown.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "no-store" in shown.headers["Cache-Control"]
    # Any moment of a frame, but its last 2 ms, shows that frame.
    assert still("4.29").data == shown.data
    assert still("4.3").data != shown.data
    last = still("99999")
    assert last.data == still("9.95").data
    # Named by the moment of the frame, not by the one that was asked for: in a gap the
    # last frame before it is shown.
    name = "Packaging robot 2026-07-01 08.15.05.900.jpg"
    assert last.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    lines = web.audit.lines(AuditFilter(kind=DOWNLOADED), 10)
    assert any("still of clip" in line.change.after for line in lines)


@pytest.mark.parametrize("at", ["", "-1", "nan", "1e3", "1" * 6, "1,5", "٣"])
def test_a_bad_moment_is_named(
    web: Web, viewer: FlaskClient, filmed: Film, at: str
) -> None:
    clip = add_film(web, AT, *filmed)
    answer = viewer.get(f"/clips/{clip.id}/still.jpg", query_string={"at": at})
    assert answer.status_code == 400
    assert "at: " in answer.text


def test_a_video_that_cannot_be_read_is_a_reason_not_a_crash(
    web: Web, viewer: FlaskClient
) -> None:
    clip = add_film(web, AT, b"no video at all", b"no picture")
    for name in ("frames.json", "still.jpg?at=1"):
        answer = ready(viewer, f"/clips/{clip.id}/{name}")
        body: Any = answer.get_json()
        assert (answer.status_code, body["error"]["code"]) == (503, "no_frame")
        assert body["error"]["message"] == "This clip cannot be read"


def test_frames_are_read_once_threads_can_begin_again(
    web: Web, viewer: FlaskClient, filmed: Film
) -> None:
    clip = add_film(web, AT, *filmed)
    address = f"/clips/{clip.id}/frames.json"
    with no_more_threads():
        assert viewer.get(address).status_code == 500
    assert ready(viewer, address).status_code == 200


def test_without_ffmpeg_the_reason_is_said(tmp_path: Path, filmed: Film) -> None:
    nowhere = {"ffmpeg": "no-such-program", "ffprobe": "no-such-program"}
    recorder = SETTINGS["recorder"] | nowhere
    web = Web(tmp_path, **(SETTINGS | {"recorder": recorder}))
    clip = add_film(web, AT, *filmed)
    answer = ready(web.log_in(Role.VIEWER), f"/clips/{clip.id}/frames.json")
    assert answer.status_code == 503
    assert "no-such-program is missing" in answer.text


def test_a_deleted_clip_has_no_frames(
    web: Web, viewer: FlaskClient, filmed: Film
) -> None:
    clip = add_film(web, AT, *filmed)
    os.unlink(web.settings.data_dir / str(clip.path))
    for name in ("frames.json", "still.jpg?at=1"):
        assert viewer.get(f"/clips/{clip.id}/{name}").status_code == 404
        assert viewer.get(f"/clips/unknown/{name}").status_code == 404
        assert web.app.test_client().get(f"/clips/{clip.id}/{name}").status_code == 401


def test_cameras_of_an_alarm_are_shown_in_step(
    web: Web, viewer: FlaskClient, filmed: Film
) -> None:
    alarm: Any = {"about": EventId("alarm"), "job_id": JobId("first")}
    first = add_film(web, AT, *filmed, **alarm)
    hall: Any = {"camera": CameraName("Hall"), "began_at": AT - timedelta(seconds=2)}
    # By another rule, so of another job; and the same video once more.
    second = add_film(web, AT, *filmed, **alarm | hall | {"job_id": JobId("second")})
    add_film(web, AT, *filmed, **alarm | {"path": first.path})
    add_film(web, AT, *filmed)
    html = viewer.get(f"/clips/{first.id}/in-step").text
    shown = re.findall(r'<video [^>]*data-begin-ms="(\d+)"[^>]*src="([^"]+)"', html)
    begins = [int((AT.timestamp() - before_s) * 1000) for before_s in (2, 4)]
    assert shown == [
        (str(begins[0]), f"/clips/{second.id}/clip.mp4"),
        (str(begins[1]), f"/clips/{first.id}/clip.mp4"),
    ]
    assert f'href="/clips/{first.id}/in-step"' in viewer.get(f"/clips/{first.id}").text


def test_of_very_many_cameras_some_are_shown(
    web: Web, viewer: FlaskClient, filmed: Film
) -> None:
    alarm: Any = {"about": EventId("alarm"), "job_id": JobId("first")}
    clips = [
        add_film(web, AT, *filmed, **alarm | {"camera": CameraName(f"Hall {n:02}")})
        for n in range(11)
    ]
    html = viewer.get(f"/clips/{clips[-1].id}/in-step").text
    shown = re.findall(r'<video [^>]*src="/clips/([^"]+)/clip.mp4"', html)
    assert len(shown) == 9
    assert shown[-1] == clips[-1].id
    assert "9 of 11 cameras of the alarm" in html


def test_one_camera_alone_is_not_offered_in_step(
    web: Web, viewer: FlaskClient, filmed: Film
) -> None:
    clip = add_film(web, AT, *filmed)
    assert "in-step" not in viewer.get(f"/clips/{clip.id}").text
    assert viewer.get(f"/clips/{clip.id}/in-step").status_code == 200
