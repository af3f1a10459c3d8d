"""The overview and the menu before a real Chromium, as a guard and an admin see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mvsnap import __version__
from mvsnap.clip_model import RecorderCameraState
from mvsnap.domain import (
    Camera,
    CameraName,
    EventId,
    EventKind,
    Listener,
    Role,
    Serial,
    Zone,
    ZoneId,
)
from mvsnap.simulator.picture import draw_picture
from mvsnap.simulator.server import serve
from mvsnap.store.sense import Findings
from mvsnap.store.sharing.processes import ProcessReport
from mvsnap.texts.broker_wordings import CONNECTED
from mvsnap.texts.camera_wordings import RECORDING
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Outcome, Upstream
from tests.core.build import event
from tests.core.build import job as some_job
from tests.servers.processes import wait_until
from tests.servers.visitor import DESKTOP, PHONE, fits, log_in, visitor
from tests.web.build import PASSWORD, Web

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = ((1920, 1080), DESKTOP, PHONE, (320, 700))
GATE, HALL = Serial("Q2SM-0000-0001"), Serial("Q2SM-0000-0002")
ENTRANCE, COUNTER = ZoneId("582653201791058186"), ZoneId("582653201791058187")
# A live page asks every three seconds.
NEWS_MS = 15_000
REASON = (
    "The Dashboard has no stored video of this moment: the camera was offline from "
    "09:12 to 11:47, and its memory card is full"
)


@dataclass(frozen=True)
class World:
    web: Web
    url: str


def fill(web: Web) -> None:
    """Add what a site has on a usual day, and on the same weekday before."""
    now = web.clock.now()
    cameras = [
        Camera(GATE, "Gate", "MV12W", "N_1", "online"),
        Camera(HALL, "Hall of the north-western loading bay", "MV72", "N_1", "offline"),
    ]
    web.site.keep_cameras(cameras, now)
    zones = [Zone(ENTRANCE, "Entrance"), Zone(COUNTER, "Counter and waiting area")]
    web.site.keep_zones(GATE, zones)
    count(web, 2, COUNTER)
    count(web, 0, ENTRANCE)
    web.sense.describe_listener(
        Listener("mvsnap-1", now, True, CONNECTED(place="127.0.0.1:1883"), 3.25, 2, 0)
    )
    for n, scene in enumerate(("gate", "door", "hall", "yard")):
        event_id, at = EventId(f"event-{n}"), now - timedelta(seconds=n)
        drawn = draw_picture(scene, "Gate", GATE, n, at)
        path = web.files.save_snapshot(event_id, at, drawn)
        web.store.add_event(
            event(id=event_id, occurred_at=at, camera_name="Gate", snapshot_path=path)
        )
    web.store.add_event(event(occurred_at=now, camera_name="Hall", error=REASON))
    for days in (0, 7):
        at = now - timedelta(days=days, seconds=5)
        web.store.add_event(event(occurred_at=at, kind=EventKind.CROWD))
    robot = RecorderCameraState(
        CameraName("Robot"),
        "recording",
        RECORDING(),
        now,
        now,
        "h264",
        320,
        240,
        25,
        12,
    )
    web.clips.see([robot])


def count(web: Web, people: int, zone: ZoneId, *, crowd: bool = False) -> None:
    now = web.clock.now()
    state: dict[str, Any] = {"people": people}
    if crowd:
        began_ms = round(now.timestamp() * 1000) - 90_000
        state["crowd"] = {"raised": True, "began_ms": began_ms}
    web.sense.save(Findings(states={(GATE, zone): state}), now)
    web.sense.note_last_seen({GATE: now}, now)


def lose_webex(web: Web) -> None:
    report = ProcessReport("pi-1-web-0", "pi-1", "web", __version__, "0a1b")
    lost = {
        str(Upstream.WEBEX): Outcome(400, 995, 700, Reason("no answer within 20 s"))
    }
    web.processes.beat(
        report,
        lost,
        monotonic_s=1000,
        clock=datetime.now(UTC),
        is_first=False,
        began_s=0,
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    web = Web(
        tmp_path_factory.mktemp("overview"),
        site={"name": "Harbour", "timezone": by_day()},
        sense={"enabled": True, "people": 3},
        recorder={"cameras": {"Robot": {"url": "rtsp://192.0.2.10/"}}},
    )
    fill(web)
    for name, role in (
        *(("anna", Role.ADMIN), ("rita", Role.REVIEWER), ("vera", Role.VIEWER)),
    ):
        web.add_user(name, role)
    with serve(web.app) as origin:
        yield World(web, origin)
    web.close()


def by_day() -> str:
    """Return a time zone in which the tests see no midnight."""
    return "Europe/Berlin" if 2 <= datetime.now(UTC).hour < 20 else "Asia/Tokyo"


def theme(page: Page) -> str:
    return str(page.locator("html").get_attribute("data-bs-theme"))


def is_whole(page: Page, text: str) -> bool:
    """Return whether the element with this text shows all of it."""
    found = page.get_by_text(text).first
    high = "e => e.scrollHeight <= e.clientHeight + 1"
    wide = "e => e.scrollWidth <= e.clientWidth + 1"
    return bool(found.evaluate(high)) and bool(found.evaluate(wide))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}")
def test_the_overview_fits_every_screen_and_cuts_nothing(
    world: World, size: tuple[int, int]
) -> None:
    count(world.web, 2, COUNTER)
    with visitor(size) as page:
        page.emulate_media(color_scheme="dark" if size == DESKTOP else "light")
        log_in(page, f"{world.url}/", "vera", PASSWORD)
        assert fits(page)
        assert is_whole(page, REASON)
        assert page.get_by_role("region", name="Today").count() == 1
        assert page.get_by_text("by now").count() == 4
        tile = page.locator(".overview-place").first
        assert tile.inner_text().split("\n")[:2] == ["2", "Gate"]


def test_a_guard_s_screen_shows_a_crowd_a_job_and_an_outage_by_itself(
    world: World,
) -> None:
    count(world.web, 2, COUNTER)
    with visitor() as page:
        log_in(page, f"{world.url}/", "vera", PASSWORD)
        picture = page.locator("a[data-enlarge]").first
        picture.locator("img").evaluate("image => { image.dataset.kept = 'yes' }")
        page.get_by_role("link", name="Snapshot of Gate").first.focus()
        count(world.web, 5, ENTRANCE, crowd=True)
        world.web.engine.submit(some_job(GATE))
        lose_webex(world.web)
        page.get_by_text("1 crowd now").wait_for(timeout=NEWS_MS)
        page.get_by_text("Webex has not answered since").first.wait_for()
        page.get_by_role("link", name="1 job waits").first.wait_for()
        assert page.locator(".overview-place").first.inner_text().startswith("5")
        news = page.locator("[data-live-news]").text_content() or ""
        assert re.search("Crowd: 5 people, Gate, Entrance|Webex has not", news)
        # The pictures are the same elements, and the focus is where it was.
        assert picture.locator("img[data-kept]").count() == 1
        focused = page.evaluate("document.activeElement.dataset.key")
        assert focused == "picture"
        page.get_by_role("link", name=re.compile("crowd since")).click()
        page.wait_for_url(re.compile(f"zone_id={ENTRANCE}"))


def test_the_theme_is_chosen_and_kept_in_this_browser(world: World) -> None:
    with visitor() as page:
        page.emulate_media(color_scheme="light")
        log_in(page, f"{world.url}/", "vera", PASSWORD)
        assert theme(page) == "light"
        choice = page.get_by_label("Theme")
        assert choice.input_value() == "system"
        choice.select_option("dark")
        assert theme(page) == "dark"
        page.goto(f"{world.url}/events")
        assert theme(page) == "dark"
        assert choice.input_value() == "dark"
        choice.select_option("light")
        page.emulate_media(color_scheme="dark")
        assert theme(page) == "light"
        scheme = "getComputedStyle(document.documentElement).colorScheme"
        assert page.evaluate(scheme) == "light"
        choice.select_option("system")
        assert theme(page) == "dark"
        page.emulate_media(color_scheme="light")
        wait_until(lambda: theme(page) == "light", "the system's theme")


def test_an_admin_reaches_accounts_and_the_audit_log_by_keyboard(
    world: World,
) -> None:
    with visitor() as page:
        log_in(page, f"{world.url}/", "anna", PASSWORD)
        more = page.locator("summary", has_text="Manage")
        accounts = page.get_by_role("link", name="Accounts")
        assert not accounts.is_visible()
        more.focus()
        page.keyboard.press("Enter")
        assert accounts.is_visible()
        page.keyboard.press("Escape")
        assert not accounts.is_visible()
        page.keyboard.press("Enter")
        page.mouse.click(3, 600)
        assert not accounts.is_visible()
        more.click()
        accounts.click()
        page.get_by_role("heading", name="Accounts").wait_for()
        more.click()
        page.get_by_role("link", name="Audit log").first.click()
        page.get_by_role("heading", name="Audit log").wait_for()
        more.click()
        page.get_by_role("link", name="Set up ...").click()
        page.get_by_role("heading", name="Wi-Fi").wait_for()
        assert fits(page)


def test_a_reviewer_mutes_from_the_menu_of_a_phone(world: World) -> None:
    with visitor(PHONE) as page:
        log_in(page, f"{world.url}/", "rita", PASSWORD)
        page.get_by_role("button", name="Menu").click()
        page.get_by_role("link", name="Mutes").click()
        page.get_by_role("heading", name="Mutes").wait_for()
        page.get_by_role("button", name="Mute", exact=True).click()
        page.get_by_text("Muted. Takes effect").wait_for()
        page.goto(f"{world.url}/")
        page.get_by_role("link", name="Unmute All cameras").click()
        page.get_by_role("button", name="Unmute All cameras").click()
        page.get_by_text("Unmuted.").wait_for()
        page.goto(f"{world.url}/settings")
        page.get_by_text("Only admins can open this page.").wait_for()
