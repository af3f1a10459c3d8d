"""The machine builder after an alarm: webhook, clip, still, a link for a colleague."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import mvsnap
from tests.gateway import Gateway, clouds, gateway
from tests.servers.rtsp import rtsp_camera
from tests.servers.visitor import log_in
from tests.test_clip_flow import alarm, settings, wait_for_ring
from tests.walks.walk import look, on_each_screen, walker

PASSWORD = "a-password-for-the-tests"


@dataclass
class Line:
    gateway: Gateway


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("line")
    with rtsp_camera(films) as camera, clouds() as made:
        whole: dict[str, Any] = settings(made, camera, "Packaging robot")
        whole["site"] = {"name": "Harbour", "timezone": "Europe/Berlin"}
        with gateway(folder, whole) as running:
            add = ("users", "add", "bea", "--role", "reviewer", "--password-file", "-")
            assert mvsnap(folder, *add, stdin=f"{PASSWORD}\n").code == 0
            wait_for_ring(running, 1)
            yield Line(running)


@on_each_screen
def test_the_builder(line: Line, size: tuple[int, int]) -> None:
    url, number = line.gateway.url, size[0]
    with walker(size) as page:
        log_in(page, f"{url}/clips", "bea", PASSWORD)
        alarm(line.gateway, number)
        # The list is live: the clip comes by itself, and is ready by itself.
        page.get_by_role("link", name=f"Robot {number} stopped").first.click()
        page.wait_for_url("**/clips/*")
        page.get_by_role("button", name="Save still").wait_for()
        page.get_by_role("button", name="Jump to the alarm").click()
        page.get_by_role("button", name="Next frame").click()
        page.get_by_text("Reading the frames").wait_for(state="hidden")
        look(page, "clip")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save still").click()
        assert saved.value.path().read_bytes().startswith(b"\xff\xd8")
        page.get_by_role("link", name="Message and rules").click()
        page.get_by_role("heading", name=f"Robot {number} stopped").first.wait_for()
        look(page, "alarm")
        page.go_back()
        page.get_by_text("Share …").click()
        page.get_by_role("button", name="Make link").click()
        link = page.get_by_label("Link", exact=True).input_value()
        look(page)
        page.context.clear_cookies()  # the colleague, without a log-in
        answer = page.request.get(link)
        assert answer.status == 200
        assert answer.headers["content-type"] == "video/mp4"
