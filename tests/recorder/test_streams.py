"""Kinds of RTSP streams and of cameras: recorded, or refused in words that help."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mvsnap.recorder import (
    Auth,
    AuthType,
    CameraRefused,
    ClipResult,
    Probe,
    Recode,
    State,
    Transport,
    probe,
    source_of,
)
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from tests.recorder.build import (
    camera,
    now,
    recording,
    wait_for_state,
    wait_for_video,
)
from tests.servers.processes import wait_until
from tests.servers.rtsp_replay import Mount, ReplayCamera, film, replay_camera

pytestmark = pytest.mark.slow

TCP, UDP = frozenset({"tcp"}), frozenset({"udp"})
LOGIN = Auth(AuthType.AUTO, "viewer", "right-password")
SHA256 = 'Digest realm="cam", nonce="0a1b", algorithm=SHA-256'
SHA512 = 'Digest realm="cam", nonce="0a1b", algorithm="SHA-512-256"'
MD5 = 'Digest realm="cam", nonce="0a1b"'
BASIC = 'Basic realm="cam"'


@pytest.fixture(scope="module")
def replay(films: Path) -> Iterator[ReplayCamera]:
    wanted = [(v, None) for v in ("h264", "vp8", "vp8-rare", "vp9", "mpeg4", "h263")]
    sounds = [("h264", "aac"), ("h264", "pcm_mulaw"), ("vp8", "pcm_alaw")]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda each: film(films, *each), [*wanted, *sounds]))
    h264 = made[0]
    mounts = {path.stem: Mount(path) for path in made}
    mounts |= {
        "udp-461": Mount(h264, UDP),
        "udp-406": Mount(h264, UDP, 406),
        "tcp-only": Mount(h264, TCP),
        "no-transport": Mount(h264, frozenset()),
        "unknown-codec": Mount(made[1], rename=("VP8/90000", "AV1/90000")),
        "sha-256": Mount(challenges=(SHA256,)),
        "sha-512": Mount(challenges=(SHA512, BASIC)),
        "md5-too": Mount(challenges=(SHA256, MD5)),
        "full-for-a-while": Mount(h264, refuses={"DESCRIBE": 453}, times=2),
    }
    for method, status in BUSY:
        mounts[f"{method}-{status}"] = Mount(h264, refuses={method: status})
    mounts["gone"] = Mount(refuses={"DESCRIBE": 404})
    mounts["forbidden"] = Mount(refuses={"DESCRIBE": 405})
    with replay_camera(mounts) as cam:
        yield cam


BUSY = [
    ("DESCRIBE", 503),
    ("DESCRIBE", 500),
    ("DESCRIBE", 453),
    ("SETUP", 453),
    ("PLAY", 454),
    ("OPTIONS", 503),
]
# What is probed, by name: the mount and the settings.
PROBED: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (f"{name}-silent", {}) for name in ("vp8", "mpeg4", "h263")},
    "vp9": ("vp9-silent", {}),
    # Beside it: these two take the longest.
    "unknown-codec": ("unknown-codec", {}),
    "sound not wanted": ("h264-aac", {}),
    "aac": ("h264-aac", {"audio": True}),
    "g.711": ("h264-pcm_mulaw", {"audio": True}),
    "vp8 and g.711": ("vp8-pcm_alaw", {"audio": True}),
    "no sound": ("h264-silent", {"audio": True}),
    "h.263 as it is": ("h263-silent", {"recode": Recode.NEVER}),
    "udp-461": ("udp-461", {}),
    "udp-406": ("udp-406", {}),
    "udp set": ("tcp-only", {"transport": Transport.UDP}),
    "tcp set": ("udp-461", {"transport": Transport.TCP}),
    "no-transport": ("no-transport", {}),
    **{name: (name, {"auth": LOGIN}) for name in ("sha-256", "sha-512", "md5-too")},
    **{f"{m}-{s}": (f"{m}-{s}", {}) for m, s in BUSY},
    "gone": ("gone", {}),
    "forbidden": ("forbidden", {}),
}


def probing(url: str, **more: Any) -> Probe | CameraRefused:
    try:
        recode = more.get("recode", Recode.AUTO)
        source = source_of(camera("cam", url, **more))
        return probe(source, recode=recode)
    except CameraRefused as exc:
        return exc


@pytest.fixture(scope="module")
def probed(replay: ReplayCamera) -> dict[str, Probe | CameraRefused]:
    with ThreadPoolExecutor(5) as pool:
        asked = {
            name: pool.submit(probing, replay.url(mount), **more)
            for name, (mount, more) in PROBED.items()
        }
        return {name: future.result() for name, future in asked.items()}


@pytest.mark.parametrize(
    ("name", "codec", "audio", "has_sound"),
    [
        ("vp8", "vp8", None, False),
        ("mpeg4", "mpeg4", None, False),  # its configuration is in the SDP alone
        ("h263", "h263", None, False),
        ("h.263 as it is", "h263", None, False),  # no MP4 holds it
        ("udp-461", "h264", None, False),
        ("udp-406", "h264", None, False),
        ("no sound", "h264", None, False),
        ("sound not wanted", "h264", "aac", False),
        ("aac", "h264", "aac", True),
        ("g.711", "h264", "pcm_mulaw", True),
        ("vp8 and g.711", "vp8", "pcm_alaw", True),
    ],
)
def test_what_is_recorded(
    probed: dict[str, Probe | CameraRefused],
    name: str,
    codec: str,
    audio: str | None,
    has_sound: bool,
) -> None:
    found = probed[name]
    assert isinstance(found, Probe), found
    assert (found.codec, found.width, found.height) == (codec, 352, 288)
    assert found.fps == pytest.approx(15, abs=1)
    assert (found.audio, found.has_sound) == (audio, has_sound)


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        ("vp9", State.NO_VIDEO, "the camera sends vp9 video, but no keyframe"),
        ("unknown-codec", State.NO_VIDEO, "the camera sends AV1 video, which this"),
        ("tcp set", State.NO_VIDEO, "RTP over UDP only: set transport: udp"),
        ("udp set", State.NO_VIDEO, "RTP over TCP only: set transport: tcp"),
        ("no-transport", State.NO_VIDEO, "refuses RTP over TCP and over UDP"),
        ("sha-256", State.NO_VIDEO, "wants digest SHA-256, which this ffmpeg does"),
        ("sha-512", State.NO_VIDEO, "wants digest SHA-512-256, which this ffmpeg"),
        ("md5-too", State.WRONG_PASSWORD, State.WRONG_PASSWORD.text),
        *((f"{m}-{s}", State.OFFLINE, f"is busy ({s} to {m})") for m, s in BUSY),
        ("gone", State.NO_VIDEO, "no video at this address (404 Not Found)"),
        ("forbidden", State.NO_VIDEO, "(it answered 405 to DESCRIBE)"),
    ],
)
def test_what_is_refused_and_why(
    probed: dict[str, Probe | CameraRefused], name: str, state: State, words: str
) -> None:
    found = probed[name]
    assert isinstance(found, CameraRefused), found
    assert (found.ending.state, words in found.message) == (state, True), found
    for inner in ("0x", "rtsp://", "pipe:", "/tmp", "concat", "right-password"):
        assert inner not in found.message


def streams_of(clip: ClipResult) -> dict[str, float]:
    """Return the seconds of each stream of a clip, by kind, decoded without a word."""
    assert clip.path is not None, clip
    line = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(clip.path), "-f", "null"]
    done = subprocess.run([*line, "-"], capture_output=True, check=True, timeout=60)
    # Its own muxer minds two pictures at the same moment, where the film begins anew.
    said = done.stderr.decode().splitlines()
    assert [line for line in said if not line.startswith("[null @")] == []
    line = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(clip.path)]
    found = json.loads(subprocess.run(line, capture_output=True, check=True).stdout)
    return {s["codec_type"]: float(s["duration"]) for s in found["streams"]}


def test_alarms_of_such_cameras_get_whole_clips(
    replay: ReplayCamera, tmp_path: Path
) -> None:
    cameras = [
        camera("vp8", replay.url("vp8-rare-silent")),
        camera("mpeg4", replay.url("mpeg4-silent")),
        camera("udp", replay.url("udp-461")),
        camera("aac", replay.url("h264-aac"), audio=True),
        camera("g.711", replay.url("h264-pcm_mulaw"), audio=True),
        camera("full", replay.url("full-for-a-while")),
    ]
    with recording(tmp_path, *cameras) as recorder:
        for each in cameras:
            wait_for_video(recorder, each.name, 3)
        at = now()
        with ThreadPoolExecutor(len(cameras)) as pool:
            clips = list(pool.map(lambda c: recorder.record(c.name, at, 2, 2), cameras))
    for each, clip in zip(cameras, clips, strict=True):
        assert (clip.error, clip.gaps, clip.partial) == (None, (), False), each.name
        found = streams_of(clip)
        # It begins with a keyframe: the vp8 has one every four seconds.
        assert 4 <= found["video"] <= (8.5 if each.name == "vp8" else 6), each.name
        assert ("audio" in found) is each.audio
        if each.audio:
            assert found["audio"] == pytest.approx(found["video"], abs=0.5)
            assert clip.codec == "h264"


def test_a_web_video_over_http_is_recorded(films: Path, tmp_path: Path) -> None:
    webm = tmp_path / "long.webm"
    line = ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "3"]
    line += ["-i", str(film(films, "vp8", "pcm_alaw")), "-c:v", "copy"]
    line += ["-c:a", "libopus", str(webm)]
    subprocess.run(line, check=True, timeout=60)
    video = FakeVideo(film=webm.read_bytes(), film_type="video/webm")
    with serve(video.app()) as url:
        found = probing(f"{url}/stream", audio=True)
        video.close()
    assert isinstance(found, Probe), found
    assert (found.codec, found.width, found.audio) == ("vp8", 352, "opus")
    assert found.has_sound


def test_a_recorder_says_that_its_ffmpeg_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "old-ffmpeg"
    old.write_text("#!/bin/sh\necho 'ffmpeg version 4.4.6 Copyright (c)'\n")
    old.chmod(0o755)
    gate = camera("gate", "rtsp://127.0.0.1:9/live")
    with recording(tmp_path / "data", gate, ffmpeg=str(old)) as recorder:
        wait_for_state(recorder, "gate", State.NO_FFMPEG)
        text = "ffmpeg 4.4.6 is too old: 5.1 is needed"
        assert recorder.states()["gate"].text == text
        clip = recorder.record("gate", now(), 0, 0.1)
    assert text in (clip.error or "")


def test_what_a_camera_said_is_known_while_it_is_connected_anew(tmp_path: Path) -> None:
    slow = tmp_path / "slow-ffmpeg"
    video = "Stream #0:0: Video: vp8, yuv420p, 352x288, 15 fps"
    slow.write_text(
        f"""#!/bin/sh
        case "$*" in
        *-version*) echo 'ffmpeg version 7.1 Copyright (c)' ;;
        *matroska*) exec sleep 20 ;;
        *) echo '{video}' >&2; exec sleep 20 ;;
        esac
        """
    )
    slow.chmod(0o755)
    gate = camera("gate", "rtsp://127.0.0.1:9/live")
    with recording(tmp_path / "data", gate, ffmpeg=str(slow)) as recorder:
        wait_until(lambda: recorder.states()["gate"].connects == 2, "Matroska")
        found = recorder.states()["gate"]
    assert (found.state, found.format.codec) == (State.STARTING, "vp8")


def test_what_a_slow_ffmpeg_still_writes_is_removed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rmdir, refused = os.rmdir, list[str]()

    def in_use(path: str, **more: Any) -> None:
        if Path(path).parent == tmp_path and not refused:
            refused.append(path)
            raise OSError(errno.ENOTEMPTY, "Directory not empty", path)
        rmdir(path, **more)

    monkeypatch.setattr(os, "rmdir", in_use)
    with pytest.raises(CameraRefused):
        probe(source_of(camera("gate", "rtsp://127.0.0.1:9/live")))
    wait_until(lambda: not list(tmp_path.iterdir()), "nothing is left")
    assert refused
