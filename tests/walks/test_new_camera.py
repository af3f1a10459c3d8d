"""An admin adds a recording camera in the browser: tried, saved, and it records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.run import mvsnap
from tests.gateway import Gateway, clouds, gateway
from tests.servers.rtsp import RtspCamera, rtsp_camera
from tests.servers.visitor import DESKTOP, log_in
from tests.test_clip_flow import wait_for_ring
from tests.walks.walk import look, walker

PASSWORD = "a-password-for-the-tests"
NEW = "/settings/entries/recording-cameras/add"


@dataclass
class Line:
    gateway: Gateway
    camera: RtspCamera


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("line")
    with rtsp_camera(films) as camera, clouds() as made:
        site = {"name": "Harbour", "timezone": "Europe/Berlin"}
        whole = made.settings(site=site, recorder={"min_free_mb": 1})
        with gateway(folder, whole) as running:
            add = ("users", "add", "adam", "--role", "admin", "--password-file", "-")
            assert mvsnap(folder, *add, stdin=f"{PASSWORD}\n").code == 0
            yield Line(running, camera)


def test_a_camera_is_added_and_records(line: Line) -> None:
    url = line.gateway.url
    with walker(DESKTOP) as page:
        log_in(page, f"{url}{NEW}", "adam", PASSWORD)
        page.get_by_label("Name (required)").fill("Packaging robot")
        page.get_by_label("URL", exact=True).fill(line.camera.url())
        page.get_by_label("Pre-roll").fill("1")
        page.get_by_label("Post-roll").fill("1")
        page.get_by_role("button", name="Try").click()
        page.get_by_role("status").get_by_text("A clip was recorded:").wait_for()
        look(page)
        page.get_by_role("button", name="Save").click()
        page.get_by_text(
            "Saved Packaging robot. Takes effect after a restart"
        ).wait_for()
        look(page)
        page.goto("about:blank")  # nothing may ask while nobody answers
        assert line.gateway.stop() == 0
        line.gateway.start()
        wait_for_ring(line.gateway, 1, 1)
        page.goto(f"{url}/cameras/Packaging%20robot")
        page.get_by_role("button", name="Record now").click()
        page.get_by_text("ready", exact=True).first.wait_for()
        look(page)
