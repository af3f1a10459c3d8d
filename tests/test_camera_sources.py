"""Cameras of the settings, recorded: behind IXON, and Meraki's own stream."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mvsnap.camera_sources import (
    ask_source,
    build_recorder,
    open_ixon,
    recorder_settings,
)
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.recorder import (
    CameraRefused,
    ClipResult,
    Recorder,
    State,
    StreamSource,
    probe,
)
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.ixon.ixon import COMPANY_ID, FakeIxon
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from mvsnap.values import replace
from tests.clients.ixon.stub import APPLICATION, TOKEN, cloud
from tests.recorder.build import QUICK, in_background, now, wait_for_state
from tests.servers.processes import wait_until

SERIAL = "Q2SM-0000-0001"
RTSP = "rtsp://10.0.0.1:9000/live"
DIGEST = {"username": "viewer", "password": "camera-password"}


@dataclass
class Scene:
    """A simulated IXON Cloud and Dashboard, and what asks them."""

    ixon: FakeIxon
    dashboard: FakeDashboard
    settings: Settings
    recorder: Recorder | None
    source: StreamSource | None = None

    def record(self, post_roll_s: float = 1.5, name: str = "alarm") -> ClipResult:
        assert self.recorder is not None
        return self.recorder.record("cam", now(), 0, post_roll_s, name)


@contextmanager
def filming(folder: Path, camera: dict[str, Any], **ixon: Any) -> Iterator[Scene]:
    """Run the recorder of one camera, as the settings name it."""
    with ExitStack() as stack:
        fake, origin = stack.enter_context(cloud())
        meraki = FakeDashboard(cameras=2)
        dashboard_url = f"{stack.enter_context(serve(dashboard_app(meraki)))}/api/v1"
        tree = {
            "data_dir": folder,
            "recorder": {"cameras": {"cam": camera}, "min_free_mb": 1},
            "meraki": {"base_url": dashboard_url, "api_key": meraki.api_key},
            "ixon": {
                "base_url": f"{origin}/api",
                "application_id": APPLICATION,
                "token": TOKEN,
                "company_id": COMPANY_ID,
                "agent_server_id": fake.agents[0].servers[0].id,
            }
            | ixon,
        }
        settings = Settings.model_validate(tree)
        clock = SystemClock()
        dashboard = Dashboard(dashboard_url, meraki.api_key, clock=clock)
        made = open_ixon(settings, clock)
        ask = ask_source(settings, "cam", clock, dashboard, made)
        quick = replace(
            recorder_settings(settings), timing=QUICK, memory_dir=folder / "memory"
        )
        recorder = Recorder(quick, clock, {"cam": ask})
        recorder.start()
        stack.callback(recorder.stop)
        yield Scene(fake, meraki, settings, recorder)
        fake.stop()


def seconds(clip: ClipResult) -> float:
    assert clip.began_at is not None, clip
    assert clip.ended_at is not None
    return (clip.ended_at - clip.began_at).total_seconds()


def test_without_cameras_there_is_no_recorder() -> None:
    clock = SystemClock()
    dashboard = Dashboard("http://127.0.0.1:9", "x", clock=clock)
    assert build_recorder(Settings(), clock, dashboard, None) is None
    assert open_ixon(Settings(), clock) is None


def test_a_cloud_is_not_asked_for_a_camera_that_another_recorder_may_have(
    tmp_path: Path,
) -> None:
    cameras = {"cloud": {"meraki_serial": SERIAL}}
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "meraki": {"api_key": "x"},
            "recorder": {"cameras": cameras, "min_free_mb": 1},
        }
    )
    clock = SystemClock()
    nobody = Dashboard("http://127.0.0.1:9", "x", clock=clock)
    recorder = build_recorder(settings, clock, nobody, None, lambda name: False)
    assert recorder is not None
    recorder.start()
    why = "another recorder may have"
    wait_until(lambda: why in recorder.states()["cloud"].text, why, 10)
    recorder.stop()


def test_the_settings_reach_the_recorder(tmp_path: Path) -> None:
    cameras = {
        "a": {"url": "rtsp://me:pw@192.0.2.7/s", "framerate": 2, "recode": True},
        "b": {"url": "http://192.0.2.7/x.jpg", "mode": "on_demand", "auth": DIGEST},
    }
    tree = {"data_dir": tmp_path, "recorder": {"cameras": cameras, "max_clip_s": 60}}
    settings = Settings.model_validate(tree)
    made = recorder_settings(settings)
    a, b = made.cameras
    assert (made.data_dir, made.max_clip_s) == (tmp_path, 60)
    assert (a.mode, a.framerate, a.recode) == ("ring", 2, "true")
    assert (b.mode, b.framerate, b.auth.type) == ("on_demand", None, "auto")
    clock = SystemClock()
    dashboard = Dashboard("http://127.0.0.1:9", "x", clock=clock)
    source = ask_source(settings, "a", clock, dashboard, None)()
    assert (source.url, source.auth.password) == ("rtsp://192.0.2.7/s", "pw")
    assert build_recorder(settings, clock, dashboard, None) is not None


@pytest.mark.parametrize(
    ("ixon", "camera", "sent"),
    [
        ({"access_type": "https"}, True, "https"),
        ({"access_type": "https"}, {"access_type": "http"}, "http"),
        ({}, True, "http"),
    ],
)
def test_version_1_of_ixon_gets_the_access_type_of_the_camera(
    ixon: dict[str, str], camera: Any, sent: str
) -> None:
    with cloud() as (fake, origin):
        keys = {"application_id": APPLICATION, "token": TOKEN, "company_id": COMPANY_ID}
        where = {"base_url": f"{origin}/v1", "api_version": 1, "stream_path": "/a.jpg"}
        service = {"agent_server_id": fake.agents[0].servers[0].id}
        tree = {
            "recorder": {"cameras": {"cam": {"ixon": camera}}},
            "ixon": keys | where | service | ixon,
        }
        settings, clock = Settings.model_validate(tree), SystemClock()
        made = open_ixon(settings, clock)
        assert made is not None
        dashboard = Dashboard("http://127.0.0.1:9", "x", clock=clock)
        ask_source(settings, "cam", clock, dashboard, made)()
        made.close()
        bodies = [call.json for call in fake.asked if call.path == "/v1/webaccess"]
    assert [body["method"] for body in bodies] == [sent]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["none", "basic", "digest"])
def test_a_camera_behind_ixon_is_recorded_when_an_alarm_comes(
    tmp_path: Path, kind: str
) -> None:
    entry = {"ixon": True} | ({} if kind == "none" else {"auth": DIGEST})
    with filming(tmp_path, entry) as scene:
        scene.ixon.camera.auth = kind
        scene.ixon.tunnel_s = 1.0  # 502 until then
        assert scene.ixon.accesses == []  # nothing flows before the alarm
        clip = scene.record(3)
    assert clip.error is None
    assert clip.codec == "h264"
    assert seconds(clip) == pytest.approx(3, abs=1)
    assert clip.note is not None
    assert clip.note.startswith("no pre-roll")


@pytest.mark.slow
@pytest.mark.parametrize("status", [302, 401])
def test_an_access_that_expires_in_between_is_reopened(
    tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    entry = {"ixon": {"stream_path": "/still.jpg"}, "auth": DIGEST, "framerate": 5}
    with filming(tmp_path, entry) as scene:
        scene.ixon.camera.auth = "digest"
        scene.ixon.ended_status = status
        with in_background(lambda: scene.record(4)) as clip:
            assert scene.recorder is not None
            wait_for_state(scene.recorder, "cam", State.RECORDING)
            scene.ixon.end_accesses()
            wait_until(lambda: len(scene.ixon.accesses) > 1, "a new access", 30)
            made = clip.result(30)
        secrets = scene.ixon.secrets
    assert made.error is None
    assert seconds(made) == pytest.approx(4, abs=1)
    assert "rejects the user name" not in caplog.text
    assert [text for text in secrets if text in caplog.text] == []


@pytest.mark.slow
def test_a_video_that_breaks_with_its_access_continues(tmp_path: Path) -> None:
    with (
        filming(tmp_path, {"ixon": True}) as scene,
        in_background(lambda: scene.record(4)) as clip,
    ):
        assert scene.recorder is not None
        wait_for_state(scene.recorder, "cam", State.RECORDING)
        scene.ixon.end_accesses()
        scene.ixon.camera.mode = "cut"
        wait_until(lambda: len(scene.ixon.accesses) > 1, "a new access", 30)
        scene.ixon.camera.mode = "ok"
        made = clip.result(30)
    assert made.error is None
    assert seconds(made) == pytest.approx(4, abs=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"token": "wrong"}, "IXON refused the token", id="a token"),
        pytest.param(
            {"agent_server_id": "nOsErViCe001"}, "ixon.agent_server_id", id="a service"
        ),
    ],
)
def test_a_wrong_setting_of_ixon_ends_the_clip_at_once_and_says_why(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    with filming(tmp_path, {"ixon": True}, **change) as scene:
        clip = scene.record()
    assert clip.path is None
    assert said in str(clip.error)
    assert "user name or password" not in str(clip.error)


@pytest.mark.slow
def test_a_wrong_password_of_the_camera_is_its_own_not_ixons(tmp_path: Path) -> None:
    entry = {"ixon": True, "auth": DIGEST | {"password": "wrong"}}
    with filming(tmp_path, entry) as scene:
        scene.ixon.camera.auth = "digest"
        clip = scene.record()
        assert len(scene.ixon.accesses) == 1
    assert "the camera rejects the user name or password" in str(clip.error)


@pytest.mark.slow
def test_a_router_that_is_offline_may_come_back_while_the_clip_waits(
    tmp_path: Path,
) -> None:
    with filming(tmp_path, {"ixon": True}) as scene:
        scene.ixon.agents[0].online = False
        with in_background(lambda: scene.record(1)) as clip:
            assert scene.recorder is not None
            wait_for_state(scene.recorder, "cam", State.OFFLINE)
            text = scene.recorder.states()["cam"].text
            scene.ixon.agents[0].online = True
            made = clip.result(30)
    assert text.startswith("The IXON router of this camera is offline")
    assert made.error is None


@pytest.mark.slow
def test_a_router_that_stays_offline_is_named_in_the_end(tmp_path: Path) -> None:
    with filming(tmp_path, {"ixon": True}) as scene:
        scene.ixon.agents[0].online = False
        clip = scene.record(0.5)
    assert "The IXON router of this camera is offline" in str(clip.error)


def meraki_source(folder: Path, url: str | None, *faults: Fault) -> StreamSource:
    with filming(folder, {"meraki_serial": SERIAL, "mode": "on_demand"}) as scene:
        scene.dashboard.cameras[SERIAL].rtsp_url = url
        for fault in faults:
            scene.dashboard.faults.add(fault)
        clock = SystemClock()
        meraki = scene.settings.meraki
        dashboard = Dashboard(meraki.base_url, scene.dashboard.api_key, clock=clock)
        ask = ask_source(scene.settings, "cam", clock, dashboard, None)
        found = ask()
        assert ask() == found
        asked = [a for a in scene.dashboard.asked if "video/settings" in a.path]
        assert len(asked) == 1  # remembered
        return found


def test_meraki_is_asked_for_the_address_of_its_camera(tmp_path: Path) -> None:
    assert meraki_source(tmp_path, RTSP).url == RTSP


def test_disabled_external_rtsp_is_reported_with_where_to_enable_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(CameraRefused) as caught:
        meraki_source(tmp_path, None)
    assert caught.value.ending.state is State.NO_VIDEO
    assert "turn it on in the Dashboard" in caught.value.ending.text


def test_a_dashboard_that_is_away_is_no_end(tmp_path: Path) -> None:
    with pytest.raises(CameraRefused) as caught:
        meraki_source(tmp_path, RTSP, Fault("503-html", "video/settings"))
    assert caught.value.ending.state is State.OFFLINE


@pytest.mark.slow
def test_the_address_of_a_web_access_is_in_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with filming(tmp_path, {"ixon": True}) as scene:
        ixon = open_ixon(scene.settings, SystemClock())
        dashboard = Dashboard("http://127.0.0.1:9", "x", clock=SystemClock())
        ask = ask_source(scene.settings, "cam", SystemClock(), dashboard, ixon)
        source = replace(ask(), url="http://127.0.0.1:9/secret-address")
        with pytest.raises(CameraRefused) as caught:
            probe(source)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert "secret-address" not in "".join(map(repr, chain))
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("mvsnap")]
    assert "secret-address" not in "".join(ours)
