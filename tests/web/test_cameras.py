"""The wall of cameras and the page of one, as a browser gets them."""

from __future__ import annotations

import html
import os
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from mvsnap.clip_model import NO_RECORDER, ClipState, RecorderCameraState
from mvsnap.domain import (
    FULL_FRAME,
    Camera,
    CameraName,
    EventId,
    EventKind,
    Mute,
    Role,
    Serial,
    Trigger,
    TriggerKind,
    Zone,
    ZoneId,
)
from mvsnap.recorder.files import slug
from mvsnap.recorder.live import MOST_VIEWERS
from mvsnap.store.audit import AuditFilter
from mvsnap.store.sense import Findings
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from mvsnap.web.pages.camera_list import find, known_cameras
from tests.changes import log_line
from tests.clients.fakes import FakeClock
from tests.clients.fakes import picture as jpeg
from tests.core.build import DOOR, GATE, NOON, event
from tests.core.build import job as some_job
from tests.web.build import Web, log_in, send
from tests.web.clip_build import add_clip

ROBOT = CameraName("Packaging robot")
ZONE = ZoneId("582653201791058186")
RECORDER = {"cameras": {ROBOT: {"url": "rtsp://user:secret-word@192.0.2.10/"}}}


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return made(tmp_path)


def made(folder: Path, **sections: Any) -> Web:
    plain = {"sense": {"enabled": True, "people": 3}, "recorder": RECORDER}
    web = Web(folder, clock=FakeClock(), **(plain | sections))
    gate = Camera(GATE, "Gate <north>", "MV12W", "N_1", "online")
    web.site.keep_cameras([gate], NOON)
    return web


def text_of(client: FlaskClient, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, page.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def names(client: FlaskClient, address: str = "/cameras") -> list[str]:
    page = client.get(address).text
    found = re.findall(r'camera-name"[^>]*>([^<]+)<', page)
    return [html.unescape(name) for name in found]


def see(web: Web, state: str, seconds_ago: int = 0) -> None:
    at = NOON - timedelta(seconds=seconds_ago)
    web.clips.see([RecorderCameraState(ROBOT, state, Reason(state), at, at)])


# --- the wall


def test_every_camera_is_there_once(tmp_path: Path) -> None:
    cameras = {
        ROBOT: {"url": "rtsp://192.0.2.10/", "meraki_serial": GATE},
        "Press": {"url": "rtsp://192.0.2.11/"},
    }
    web = made(tmp_path, recorder={"cameras": cameras}, meraki={"cameras": [DOOR]})
    web.sense.note_last_seen({GATE: NOON, Serial("Q2SM-0000-0009"): NOON}, NOON)
    shown = names(web.log_in(Role.VIEWER))
    assert shown == [ROBOT, "Press", DOOR, "Q2SM-0000-0009"]


def test_a_site_without_cameras_says_what_to_do(tmp_path: Path) -> None:
    web = Web(tmp_path, meraki={})
    assert "No cameras yet" in text_of(web.log_in(Role.VIEWER), "/cameras")


def test_the_latest_picture_has_its_age(web: Web) -> None:
    for number, ago_min in enumerate((90, 7, 30)):
        at = NOON - timedelta(minutes=ago_min)
        path = f"snapshots/{number}.jpg"
        web.store.add_event(
            event(id=EventId(f"e{number}"), occurred_at=at, snapshot_path=path)
        )
    web.store.add_event(event(error="The camera is offline"))
    client = web.log_in(Role.VIEWER)
    page = client.get("/cameras").text
    assert re.findall(r'<img src="([^"]+)"[^>]*loading="lazy"', page) == [
        "/api/v1.0/events/e1/thumbnail.jpg"
    ]
    assert "7 min ago" in text_of(client, "/cameras")


def test_a_recording_camera_shows_its_last_clip(web: Web) -> None:
    add_clip(web, NOON - timedelta(hours=3), thumbnail_path="videos/a.jpg")
    client = web.log_in(Role.VIEWER)
    assert "3 h ago" in text_of(client, "/cameras")
    assert "thumbnail.jpg" in client.get(f"/cameras/{ROBOT}").text


def test_states_have_their_age_and_trouble_can_be_chosen(web: Web) -> None:
    see(web, "recording", 20)
    client = web.log_in(Role.VIEWER)
    shown = text_of(client, "/cameras")
    assert "recording" in shown
    assert "recording ·" not in shown, "it records now"
    assert names(client, "/cameras?state=trouble") == []
    assert names(client, "/cameras?state=recorded") == [ROBOT]
    see(web, NO_RECORDER)
    assert names(client, "/cameras?state=trouble") == [ROBOT]
    web.site.keep_cameras([Camera(GATE, "Gate", "MV12W", "N_1", "offline")], NOON)
    assert names(client, "/cameras?state=trouble") == ["Gate", ROBOT]


def test_since_when_a_camera_is_offline_is_said_or_that_nobody_knows(web: Web) -> None:
    offline = Camera(GATE, "Gate", "MV12W", "N_1", "offline")
    client = web.log_in(Role.VIEWER)
    web.sense.note_last_seen({GATE: NOON}, NOON)
    pages = ("/cameras", f"/cameras/{GATE}", "/", "/status")
    web.site.keep_cameras([replace(offline, status="online")], NOON)
    web.site.keep_cameras([offline], NOON - timedelta(hours=3))
    for page in pages:
        assert "since Wed 04 Mar 09:00:00" in text_of(client, page), page
    web.site.keep_cameras([replace(offline, status="online")], NOON)
    web.site.keep_cameras([offline], NOON, stale=[""])
    for page in pages:
        assert "start time unknown" in text_of(client, page), page
    web.site.keep_cameras([replace(offline, status="online")], NOON)
    for page in pages:
        assert "start time unknown" not in text_of(client, page), page


def test_many_cameras_have_pages_and_a_search(web: Web) -> None:
    cameras = [
        Camera(Serial(f"Q2SM-{n:04d}-0001"), f"Camera {n:04d}", "MV32", "N_1")
        for n in range(1000)
    ]
    web.site.keep_cameras(cameras, NOON)
    client = web.log_in(Role.VIEWER)
    first = names(client)
    assert (len(first), first[0]) == (24, "Camera 0000")
    older = re.findall(r'href="([^"]+)" rel="next"', client.get("/cameras").text)
    assert names(client, older[0])[0] == "Camera 0024"
    assert names(client, "/cameras?q=0512") == ["Camera 0512"]
    assert names(client, "/cameras?q=q2sm-0007-0001") == ["Camera 0007"]
    assert "1 of 1001" in text_of(client, "/cameras?q=0512")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=gone", "expected one of: trouble, recorded"),
        ("q=" + "x" * 300, "expected up to 200 printable characters"),
        ("q=%00", "printable"),
        ("after=" + "x" * 300, "expected the name of a camera"),
    ],
)
def test_a_filter_that_cannot_be_is_said(web: Web, query: str, said: str) -> None:
    client = web.log_in(Role.VIEWER)
    page = client.get(f"/cameras?{query}")
    assert page.status_code == 400
    assert said in page.text
    assert client.get(f"/cameras/-/rows?{query}").status_code == 400


