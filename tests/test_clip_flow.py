"""An alarm becomes a clip: a webhook, a real camera, the room, and kills in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from mvsnap.clip_model import Clip
from mvsnap.config.model import Settings
from mvsnap.domain import CameraName, EventId, JobId, Trigger, TriggerKind
from mvsnap.jobs.executors import installation
from mvsnap.runtime import Parts
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.webex.webex import SimMessage
from tests.gateway import KEY, Clouds, Gateway, clouds, gateway
from tests.recorder.build import PICTURE_S, Seen, seen_in
from tests.servers.processes import wait_until
from tests.servers.rtsp import FPS, GOP, RtspCamera, rtsp_camera

TOKEN = "a-token-of-the-robots"
REPEAT = "This message may be a duplicate."
PRE_ROLL_S, POST_ROLL_S = 3.0, 2.0
GOP_S = GOP / FPS


@pytest.fixture(scope="module")
def camera(films: Path) -> Iterator[RtspCamera]:
    with rtsp_camera(films) as made:
        yield made


def settings(made: Clouds, camera: RtspCamera, *names: str) -> dict[str, Any]:
    one = {"url": camera.url(), "pre_roll_s": PRE_ROLL_S, "post_roll_s": POST_ROLL_S}
    tokens = [{"name": "robots", "token": TOKEN, "actions": ["clip", "snapshot"]}]
    return made.settings(
        recorder={"cameras": dict.fromkeys(names, one), "min_free_mb": 1},
        webhooks={"tokens": tokens},
    )


def alarm(running: Gateway, number: int, **more: Any) -> str:
    """Send an alarm as a machine would; return the address of its job."""
    answer = Gateway.session().post(
        f"{running.url}/webhook/{TOKEN}",
        json={"id": number, "text": f"Robot {number} stopped", **more},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"]["url"])


def job(running: Gateway, url: str) -> dict[str, Any]:
    found: dict[str, Any] = running.get(url.removeprefix(running.url)).json()
    return found


def wait_for_end(running: Gateway, url: str, limit_s: float = 40) -> dict[str, Any]:
    wait_until(lambda: job(running, url)["status"] != "pending", "the end", limit_s)
    return job(running, url)


def wait_for_ring(running: Gateway, cameras: int, held_s: float = PRE_ROLL_S) -> None:
    """Wait until every ring holds a whole pre-roll."""
    up = "mvsnap_recorder_camera_up{"
    wait_until(
        lambda: (
            sum(
                line.startswith(up) and line.endswith(" 1.0")
                for line in running.get("/metrics").text.splitlines()
            )
            == cameras
        ),
        "all cameras are recorded",
        40,
    )
    threading.Event().wait(held_s + GOP_S)  # nothing to poll for: time has to pass


def way_of(running: Gateway, url: str) -> list[str]:
    """Return the lines of the log about this job."""
    job_id = url.rpartition("/")[2]
    return [line for line in running.output().splitlines() if job_id in line]


def event_of(running: Gateway, url: str) -> dict[str, Any]:
    """Return the clip's event."""
    found = running.get("/api/v1.0/events", kind="clip").json()["events"]
    (event,) = [e for e in found if e["job_id"] == url.rsplit("/", 1)[-1]]
    return dict(event)


def video(running: Gateway, event: dict[str, Any], folder: Path) -> Path:
    answer = running.get(event["clip_url"].removeprefix(running.url))
    assert answer.headers["Content-Type"] == "video/mp4"
    path = folder / f"{event['id']}.mp4"
    path.write_bytes(answer.content)
    return path


def seen_as_said(running: Gateway, event: dict[str, Any], folder: Path) -> Seen:
    """Return what the clip shows, by the clock in its pictures: what its event says."""
    at = datetime.fromisoformat(event["occurred_at"])
    clip, said = seen_in(video(running, event, folder), at), event["details"]
    assert -clip.first_s == pytest.approx(said["before_s"], abs=0.35)
    assert clip.last_s + PICTURE_S == pytest.approx(said["after_s"], abs=0.35)
    assert said["after_s"] + said.get("missing_s", 0) >= POST_ROLL_S - 0.2
    assert clip.drift_s < 0.4, "each picture is at its moment, also behind a gap"
    return clip


def thread(made: Clouds, text: str) -> list[SimMessage]:
    """Return the message with this text and what followed in its thread."""
    sent = list(made.webex.messages)
    firsts = [m for m in sent if text in m.markdown and m.parent_id is None]
    replies = [m for m in sent if m.parent_id in {first.id for first in firsts}]
    return [once(told) for told in (firsts, replies) if told]


def once(told: list[SimMessage]) -> SimMessage:
    """Return the message; those after it say that they may be repeats."""
    assert sum(REPEAT not in message.markdown for message in told) <= 1
    return told[0]


