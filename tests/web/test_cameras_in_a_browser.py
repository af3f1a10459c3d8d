"""Cameras before a real Chromium, with a real recorder behind the live view."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from mvsnap.camera_sources import recorder_settings
from mvsnap.clip_model import RecorderCameraState
from mvsnap.clock import SystemClock
from mvsnap.domain import (
    Camera,
    CameraName,
    EventId,
    EventKind,
    Role,
    Serial,
    Zone,
    ZoneId,
)
from mvsnap.recorder import Recorder
from mvsnap.simulator.picture import draw_picture
from mvsnap.simulator.server import serve
from mvsnap.store.sense import Findings
from mvsnap.texts.camera_wordings import RECORDING
from tests.core.build import event
from tests.recorder.build import wait_for_video
from tests.servers.processes import wait_until
from tests.servers.rtsp import rtsp_camera
from tests.servers.visitor import PHONE, fits, log_in, visitor
from tests.web.build import PASSWORD, Web

if TYPE_CHECKING:
    from playwright.sync_api import Page

MANY = 30
ROBOT = CameraName("Packaging robot")
FIRST, SECOND = Serial("Q2SM-0000-0001"), Serial("Q2SM-0000-0002")
ZONE = ZoneId("582653201791058186")


@dataclass(frozen=True)
class World:
    web: Web
    url: str


def settings(url: str) -> dict[str, Any]:
    return {
        "site": {"name": "Harbour", "timezone": "Europe/Berlin"},
        "sense": {"enabled": True, "people": 3},
        "recorder": {
            "cameras": {
                ROBOT: {"url": url, "pre_roll_s": 4},
                "Gate machine": {"url": url, "mode": "on_demand"},
            }
        },
    }


def fill(web: Web) -> None:
    """Add cameras of a Dashboard, pictures of most, and people in a zone."""
    now = web.clock.now()
    serials = [Serial(f"Q2SM-0000-{n:04d}") for n in range(1, MANY + 1)]
    cameras = [
        Camera(serial, f"Camera {n:02d}", "MV12W", "N_1", "online")
        for n, serial in enumerate(serials, 1)
    ]
    cameras[4] = Camera(serials[4], "Camera 05", "MV32", "N_1", "offline")
    cameras[1] = Camera(SECOND, "Loading bay, gate north-west", "MV72", "N_1", "online")
    web.site.keep_cameras(cameras, now)
    web.site.keep_zones(
        FIRST, [Zone("0", "Full Frame"), Zone(ZONE, "Entrance", (0.2, 0.3, 0.7, 0.9))]
    )
    web.sense.note_last_seen({FIRST: now}, now)
    put_people(web)
    for n, serial in enumerate(serials[:-3]):
        event_id = EventId(f"event-{n}")
        at = now - timedelta(minutes=7 * n)
        scene = ("gate", "door", "hall", "yard")[n % 4]
        drawn = draw_picture(scene, f"Camera {n + 1:02d}", serial, n, at)
        path = web.files.save_snapshot(event_id, at, drawn)
        web.store.add_event(
            event(id=event_id, occurred_at=at, serial=serial, snapshot_path=path)
        )
    crowd = {"kind": EventKind.CROWD, "zone_id": ZONE, "zone_name": "Entrance"}
    web.store.add_event(event(occurred_at=now, title="Crowd: 4 people", **crowd))
    words = ("recording", RECORDING(), now, now)
    web.clips.see([RecorderCameraState(ROBOT, *words, "h264", 320, 240, 25, 12.0)])


def put_people(web: Web) -> None:
    """Have four people in a zone now: a count of a minute ago says nothing."""
    now = web.clock.now()
    began_ms = round(now.timestamp() * 1000) - 90_000
    state = {"crowd": {"began_ms": began_ms, "raised": True}, "people": 4}
    web.sense.save(Findings([], [], {(FIRST, ZONE): state}), now)


@contextmanager
def world_in(folder: Path, url: str) -> Iterator[World]:
    web = Web(folder, **settings(url))
    fill(web)
    for name, role in (("rita", Role.REVIEWER), ("vera", Role.VIEWER)):
        web.add_user(name, role)
    with serve(web.app) as origin:
        yield World(web, origin)
    web.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("cameras")
    with rtsp_camera(films) as camera, world_in(folder, camera.url()) as made:
        recorder = Recorder(recorder_settings(made.web.settings), SystemClock())
        recorder.start([ROBOT])
        try:
            wait_for_video(recorder, ROBOT, 2)
            yield made
        finally:
            recorder.stop()


def test_a_guard_finds_a_camera_and_asks_for_a_picture(world: World) -> None:
    with visitor(PHONE) as page:
        log_in(page, f"{world.url}/cameras", "rita", PASSWORD)
        assert page.locator(".camera-tile").count() == 24
        assert fits(page)
        page.get_by_role("link", name="More").click()
        page.wait_for_url(re.compile("after="))
        assert page.locator(".camera-tile").count() == MANY + 2 - 24
        page.get_by_label("Search").fill("gate NORTH")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("q=gate"))
        assert page.locator(".camera-name").all_inner_texts() == [
            "Loading bay, gate north-west"
        ]
        page.locator(".camera-name").click()
        page.get_by_role("heading", name="Loading bay, gate north-west").wait_for()
        assert fits(page)
        page.get_by_label("Only store it").check()
        page.get_by_role("button", name="Snapshot now").click()
        page.wait_for_url(re.compile("job="))
        job = world.web.accepted[-1]
        assert (job.serials, job.rooms, job.trigger.by) == ((SECOND,), (), "rita")
        page.get_by_role("link", name="Job", exact=True).click()
        page.get_by_role("heading", name="rita on the camera's page").wait_for()


def shown_picture(page: Page) -> str:
    return page.locator("#live-picture").get_attribute("src") or ""


def test_the_live_view_shows_new_pictures_of_the_ring(world: World) -> None:
    with visitor() as page:
        log_in(page, f"{world.url}/cameras/{quote(ROBOT)}", "vera", PASSWORD)
        assert page.get_by_role("button", name="Record now").count() == 0
        button = page.get_by_role("button", name="Live view")
        button.focus()
        page.keyboard.press("Enter")
        wait_until(lambda: shown_picture(page) != "", "a picture", 20)
        first = shown_picture(page)
        assert first.startswith("data:image/jpeg")
        assert page.locator("#live-text").inner_text() == "Live"
        width = "document.getElementById('live-picture').naturalWidth"
        wait_until(lambda: page.evaluate(width) == 320, "it is a picture")
        assert not page.locator(".camera-still").is_visible()
        wait_until(lambda: shown_picture(page) != first, "the next picture", 20)
        page.get_by_role("button", name="Stop live view").click()
        assert page.locator(".camera-still").is_visible()


def test_a_camera_shows_who_is_there_and_the_wall_is_dark_at_night(
    world: World,
) -> None:
    with visitor((320, 700)) as page:
        page.emulate_media(color_scheme="dark")
        log_in(page, f"{world.url}/cameras", "vera", PASSWORD)
        put_people(world.web)
        page.goto(f"{world.url}/cameras/{FIRST}")
        row = page.get_by_role("row", name=re.compile("Entrance"))
        assert "crowd since" in row.inner_text()
        assert row.inner_text().split()[-1] == "4"
        assert "counted by its zones" in page.get_by_role("table").inner_text()
        assert fits(page)
        page.goto(f"{world.url}/cameras?state=trouble")
        assert page.locator(".camera-name").all_inner_texts() == [
            "Camera 05",
            "Gate machine",
        ]
        assert fits(page)
