"""Clips in a browser: played, sought, kept, deleted, and as they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clip_model import ClipState
from mvsnap.domain import CameraName, JobId, Role
from mvsnap.simulator.server import serve
from mvsnap.values import replace
from tests.servers.processes import wait_until
from tests.servers.visitor import PHONE, fits, log_in, visitor
from tests.web.build import PASSWORD, Web
from tests.web.clip_build import (
    LENGTH_S,
    SETTINGS,
    add_clip,
    add_film,
    clip_event,
    film,
    now,
)

PAGE = "/clips"
AT = datetime(2026, 7, 1, 6, 15, tzinfo=UTC)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, **SETTINGS)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    path = film(tmp_path_factory.mktemp("film") / "film.mp4")
    return path.read_bytes(), path.with_suffix(".jpg").read_bytes()


def of_video(page: Any, name: str) -> float:
    """Return a number of the player, 0 while there is none."""
    return float(page.evaluate(f"document.querySelector('video')?.{name} || 0"))


def current_s(page: Any) -> float:
    return of_video(page, "currentTime")


def line_at(page: Any) -> float:
    """Return where the time line says the clip is, in percent."""
    left = page.locator("[data-now]").get_attribute("x1")
    return float((left or "0").rstrip("%"))


def wait_for_video(page: Any) -> None:
    wait_until(lambda: of_video(page, "duration") > 9, "the video is loaded", 20)


def test_a_clip_plays_and_the_time_line_seeks(
    web: Web, filmed: tuple[bytes, bytes]
) -> None:
    clip = add_film(web, AT, *filmed)
    web.add_user("anna", Role.VIEWER)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}{PAGE}", "anna", PASSWORD)
        page.get_by_role("link", name="Robot 3 stopped").click()
        page.wait_for_url(f"{url}{PAGE}/{clip.id}")
        wait_for_video(page)
        page.get_by_role("button", name="Jump to the alarm").click()
        assert current_s(page) == pytest.approx(4, abs=0.1)
        box = page.locator("[data-line]").bounding_box()
        assert box is not None
        page.locator("[data-line]").click(position={"x": box["width"] * 0.8, "y": 20})
        assert current_s(page) == pytest.approx(LENGTH_S * 0.8, abs=0.2)
        page.get_by_role("button", name="Jump to the alarm").click()
        page.evaluate("document.querySelector('video').muted = true")
        page.evaluate("document.querySelector('video').play()")
        wait_until(lambda: current_s(page) > 5, "the clip plays", 20)
        wait_until(lambda: 45 < line_at(page) <= 100, "so does the time line", 20)
        assert page.locator("[data-cannot-play]").is_hidden()
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download").click()
        name = "Packaging robot 2026-07-01 08.15.00.mp4"
        assert saved.value.suggested_filename == name


def test_a_browser_that_cannot_play_a_clip_says_so(
    web: Web, filmed: tuple[bytes, bytes]
) -> None:
    other = add_film(web, AT, *filmed, codec="hevc")
    broken = add_film(web, AT, b"no video", b"no picture")
    web.add_user("anna", Role.VIEWER)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}{PAGE}/{other.id}", "anna", PASSWORD)
        plays_hevc = page.evaluate(
            "document.createElement('video').canPlayType("
            "'video/mp4; codecs=\"hvc1.1.6.L93.B0\"') !== ''"
        )
        if not plays_hevc:
            page.get_by_text("cannot play this video (H.265)").wait_for()
        page.goto(f"{url}{PAGE}/{broken.id}")
        page.get_by_text("cannot play this video").wait_for()


def test_a_clip_is_kept_then_deleted_after_a_question_on_a_phone(
    web: Web, filmed: tuple[bytes, bytes]
) -> None:
    clip = add_film(web, AT, *filmed)
    web.add_user("anna", Role.ADMIN)
    with serve(web.app) as url, visitor(PHONE) as page:
        log_in(page, f"{url}{PAGE}/{clip.id}", "anna", PASSWORD)
        page.get_by_role("button", name="Keep", exact=True).click()
        page.get_by_text("Kept clips cannot be deleted.").wait_for()
        page.get_by_role("button", name="Stop keeping").click()
        page.get_by_text("Delete …").click()
        page.get_by_role("button", name="Delete this clip").click()
        page.get_by_text("Clip of Packaging robot deleted.").wait_for()
        assert fits(page)
    assert now(web, clip).state is ClipState.DELETED


def test_a_clip_appears_and_becomes_ready_without_reload(
    web: Web, filmed: tuple[bytes, bytes]
) -> None:
    web.add_user("anna", Role.VIEWER)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}{PAGE}", "anna", PASSWORD)
        page.get_by_text("No clips yet.").wait_for()
        at = datetime.now(UTC)
        nothing = {"began_at": None, "ended_at": None, "size_bytes": 0, "codec": ""}
        asked = add_clip(web, at, state=ClipState.RECORDING, **nothing)
        tile = page.locator(f"#clip-{asked.id}")
        tile.get_by_text("recording", exact=True).wait_for()
        tile.get_by_role("link", name="Robot 3 stopped").click()
        page.get_by_role("progressbar").wait_for()
        ready = add_film(web, at, *filmed)  # its files are what is wanted
        finished = replace(ready, id=asked.id, job_id=asked.job_id)
        web.clips.finish(finished, clip_event(finished))
        wait_for_video(page)
        page.get_by_role("button", name="Jump to the alarm").click()
        wait_until(lambda: current_s(page) > 3, "the player is at the alarm", 30)


def test_a_clip_is_stepped_slowed_and_saved_as_a_still(
    web: Web, filmed: tuple[bytes, bytes]
) -> None:
    clip = add_film(web, AT, *filmed)
    web.add_user("anna", Role.VIEWER)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}{PAGE}/{clip.id}", "anna", PASSWORD)
        wait_for_video(page)
        page.get_by_role("button", name="Jump to the alarm").click()
        page.get_by_role("button", name="Next frame").click()
        page.get_by_text("Frame 42 of 100").wait_for()
        assert current_s(page) == pytest.approx(4.1, abs=0.02)
        page.keyboard.press(",")
        page.keyboard.press(",")
        page.get_by_text("Frame 40 of 100").wait_for()
        assert current_s(page) == pytest.approx(3.9, abs=0.02)
        page.get_by_label("Speed").select_option("0.25")
        assert of_video(page, "playbackRate") == 0.25
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save still").click()
        name = "Packaging robot 2026-07-01 08.14.59.900.jpg"
        assert saved.value.suggested_filename == name
        page.get_by_text("Still saved").wait_for()


def test_cameras_of_an_alarm_play_in_step(
    web: Web, filmed: tuple[bytes, bytes]
) -> None:
    alarm: Any = {"job_id": JobId("alarm")}
    clip = add_film(web, AT, *filmed, **alarm)
    late: Any = {"camera": CameraName("Hall"), "began_at": AT - timedelta(seconds=2)}
    late["ended_at"] = AT + timedelta(seconds=8)
    add_film(web, AT, *filmed, **alarm | late)
    web.add_user("anna", Role.VIEWER)

    def places(page: Any) -> list[float]:
        """Return where the videos are, as seconds from the alarm on."""
        found = page.evaluate(
            "[...document.querySelectorAll('video')].map((v) => v.currentTime"
            " + (v.dataset.beginMs - document.querySelector('[data-in-step]')"
            ".dataset.alarmMs) / 1000)"
        )
        return [float(one) for one in found]

    def are_at(page: Any, seconds: float) -> bool:
        return all(abs(one - seconds) < 0.15 for one in places(page))

    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}{PAGE}/{clip.id}", "anna", PASSWORD)
        page.get_by_role("link", name="Watch all cameras in step").click()
        wait_until(lambda: are_at(page, 0), "both show the alarm", 20)
        page.get_by_role("button", name="+0.1 s").click()
        wait_until(lambda: are_at(page, 0.1), "both are a step further", 20)
        page.get_by_role("button", name="Play").click()
        wait_until(lambda: min(places(page)) > 1.5, "both play", 20)
        page.get_by_role("button", name="Pause").click()
        wait_until(
            lambda: max(places(page)) - min(places(page)) < 0.1, "both stopped", 20
        )
        # Before the second one began, it says so.
        page.get_by_role("slider").fill("-3.5")
        page.get_by_role("listitem").filter(has_text="Hall").get_by_text(
            "no video at this moment"
        ).wait_for()
