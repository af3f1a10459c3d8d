"""The wizard asks for IXON and for cameras that record, and tests each of them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mvsnap.config.load import load
from mvsnap.config.model import Settings
from mvsnap.simulator.ixon.ixon import COMPANY_ID
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from tests.cli.run import configure
from tests.cli.test_init import answered
from tests.clients.ixon.stub import ACCOUNT, APPLICATION, PASSWORD, TOKEN, cloud
from tests.conftest import Clouds
from tests.servers.rtsp import rtsp_camera

pytestmark = pytest.mark.slow

SECRET = "the-camera's-own"
# Name, zone; neither Meraki, Webex nor IXON.
NOTHING_ELSE = ("", "UTC", "", "", "")
LOGIN = ("viewer", SECRET)


def made(folder: Path) -> Settings:
    return load(folder / "config" / "mvsnap.yaml", {})


def test_a_camera_is_tested_and_its_kind_of_password_found_out(
    tmp_path: Path, clouds: Clouds
) -> None:
    video = FakeVideo(auth="digest", username="viewer", password=SECRET)
    with serve(video.app()) as url:
        address = f"{url}/video.mjpg"
        answers = [*NOTHING_ELSE, address, "viewer", "wrong", "n"]
        # The address stays: Enter, then the right password.
        answers += ["", *LOGIN, "Tor 1", f"{url}/picture.jpg", *LOGIN, "tor 1"]
        done = answered(tmp_path, clouds, *answers, more="\n\n")
        video.close()
    assert done.exit_code == 0, done.output
    assert "the camera rejects the user name or password" in done.output
    assert done.output.count("mjpeg, 320x240") == 2
    assert "a camera named tor 1 already exists" in done.output
    assert f"skip this camera) [{address}]" in done.output
    assert SECRET not in done.output
    cameras = made(tmp_path).recorder.cameras
    assert list(cameras) == ["Tor 1", "camera 2"]
    password = cameras["Tor 1"].auth.password
    assert password is not None
    assert password.get_secret_value() == SECRET
    path = tmp_path / "config" / "mvsnap.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "#queue_size: 10" in path.read_text(encoding="utf-8")


def test_a_camera_that_does_not_answer_is_kept_when_wanted(
    tmp_path: Path, clouds: Clouds
) -> None:
    away = "http://127.0.0.1:9/video"
    answers = [*NOTHING_ELSE, "camera.local", "", away, "", "n", away, "", "y", "dock"]
    done = answered(tmp_path, clouds, *answers, more="\n")
    assert done.exit_code == 0, done.output
    assert "url: expected an address like rtsp://HOST" in done.output
    assert done.output.count("the camera cannot be reached") == 2
    assert list(made(tmp_path).recorder.cameras) == ["dock"]


def test_a_camera_that_fails_can_be_left_out(tmp_path: Path, clouds: Clouds) -> None:
    away = "http://127.0.0.1:9/video"
    answers = [*NOTHING_ELSE, away, "", "n", "none", away, "", "y", "dock"]
    done = answered(tmp_path, clouds, *answers, more="\n")
    assert done.exit_code == 0, done.output
    assert list(made(tmp_path).recorder.cameras) == ["dock"]


def test_cameras_alone_get_a_token_that_alarms_come_with(
    tmp_path: Path, clouds: Clouds
) -> None:
    dock = ["http://127.0.0.1:9/video", "", "y", "dock"]
    done = answered(tmp_path, clouds, *NOTHING_ELSE, *dock, more="\n")
    assert done.exit_code == 0, done.output
    (entry,) = made(tmp_path).webhooks.tokens
    token = entry.token.get_secret_value()
    curl = "curl -d text='Just a test' http://127.0.0.1:5004/webhook/"
    assert entry.name == "alarms"
    assert curl + token in done.output
    assert "getSnapshot" not in done.output
    # Once more: the token stays, and is not shown again.
    dock[-1] = "gate"
    done = answered(tmp_path, clouds, *NOTHING_ELSE, *dock, more="\n")
    assert done.exit_code == 0, done.output
    assert made(tmp_path).webhooks.tokens == (entry,)
    assert f"{curl}..." in done.output
    assert token not in done.output


def test_a_password_in_the_address_is_not_asked_for_nor_shown(
    tmp_path: Path, clouds: Clouds
) -> None:
    video = FakeVideo(auth="basic", username="viewer", password="w0rd")
    with serve(video.app()) as url:
        address = url.replace("://", "://viewer:w0rd@") + "/video.mjpg"
        done = answered(tmp_path, clouds, *NOTHING_ELSE, address, "gate", more="\n")
        video.close()
    assert done.exit_code == 0, done.output
    assert "w0rd" in made(tmp_path).secrets()
    assert "mjpeg, 320x240" in done.output


def test_meraki_cameras_with_external_rtsp_are_offered(
    tmp_path: Path, clouds: Clouds, films: Path
) -> None:
    with rtsp_camera(films) as camera:
        clouds.dashboard.cameras["Q2SM-0000-0001"].rtsp_url = camera.url()
        clouds.dashboard.cameras["Q2SM-0000-0001"].name = "Tor: Süd (1)"
        meraki = (clouds.dashboard.api_key, "1", "all", "")
        done = answered(tmp_path, clouds, "", "UTC", *meraki, "", "", "1", more="\n")
    assert done.exit_code == 0, done.output
    assert "h264, 320x240, 15 fps" in done.output
    (name,) = made(tmp_path).recorder.cameras
    assert name == "Tor Süd 1"
    assert made(tmp_path).recorder.cameras[name].meraki_serial == "Q2SM-0000-0001"


def test_ixon_is_chosen_from_lists_and_its_camera_tested(
    tmp_path: Path, clouds: Clouds
) -> None:
    with cloud() as (ixon, url):
        ixon.camera.auth = "basic"
        # Company, device; the only HTTP service is chosen; its path, then the camera.
        answers = [*NOTHING_ELSE[:4], APPLICATION, "wrong", TOKEN, "1", "1", ""]
        answers += ["viewer", "camera-password", "robot"]
        done = answered(tmp_path, clouds, *answers, ixon_url=f"{url}/api", more="\n")
        service = ixon.agents[0].servers[0].id
        ixon.stop()
    assert done.exit_code == 0, done.output
    assert "IXON refused this token (401): check that it is complete" in done.output
    assert "ixon." not in done.output.replace("support@ixon.cloud", "")
    assert "Project D4 packaging robot  online" in done.output
    assert "Packaging line 2  offline" in done.output
    assert "The only HTTP service of the camera: IP camera" in done.output
    assert "mjpeg, " in done.output
    assert TOKEN not in done.output
    settings = made(tmp_path)
    assert settings.ixon.company_id == COMPANY_ID
    assert settings.ixon.agent_server_id == service
    assert settings.recorder.cameras["robot"].ixon is not None


def test_an_account_takes_the_place_of_a_token(tmp_path: Path, clouds: Clouds) -> None:
    with cloud() as (ixon, url):
        old = {
            "base_url": f"{url}/api",
            "application_id": APPLICATION,
            "token": "an-old-token",
            "company_id": COMPANY_ID,
        }
        configure(tmp_path, {"ixon": old})
        # No token; the second device has no camera worth testing: not kept.
        answers = [*NOTHING_ELSE[:4], APPLICATION, "", ACCOUNT.email, PASSWORD]
        answers += ["1", "2", "/live", "", "n"]
        done = answered(tmp_path, clouds, *answers, ixon_url=f"{url}/api", more="\n")
        ixon.stop()
    assert done.exit_code == 0, done.output
    assert "router of this camera is offline" in done.output
    settings = made(tmp_path)
    assert (settings.ixon.token, settings.ixon.email) == (None, ACCOUNT.email)
    assert settings.ixon.stream_path == "/live"
    assert settings.recorder.cameras == {}


def test_an_application_id_that_ixon_refuses_is_asked_for_again(
    tmp_path: Path, clouds: Clouds
) -> None:
    with cloud() as (ixon, url):
        # A wrong id, which is seen with the token; then a wrong password.
        answers = [*NOTHING_ELSE[:4], "a1B2c3D4e5F7", TOKEN, "", ""]
        answers += [APPLICATION, "", ACCOUNT.email, "wrong", ACCOUNT.email, PASSWORD]
        answers += ["1", "2", "/live", "", "n"]
        done = answered(tmp_path, clouds, *answers, ixon_url=f"{url}/api", more="\n")
        ixon.stop()
    assert done.exit_code == 0, done.output
    assert "IXON forbids this (403): check the application ID" in done.output
    assert "IXON refused this login (401): check the e-mail address" in done.output
    assert "ixon." not in done.output.replace("support@ixon.cloud", "")
    assert made(tmp_path).ixon.application_id == APPLICATION


def test_what_is_there_stays_with_its_comments(tmp_path: Path, clouds: Clouds) -> None:
    text = (
        "recorder:\n"
        "  merge: separate  # on purpose\n"
        "  cameras:\n"
        "    gate:  # at the road\n"
        "      url: rtsp://192.0.2.7/s\n"
    )
    path = configure(tmp_path, text)
    answers = [*NOTHING_ELSE, "http://127.0.0.1:9/", "", "y", "Gate", "dock"]
    done = answered(tmp_path, clouds, *answers, more="\n")
    assert done.exit_code == 0, done.output
    assert "Already set up: gate" in done.output
    after = path.read_text(encoding="utf-8")
    assert "# on purpose" in after
    assert "# at the road" in after
    assert list(made(tmp_path).recorder.cameras) == ["gate", "dock"]
