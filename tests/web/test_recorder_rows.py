"""The recording cameras on the overview."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clip_model import NO_RECORDER, RecorderCameraState
from mvsnap.domain import CameraName, Role
from mvsnap.status.recorder_rows import RecorderSummary, recorder_summary
from tests.clients.fakes import NOON, FakeClock
from tests.web.build import Web, words
from tests.web.clip_build import ROBOT, SETTINGS


def seen(seconds_ago: float = 30, **given: Any) -> RecorderCameraState:
    fields: dict[str, Any] = {
        "camera": ROBOT,
        "state": "recording",
        "text": "recording",
        "since": NOON - timedelta(hours=2),
        "seen_at": NOON - timedelta(seconds=seconds_ago),
        "codec": "h264",
        "width": 1280,
        "height": 720,
        "fps": 12.5,
        "held_s": 84.2,
        "gop_s": 2.0,
        "kbit_s": 2150.0,
    }
    return RecorderCameraState(**(fields | given))


def told(*cameras: RecorderCameraState) -> RecorderSummary:
    return recorder_summary(
        [ROBOT], {camera.camera: camera for camera in cameras}, NOON
    )


def test_a_camera_that_records_says_what_it_sends() -> None:
    found = told(seen())
    (row,) = found.rows
    assert (row.word, row.colour, row.text) == ("recording", "success", "")
    assert row.stream == "H.264, 1280 x 720, 12.5 fps, 2.1 Mbit/s"
    assert (row.held, row.warning) == ("1 min 24 s", "")
    assert (found.silent_since, found.has_none) == (None, False)


@pytest.mark.parametrize(("gop_s", "warned"), [(4.0, False), (8.0, True)])
def test_few_keyframes_are_warned_of(gop_s: float, warned: bool) -> None:
    (row,) = told(seen(gop_s=gop_s)).rows
    assert ("starts up to 8 s early" in row.warning) is warned


@pytest.mark.parametrize(
    ("state", "word", "colour"),
    [
        ("idle", "ready", "success"),
        ("starting", "connecting", "secondary"),
        ("stalled", "stalled", "warning"),
        ("wrong_password", "wrong password", "danger"),
        ("no_ffmpeg", "no ffmpeg", "danger"),
        ("something_new", "something new", "danger"),
    ],
)
def test_every_state_has_a_text(state: str, word: str, colour: str) -> None:
    (row,) = told(seen(state=state, text="why")).rows
    assert (row.word, row.colour, row.text) == (word, colour, "why")


def test_a_recorder_that_is_silent_for_three_minutes_is_not_running() -> None:
    assert told(seen(180)).silent_since is None
    found = told(seen(181))
    assert found.silent_since == NOON - timedelta(seconds=181)
    assert found.rows[0].word == "unknown"


def test_a_camera_that_no_recorder_has_says_since_when() -> None:
    (row,) = told(seen(40, state=NO_RECORDER, machine="pi-1")).rows
    assert (row.word, row.text, row.is_well) == (
        "no recorder",
        "no recorder has it",
        False,
    )
    assert row.since == NOON - timedelta(seconds=40)


def test_the_machine_of_a_camera_is_named() -> None:
    (row,) = told(seen(machine="pi-1")).rows
    assert row.machine == "pi-1"


def test_an_unknown_camera_is_reported() -> None:
    found = told()
    assert (found.has_none, found.rows[0].word) == (True, "not seen yet")
    # A new camera beside one that is recorded: the recorder is there.
    both = recorder_summary([ROBOT, CameraName("New")], {ROBOT: seen()}, NOON)
    assert not both.has_none
    assert [row.word for row in both.rows] == ["recording", "not seen yet"]


@pytest.mark.parametrize(
    ("cameras", "said"),
    [
        ([seen()], "Packaging robot H.264, 1280 x 720"),
        ([seen(600)], "The recorder is not running Last seen Wed 04 Mar 12:50:00"),
        ([], "No recorder yet"),
    ],
)
def test_the_overview_shows_it(
    tmp_path: Path, cameras: list[RecorderCameraState], said: str
) -> None:
    web = Web(tmp_path, clock=FakeClock(), **SETTINGS)
    web.clips.see(cameras)
    html = web.log_in(Role.VIEWER).get("/").text
    assert said in words(html)
    web.close()


def test_without_cameras_that_record_the_overview_is_silent_about_it(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, clock=FakeClock())
    html = web.log_in(Role.VIEWER).get("/").text
    assert "Recording cameras" not in html
    assert ">clips</dt>" not in html
    web.close()