def test_the_clip_of_an_alarm_follows_in_its_thread(
    tmp_path: Path, camera: RtspCamera
) -> None:
    with (
        clouds(sense=False) as made,
        gateway(tmp_path, settings(made, camera, "Robot")) as here,
    ):
        wait_for_ring(here, 1)
        url = alarm(here, 1)
        wait_until(lambda: bool(made.webex.messages), "the alarm is posted at once")
        assert job(here, url)["clips"][0]["status"] == "pending"
        done = wait_for_end(here, url)
        event = event_of(here, url)
        clip = seen_as_said(here, event, tmp_path)
        part = Gateway.session().get(
            event["clip_url"],
            headers={"X-API-Key": KEY, "Range": "bytes=0-99"},
            timeout=30,
        )
        nobody = Gateway.session().get(event["clip_url"], timeout=30)
        wait_until(lambda: len(way_of(here, url)) >= 9, "it is all in the log")
        way = "\n".join(way_of(here, url))
    for step in (
        *("POST /webhook/<token> from 127.0.0.1: 202", "accepted from", "snapshot of"),
        *("clip of Robot stored", "posts the clip", "clip Robot posted", "finished"),
    ):
        assert step in way, way
    assert TOKEN not in way
    assert done["status"] == "done"
    assert (part.status_code, len(part.content)) == (206, 100)
    assert nobody.status_code == 401
    assert -PRE_ROLL_S - GOP_S - 0.2 <= clip.first_s <= -PRE_ROLL_S
    assert POST_ROLL_S - 2 * PICTURE_S <= clip.last_s <= POST_ROLL_S + 0.3
    assert clip.is_seamless
    first, reply = thread(made, "Robot 1 stopped")
    assert "before to" in reply.markdown
    assert reply.files


def test_a_kill_while_it_records_loses_nothing(
    tmp_path: Path, camera: RtspCamera
) -> None:
    with (
        clouds(sense=False) as made,
        gateway(tmp_path, settings(made, camera, "Robot")) as here,
    ):
        wait_for_ring(here, 1)
        url = alarm(here, 2)
        here.kill_after(1.0)
        here.start()
        done = wait_for_end(here, url)
        event = event_of(here, url)
        clip = seen_as_said(here, event, tmp_path)
        messages = thread(made, "Robot 2 stopped")
    assert done["status"] == "done"
    assert clip.first_s <= -PRE_ROLL_S
    assert clip.last_s >= 0, "it goes on past the trigger"
    assert len(messages) == 2


def test_a_clip_ends_although_all_cameras_left_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    parts = Parts(Settings.model_validate({"data_dir": folder}))
    now, robot = parts.clock.now(), CameraName("Robot")
    hook = Trigger(TriggerKind.WEBHOOK, "robots")
    clip = Clip(EventId("e-1"), JobId("j-1"), robot, hook, now, now)
    parts.clips.ask([clip])
    parts.clips.claim(installation(folder), [robot], now)
    parts.store.close()
    with clouds(sense=False) as made:
        given = made.settings(data_dir=str(folder))
        with gateway(tmp_path, given) as here:
            address = "/api/v1.0/events/e-1"
            wait_until(lambda: here.get(address).ok, "the clip is given up", 20)
            assert "was removed from the settings" in here.get(address).json()["error"]


CAMERAS = [f"Robot {number}" for number in range(1, 6)]


def test_every_alarm_of_a_flood_ends_as_a_clip_although_the_service_is_killed(
    tmp_path: Path, camera: RtspCamera
) -> None:
    """50 alarms in about a second for 5 cameras; the kill comes amid them."""
    with clouds(sense=False) as made:
        given = settings(made, camera, *CAMERAS)
        given["webhooks"]["rules"] = [
            {"name": name, "match": {"line": name}, "cameras": [name]}
            for name in CAMERAS
        ]
        given["webex"]["room"] = None
        with gateway(tmp_path, given) as here:
            wait_for_ring(here, len(CAMERAS), held_s=1)
            with ThreadPoolExecutor(25) as pool:
                sent = [
                    pool.submit(insist, here, number, CAMERAS[number % 5])
                    for number in range(50)
                ]
                here.kill_after(0.7)
                here.start()
                urls = {one.result() for one in sent}
            ends = [wait_for_end(here, url, 90)["clips"][0] for url in urls]
    assert len(urls) == 50
    assert [end for end in ends if end["status"] != "delivered"] == []


def test_an_alarm_has_its_clip_while_all_threads_wait_for_a_cloud(
    tmp_path: Path, camera: RtspCamera
) -> None:
    """More alarms than the engine has threads; the last one is of another camera."""
    flooded, last = CAMERAS[:2]
    with clouds(sense=False) as made:
        given = settings(made, camera, flooded, last)
        given["recorder"]["queue_size"] = 100
        given["webhooks"]["tokens"][0]["actions"] = ["clip"]
        given["webhooks"]["rules"] = [
            {"name": name, "match": {"line": name}, "cameras": [name]}
            for name in (flooded, last)
        ]
        made.webex.faults.add(Fault("503-html", times=-1))
        with gateway(tmp_path, given) as here:
            wait_for_ring(here, 2)
            with ThreadPoolExecutor(10) as pool:
                list(pool.map(lambda n: insist(here, n, flooded), range(70)))
            url = insist(here, 70, last)
            clips = partial(here.get, "/api/v1.0/events", kind="clip")
            wait_until(
                lambda: any(
                    event["job_id"] in url and event["clip_url"]
                    for event in clips().json()["events"]
                ),
                "the clip is there",
                30,
            )
            assert job(here, url)["status"] == "pending"
            assert made.webex.messages == []


def insist(running: Gateway, number: int, camera: str) -> str:
    """Send an alarm until it is accepted, as clouds do: a busy store refuses one."""
    urls: list[str] = []

    def is_accepted() -> bool:
        try:
            urls.append(alarm(running, number, line=camera))
        except (requests.RequestException, AssertionError):
            return False
        return True

    wait_until(is_accepted, f"alarm {number} is accepted", 60)
    return urls[0]
