"""`check` of what records: green where it works, red with the reason where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mvsnap.cli.check_recorder import sound_of
from mvsnap.config.model import Settings
from mvsnap.recorder import Probe
from mvsnap.runtime import Parts
from mvsnap.simulator.ixon.ixon import COMPANY_ID
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from tests.cli.run import configure, mvsnap, settings
from tests.clients.ixon.stub import APPLICATION, TOKEN, cloud
from tests.conftest import Clouds
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, ObjectStore

pytestmark = pytest.mark.slow

PASSWORD = "the-camera's-own"


def told(folder: Path, clouds: Clouds, **sections: Any) -> dict[str, tuple[str, str]]:
    """Return the mark and the text of each line, by name."""
    configure(folder, settings(clouds) | sections)
    said = mvsnap(folder, "check")
    assert PASSWORD not in said.out + said.err
    assert SECRET_KEY not in said.out + said.err
    lines = [line.split(maxsplit=2) for line in said.out.splitlines()]
    return {name: (mark, text) for mark, name, text in lines}


def test_nothing_configured_is_no_mistake(tmp_path: Path, clouds: Clouds) -> None:
    lines = told(tmp_path, clouds)
    assert [lines[name][0] for name in ("recorder", "IXON", "S3")] == ["--"] * 3


def test_every_camera_says_what_it_sends_or_why_it_does_not(
    tmp_path: Path, clouds: Clouds
) -> None:
    video = FakeVideo(auth="digest", username="viewer", password=PASSWORD)
    auth = {"username": "viewer", "password": PASSWORD}
    with serve(video.app()) as url, cloud() as (ixon, ixon_url):
        cameras = {
            "gate": {"url": f"{url}/video.mjpg", "auth": auth},
            "dock": {"url": f"{url}/video.mjpg"},
            "away": {"url": f"http://viewer:{PASSWORD}@127.0.0.1:9/video"},
            "meraki": {"meraki_serial": "Q2SM-0000-0001"},
            "robot": {"ixon": True},
        }
        section = {
            "base_url": f"{ixon_url}/api",
            "application_id": APPLICATION,
            "token": TOKEN,
            "company_id": COMPANY_ID,
            "agent_server_id": ixon.agents[0].servers[0].id,
        }
        found = told(tmp_path, clouds, recorder={"cameras": cameras}, ixon=section)
        ixon.stop()
        video.close()
    size = "mjpeg, 320x240; ring: 10 s before and 20 s after an alarm"
    assert found["gate"] == ("ok", size)
    assert found["dock"][0] == "bad"
    assert found["dock"][1].startswith("the camera rejects the user name or password")
    assert found["away"][1].startswith("the camera cannot be reached")
    assert "turn it on in the Dashboard" in found["meraki"][1]
    assert found["robot"][0] == "ok"
    assert found["robot"][1].endswith("on demand: 20 s after an alarm, no pre-roll")
    assert found["recorder"][1].startswith("ffmpeg ")
    assert found["IXON"] == (
        "ok",
        "signed in, IP camera behind Project D4 packaging robot",
    )


@pytest.mark.parametrize(
    ("audio", "has_sound", "is_wanted", "words"),
    [
        ("aac", True, True, "with sound (aac); "),
        ("aac", False, False, "clips without its sound (audio: true); "),
        (None, False, True, "no sound; "),
        ("none", False, True, "no sound (none); "),
        (None, False, False, ""),
    ],
)
def test_a_check_says_what_becomes_of_the_sound(
    audio: str | None, has_sound: bool, is_wanted: bool, words: str
) -> None:
    found = Probe(640, 480, "h264", 15, audio, has_sound)
    assert sound_of(found, is_wanted=is_wanted) == words


def test_what_a_camera_does_is_said_once(tmp_path: Path, clouds: Clouds) -> None:
    """One that answers at once does so before anybody waits for it."""
    away = {f"yard {number}": {"url": "http://127.0.0.1:9/x"} for number in range(8)}
    configure(tmp_path, settings(clouds) | {"recorder": {"cameras": away}})
    said = mvsnap(tmp_path, "check")
    assert said.out.count("the camera cannot be reached") == len(away), said.out
    assert said.err == ""


def test_a_service_that_records_nothing_is_red(tmp_path: Path, clouds: Clouds) -> None:
    """As after an update of `--roles worker`: recording is a role of its own."""
    folder = tmp_path / "data"
    camera = {"url": "http://127.0.0.1:9/video"}
    given = {"recorder": {"cameras": {"gate": camera}}, "data_dir": str(folder)}
    assert told(tmp_path, clouds, **given)["recorder"][0] == "ok"
    parts = Parts(Settings.model_validate({"data_dir": folder}))
    parts.store.heartbeat("pi-0123-0", parts.store.now())
    parts.store.close()
    mark, text = told(tmp_path, clouds, **given)["recorder"]
    assert mark == "bad"
    assert "no process records gate: restart the service" in text
    assert "--roles worker,record" in text


def test_without_ffmpeg_it_says_what_to_install(tmp_path: Path, clouds: Clouds) -> None:
    cameras = {"gate": {"url": "rtsp://127.0.0.1:9/live"}}
    recorder = {"cameras": cameras, "ffmpeg": "/nowhere", "ffprobe": "/nowhere"}
    found = told(tmp_path, clouds, recorder=recorder)
    missing = ("bad", "/nowhere is missing: apt-get install ffmpeg")
    assert (found["recorder"], found["gate"]) == (missing, missing)


@pytest.mark.parametrize("version", ["4.4.6-0+deb11u1", "5.0.3"])
def test_a_program_that_is_too_old_is_red(
    tmp_path: Path, clouds: Clouds, version: str
) -> None:
    old = tmp_path / "old-ffmpeg"
    old.write_text(f"#!/bin/sh\necho 'ffmpeg version {version} Copyright (c)'\n")
    old.chmod(0o755)
    cameras = {"gate": {"url": "rtsp://127.0.0.1:9/live"}}
    recorder = {"cameras": cameras, "ffmpeg": str(old)}
    found = told(tmp_path, clouds, recorder=recorder)
    words = f"ffmpeg {version} is too old: 5.1 is needed"
    assert (found["recorder"], found["gate"]) == (("bad", words), ("bad", words))


def test_a_router_that_is_offline_is_red(tmp_path: Path, clouds: Clouds) -> None:
    with cloud() as (ixon, url):
        ixon.agents[0].online = False
        section = {
            "base_url": f"{url}/api",
            "application_id": APPLICATION,
            "token": TOKEN,
            "company_id": COMPANY_ID,
        }
        seen = told(tmp_path, clouds, ixon=section)
        section["agent_server_id"] = ixon.agents[0].servers[0].id
        offline = told(tmp_path, clouds, ixon=section)
    assert seen["IXON"] == ("ok", "signed in, devices: 2")
    assert offline["IXON"][0] == "bad"
    assert offline["IXON"][1].endswith("the device is offline")


def test_the_bucket_is_checked(
    tmp_path: Path, clouds: Clouds, s3_server: ObjectStore
) -> None:
    s3 = {
        "endpoint_url": s3_server.url,
        "bucket": s3_server.bucket("looked-for"),
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
    }
    there = told(tmp_path, clouds, storage={"s3": s3})
    gone = told(tmp_path, clouds, storage={"s3": s3 | {"bucket": "other"}})
    wrong = told(tmp_path, clouds, storage={"s3": s3 | {"secret_key": "wrong"}})
    assert there["S3"] == ("ok", "bucket looked-for at 127.0.0.1")
    assert (gone["S3"][0], wrong["S3"][0]) == ("bad", "bad")
    assert "no such bucket" in gone["S3"][1]
    assert "storage.s3.secret_key is wrong" in wrong["S3"][1]