def test_the_wall_is_sent_again_only_when_it_changes(web: Web) -> None:
    see(web, "recording")
    client = web.log_in(Role.VIEWER)
    addresses = {
        "/cameras": "/cameras/-/rows",
        f"/cameras/{ROBOT}": f"/cameras/{ROBOT}/part",
    }
    etags = {part: client.get(part).headers["ETag"] for part in addresses.values()}
    for address, part in addresses.items():
        assert etags[part].strip('"') in client.get(address).text
        same = client.get(part, headers={"If-None-Match": etags[part]})
        assert same.status_code == 304
    see(web, "stalled")
    for part, etag in etags.items():
        assert client.get(part, headers={"If-None-Match": etag}).status_code == 200


# --- one camera


def test_a_log_in_leads_to_a_camera_whose_name_has_spaces(web: Web) -> None:
    web.add_user("anna", Role.VIEWER)
    client = web.browser()
    address = f"/cameras/{quote(ROBOT)}?job=1&x=%C3%A4"
    asked = client.get(address).headers["Location"]
    assert log_in(client, "anna", url=asked).headers["Location"] == address


def test_a_camera_is_found_by_its_serial_too(web: Web) -> None:
    client = web.log_in(Role.VIEWER)
    assert client.get(f"/cameras/{GATE.lower()}").headers["Location"] == (
        f"/cameras/{GATE}"
    )
    assert client.get("/cameras/nowhere").status_code == 404
    assert client.get("/cameras/a%00b").status_code == 404
    recorded = known_cameras([], {ROBOT: GATE}, [])
    assert find(recorded, GATE) == recorded[0]


def test_a_camera_shows_what_is_known_of_it(web: Web) -> None:
    web.site.keep_zones(GATE, [Zone(ZONE, "Entrance", (0.2, 0.3, 0.7, 0.9))])
    web.sense.note_last_seen({GATE: NOON - timedelta(seconds=30)}, NOON)
    crowd = {"kind": EventKind.CROWD, "zone_id": ZONE, "title": "Crowd: 4 people"}
    web.store.add_event(event(**crowd, zone_name="Entrance"))
    web.store.add_event(event(snapshot_path="snapshots/a.jpg", title="<b>"))
    web.store.add_event(event(kind=EventKind.CROSSING, zone_name="line Door"))
    mute = Mute("m", NOON + timedelta(hours=1), NOON, "anna", GATE)
    web.site.mute(mute, log_line(NOON, "anna", "mute", "", ""))
    text = text_of(client := web.log_in(Role.VIEWER), f"/cameras/{GATE}")
    assert "last message 30 s ago" in text
    assert "Crowd: 4 people, Entrance" in text
    assert "Line crossing Request with key " in text
    assert "3 people or more for 1 min" in text
    assert "muted Gate <north>, all zones, 1 h more, by anna" in text
    page = client.get(f"/cameras/{GATE}").text
    assert '<rect x="20.0%" y="30.0%" width="50.0%" height="60.0%"/>' in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(
    ("people", "written_s_ago", "heard_s_ago", "shown"),
    [
        pytest.param(4, 10, 10, "4", id="people"),
        pytest.param(4, 90, 10, "–", id="too long ago"),
        pytest.param(0, 3600, 10, "0", id="nobody since an hour"),
        pytest.param(0, 3600, 600, "–", id="a silent camera"),
        pytest.param(None, 10, 10, "–", id="written by the release before"),
    ],
)
def test_people_are_shown_as_they_are_now(
    web: Web, people: int | None, written_s_ago: int, heard_s_ago: int, shown: str
) -> None:
    state = {"crowd": {"last_ms": 1}} | ({} if people is None else {"people": people})
    web.site.keep_zones(GATE, [Zone(ZONE, "Entrance")])
    at = NOON - timedelta(seconds=written_s_ago)
    web.sense.save(Findings([], [], {(GATE, ZONE): state}), at)
    web.sense.note_last_seen({GATE: NOON - timedelta(seconds=heard_s_ago)}, NOON)
    text = text_of(web.log_in(Role.VIEWER), f"/cameras/{GATE}")
    assert f"Entrance 3 people or more for 1 min {shown} " in text
    assert "Full Frame counted by its zones –" in text


def test_zones_that_are_not_watched_say_so(tmp_path: Path) -> None:
    web = made(tmp_path, sense={"enabled": True, "zones": [FULL_FRAME]})
    web.site.keep_zones(GATE, [Zone(ZONE, "Entrance")])
    text = text_of(web.log_in(Role.VIEWER), f"/cameras/{GATE}")
    assert "Entrance not watched (sense.zones)" in text
    assert "Full Frame 1 person or more for 1 min" in text


def test_no_page_shows_the_address_of_a_stream(web: Web) -> None:
    client = web.log_in(Role.ADMIN)
    for address in ("/cameras", f"/cameras/{ROBOT}"):
        page = client.get(address).text
        assert "secret-word" not in page
        assert "192.0.2.10" not in page


# --- now


def test_snapshot_now_is_a_job_like_any_other(web: Web) -> None:
    client = web.log_in(Role.REVIEWER)
    answer = send(client, f"/cameras/{GATE}/snapshot")
    (job,) = web.accepted
    assert answer.headers["Location"] == f"/cameras/{GATE}?job={job.id}"
    assert job.serials == (GATE,)
    assert (job.rooms, job.clips) == (("Alarms",), ())
    assert job.trigger == Trigger(TriggerKind.PAGE, "reviewer")
    lines = web.audit.lines(AuditFilter(), 10)
    assert [(line.change.who, line.change.what, line.change.after) for line in lines][
        :1
    ] == [("reviewer", f"camera {GATE}", f"snapshot requested, job {job.id}")]
    assert "Job" in text_of(client, answer.headers["Location"])


def test_record_now_may_be_for_the_store_alone(web: Web) -> None:
    client = web.log_in(Role.REVIEWER)
    send(client, f"/cameras/{ROBOT}/record", quiet="yes")
    (job,) = web.accepted
    assert (job.clips, job.rooms, job.serials) == ((ROBOT,), (), ())
    clip = next(iter(web.clips.of_job(job.id)))
    assert (clip.camera, clip.state) == (ROBOT, ClipState.WAITING)
    page = text_of(client, f"/clips/{clip.id}")
    assert "reviewer on the camera's page" in page


def test_the_buttons_are_for_reviewers(web: Web) -> None:
    viewer = web.log_in(Role.VIEWER)
    assert "Snapshot now" not in viewer.get("/cameras").text
    assert send(viewer, f"/cameras/{GATE}/snapshot").status_code == 403
    assert "Snapshot now" in web.log_in(Role.REVIEWER).get("/cameras").text
    assert web.accepted == []


def test_a_button_for_what_a_camera_cannot_do_is_refused(web: Web) -> None:
    client = web.log_in(Role.REVIEWER)
    assert send(client, f"/cameras/{ROBOT}/snapshot").status_code == 400
    assert send(client, f"/cameras/{GATE}/record").status_code == 400
    assert send(client, "/cameras/nowhere/record").status_code == 404
    assert web.accepted == []


def test_a_full_queue_is_said_on_the_page(tmp_path: Path) -> None:
    web = made(tmp_path, server={"queue_size": 1})
    web.engine.submit(some_job(DOOR))
    client = web.log_in(Role.REVIEWER)
    answer = send(client, f"/cameras/{GATE}/snapshot")
    assert answer.status_code == 303
    assert "Not accepted" in text_of(client, answer.headers["Location"])


def test_a_picture_of_a_clock_that_was_ahead_is_not_the_latest(web: Web) -> None:
    """It would hide all others until that day comes, perhaps in a year."""
    now = web.clock.now()

    def add(at: datetime) -> str:
        path = web.files.save_snapshot(EventId(f"at {at}"), at, jpeg())
        found = event(occurred_at=at, recorded_at=at, snapshot_path=path)
        web.store.add_event(found)
        return f"/api/v1.0/events/{found.id}/"

    def shown(page: str) -> str:
        images = re.findall(r'<img[^>]* src="([^"]+)"', client.get(page).text)
        return " ".join(images)

    client = web.log_in(Role.VIEWER)
    ahead = add(now + timedelta(days=365))
    assert ahead in shown("/cameras")
    right = add(now - timedelta(minutes=1))
    for page in ("/cameras", f"/cameras/{GATE}"):
        assert right in shown(page)
        assert ahead not in shown(page)


# --- live view


def live(client: FlaskClient, **query: str) -> Any:
    asked = {"viewer": "tab000001"} | query
    return client.get(f"/cameras/{ROBOT}/live.jpg", query_string=asked)


def ring(web: Web, age_s: float = 1) -> Path:
    """Return the folder of a connection, with an index of one closed segment."""
    run = web.settings.data_dir / "ring" / slug(ROBOT) / "000000000000001"
    run.mkdir(parents=True, exist_ok=True)
    (run / "000000000.ts").write_bytes(b"no video")
    end = time.monotonic() - age_s
    (run / "index").write_text(f"0 {end - 1:.6f} {end:.6f} 0.0\n")
    return run


def test_a_camera_that_is_not_recorded_here_has_no_live_view(web: Web) -> None:
    client = web.log_in(Role.VIEWER)
    answer = live(client)
    assert (answer.status_code, "does not record" in answer.text) == (404, True)
    answer = client.get(f"/cameras/{GATE}/live.jpg?viewer=tab000001")
    assert answer.status_code == 404
    ring(web, age_s=300)
    assert live(client).status_code == 404


@pytest.mark.parametrize("set_s", [-3600, 3600])
def test_a_clock_that_is_set_makes_no_picture_live_and_none_old(
    web: Web, set_s: float
) -> None:
    client = web.log_in(Role.VIEWER)
    for age_s, status in ((60, 404), (1, 503)):
        segment = ring(web, age_s) / "000000000.ts"
        written_s = time.time() - age_s - set_s
        os.utime(segment, (written_s, written_s))
        assert live(client).status_code == status


def test_a_segment_that_cannot_be_read_is_no_error_of_ours(web: Web) -> None:
    ring(web)
    client = web.log_in(Role.VIEWER)
    assert live(client).status_code == 503
    assert live(client, known="000000000000001-000000000").status_code == 204


def test_few_may_look_at_once(web: Web) -> None:
    client = web.log_in(Role.VIEWER)
    for number in range(MOST_VIEWERS):
        assert live(client, viewer=f"tab00000{number}").status_code == 404
    refused = live(client, viewer="tab99999")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "15")
    assert live(client, viewer="tab000000").status_code == 404


def test_whoever_has_most_of_the_live_views_makes_room_for_others(web: Web) -> None:
    """One person with many tabs, or with invented ones, kept all others out."""
    greedy, other = web.log_in(Role.VIEWER), web.log_in(Role.REVIEWER)
    for number in range(MOST_VIEWERS):
        assert live(greedy, viewer=f"tab00000{number}").status_code == 404
    for number in range(MOST_VIEWERS // 2):
        assert live(other, viewer=f"own00000{number}").status_code == 404
    for client in (greedy, other):
        assert live(client, viewer="tab000009").status_code == 429
    # Those that asked longest ago have gone.
    assert live(greedy, viewer="tab000000").status_code == 429
    assert live(greedy, viewer="tab000007").status_code == 404


@pytest.mark.parametrize(
    "query", [{"viewer": ""}, {"viewer": "x" * 40}, {"known": "../../etc"}]
)
def test_a_live_view_asks_for_what_it_may(web: Web, query: dict[str, str]) -> None:
    assert live(web.log_in(Role.VIEWER), **query).status_code == 400
    assert live(web.browser()).status_code == 303
