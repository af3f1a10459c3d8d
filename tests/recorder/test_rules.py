"""The pure parts: sources, names, times, what ffmpeg says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mvsnap.clip_model import Gap
from mvsnap.errors import BadInput
from mvsnap.recorder import (
    Auth,
    AuthType,
    CameraSettings,
    SourceKind,
    State,
    Transport,
)
from mvsnap.recorder import source_of as read
from mvsnap.recorder.command import Container, Sound, container_of, sound_of
from mvsnap.recorder.diagnosis import (
    audio_of,
    ending,
    format_of,
    http_ending,
    redacted,
)
from mvsnap.recorder.files import clip_digest, clip_path, slug
from mvsnap.recorder.model import ClipResult, Format
from mvsnap.recorder.results import from_json, to_json
from mvsnap.recorder.sources import secrets_of, shown, with_credentials
from mvsnap.recorder.timeline import Anchor, coverage, pace_of, shown_spans
from mvsnap.recorder.times import anchored
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

AT = datetime(2026, 11, 21, 15, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("rtsp://192.0.2.1:9000/live", SourceKind.RTSP),
        ("rtsps://192.0.2.1/live", SourceKind.RTSP),
        ("http://192.0.2.1/video.mjpg", SourceKind.HTTP),
        ("https://192.0.2.1/snap.JPG?channel=1", SourceKind.JPEG),
        ("http://[2001:db8::1]:8080/mjpg/video.cgi", SourceKind.HTTP),
    ],
)
def test_an_address_says_what_kind_of_stream_it_is(url: str, kind: SourceKind) -> None:
    source = read(CameraSettings("gate", url))
    assert (source.kind, source.url) == (kind, url)


def test_credentials_in_an_address_become_its_auth() -> None:
    source = read(CameraSettings("gate", "rtsp://me:p%40ss@192.0.2.1/live"))
    assert source.url == "rtsp://192.0.2.1/live"
    assert source.auth == Auth(AuthType.AUTO, "me", "p@ss")
    assert with_credentials(source) == "rtsp://me:p%40ss@192.0.2.1/live"
    assert "p@ss" not in repr(source)
    assert "p%40ss" not in repr(source)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/x", "rtsp:///live", "http://host:port/", "rtsp://h/\nfile 'x'"],
)
def test_an_invalid_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(CameraSettings("gate", url))
    assert not url or url not in caught.value.message


def test_the_query_of_an_address_is_a_secret() -> None:
    source = read(CameraSettings("gate", "rtsp://host/live?user=a&password=b"))
    assert shown(source) == "rtsp://host/live"
    assert "user=a&password=b" in secrets_of(source)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("method DESCRIBE failed: 401 Unauthorized", State.WRONG_PASSWORD),
        ("method DESCRIBE failed: 404 Not Found", State.NO_VIDEO),
        ("Stream map '0:v:0' matches no streams.", State.NO_VIDEO),
        ("method DESCRIBE failed: 400 Bad Request", State.NO_VIDEO),
        ("method SETUP failed: 461 Unsupported transport", State.NO_VIDEO),
        ("method DESCRIBE failed: 503 Service Unavailable", State.OFFLINE),
        ("method PLAY failed: 454 Session Not Found", State.OFFLINE),
        ("Line 3: unknown keyword 'option'", State.NO_FFMPEG),
        ("Connection to tcp://h:554 failed: Connection refused", State.OFFLINE),
        ("av_interleaved_write_frame(): No space left on device", State.DISK_FULL),
        ("filter sequence 'x': Bitstream filter not found", State.NO_FFMPEG),
        ("Impossible to open 'x'\npipe:0: Invalid data found when", State.OFFLINE),
        ("pipe:0: Invalid data found when processing input", State.NO_VIDEO),
        ("", State.OFFLINE),
    ],
)
def test_what_ffmpeg_says_becomes_a_state(said: str, state: State) -> None:
    assert ending(said.splitlines()).state is state


@pytest.mark.parametrize(
    "said",
    [
        "[concat @ 0x5581c2a1b00] Impossible to open 'rtsp://192.0.2.1/live'",
        "[segment @ 0x1] Opening '/dev/shm/mvsnap-0-1/gate/17/000000001.ts' for",
        "pipe:0: Invalid data found when processing input",
        "[tcp @ 0x1] Connection to tcp://h:554?timeout=5 failed: Connection refused",
        "[in#0/concat @ 0x1] Error during demuxing: Input/output error",
        "",
    ],
)
def test_a_reason_is_words_for_people_and_the_log_has_ffmpegs(said: str) -> None:
    found = ending([said])
    assert not re.search(r"0x|[\[\]'/:]", found.text), found.text
    if said:
        assert redacted(said, []) in found.for_log


@pytest.mark.parametrize(
    ("used", "other"), [(Transport.TCP, "UDP"), (Transport.UDP, "TCP")]
)
def test_a_camera_that_refuses_a_transport_names_the_setting(
    used: Transport, other: str
) -> None:
    found = ending(["[rtsp @ 0x1] method SETUP failed: 406 No TCP"], used)
    expected = f"the camera gives RTP over {other} only: set transport: {other.lower()}"
    assert (found.text, found.is_transport) == (expected, True)


def test_a_reason_holds_no_credential() -> None:
    line = "[rtsp @ 0x55ca69756800] Impossible to open 'rtsp://me:pw@192.0.2.1/live'"
    assert redacted(line, []) == "Impossible to open 'rtsp://192.0.2.1/live'"
    assert redacted("token=abc", ["abc"]) == "token=[hidden]"


@pytest.mark.parametrize(
    ("status", "state"),
    [(401, State.WRONG_PASSWORD), (404, State.NO_VIDEO), (503, State.OFFLINE)],
)
def test_the_status_of_an_http_camera_becomes_a_state(
    status: int, state: State
) -> None:
    assert http_ending(status).state is state


def test_the_format_of_a_stream_is_read_from_ffmpegs_description() -> None:
    line = "  Stream #0:0: Video: hevc (Main), yuv420p(tv), 1920x1080, 15 fps, 15 tbr"
    assert format_of(line) == Format("hevc", 1920, 1080, 15)
    assert format_of("  Stream #0:0 -> #0:0 (copy)") is None


def test_sound_may_come_first_in_the_description() -> None:
    assert audio_of("  Stream #0:0: Audio: pcm_mulaw, 8000 Hz, mono") == "pcm_mulaw"
    line = "  Stream #0:1: Video: mjpeg (Baseline), yuvj420p, 640x480, 25 fps, 90k tbn"
    assert format_of(line) == Format("mjpeg", 640, 480, 25)
    assert audio_of(line) is None


@pytest.mark.parametrize("rate", ["90000", "60k", "0"])
def test_the_clock_of_a_stream_is_not_its_rate(rate: str) -> None:
    line = f"  Stream #0:0: Video: vp8, yuv420p(tv), 640x480, {rate} fps, 90k tbr"
    assert format_of(line) == Format("vp8", 640, 480, None)


@pytest.mark.parametrize(
    ("codec", "container"),
    [("h264", Container.TS), ("hevc", Container.TS), ("mpeg2video", Container.TS)]
    + [(c, Container.MKV) for c in ("mjpeg", "vp8", "vp9", "av1", "mpeg4", "h263")],
)
def test_what_ts_does_not_hold_is_kept_in_matroska(
    codec: str, container: Container
) -> None:
    assert container_of(codec) is container


@pytest.mark.parametrize(
    ("codec", "sound"),
    [("aac", Sound.COPY), ("mp3", Sound.COPY), ("none", Sound.NONE)]
    + [(c, Sound.AAC) for c in ("pcm_alaw", "pcm_mulaw", "opus", "adpcm_g726", "ac3")],
)
def test_sound_that_browsers_do_not_play_is_encoded(codec: str, sound: Sound) -> None:
    assert sound_of(codec) is sound


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_text_for_people(state: State) -> None:
    assert state.text


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/", "", ".", "a\0b", "CON", "x" * 300, "\ud800", "ж" * 50],
)
def test_no_name_is_dangerous(name: str) -> None:
    path = clip_path(Path("/videos"), name, name, AT)
    assert path.parts[:2] == ("/", "videos")
    assert all(slug(word) == word for word in path.parts[2:6])
    assert path.name.isascii()
    assert len(path.name) < 100


def test_different_names_never_meet() -> None:
    names = ["Front Door", "front-door", "front door", "FRONT DOOR", "front_door"]
    assert len({slug(name) for name in names}) == len(names)
    assert slug("front-door") == "front-door"
    assert len({clip_path(Path("v"), "gate", name, AT) for name in names}) == len(names)


def test_recorders_whose_files_get_together_name_them_differently() -> None:
    made_by = ("", "4be1", "77aa")
    found = [clip_path(Path("v"), "Gate 1", "one", AT, by) for by in made_by]
    assert len(set(found)) == len(found)
    ends = {path.stem.rpartition("_")[2] for path in found}
    assert ends == {clip_digest("Gate 1", "one")}


@pytest.mark.parametrize(
    ("age_s", "shows_s"),
    [(8, 8), (60, 60), (61, 0), (3600, 0), (-5, -5), (-6, 0)],
)
def test_a_late_event_is_shown_at_its_own_time_when_that_is_recent(
    age_s: int, shows_s: int
) -> None:
    at = AT - timedelta(seconds=age_s)
    assert anchored(at, AT, 60) == AT - timedelta(seconds=shows_s)


def test_one_delayed_segment_does_not_move_the_time_line() -> None:
    anchor = Anchor()
    assert anchor.learn(2, 102)
    assert anchor.place(0, 2) == (100, 102)
    assert anchor.learn(4, 104.7)
    assert anchor.place(2, 4) == (102, 104)
    assert anchor.learn(6, 105.9)
    assert anchor.place(4, 6)[0] == pytest.approx(103.9)
    assert anchor.place(6, 7)[1] == pytest.approx(106.9)


@pytest.mark.parametrize(("ahead_s", "is_set"), [(1, False), (20, True), (3600, True)])
def test_a_stream_that_is_seconds_early_has_a_clock_that_was_set(
    ahead_s: float, is_set: bool
) -> None:
    anchor = Anchor()
    for at_s in range(5):
        assert anchor.learn(at_s, 100 + at_s)
    assert anchor.learn(6 + ahead_s, 106) is not is_set


SECOND = [i / 15 for i in range(15)]


@pytest.mark.parametrize(
    ("shown", "gaps"),
    [
        (SECOND, 0),
        ([0, 2, 4, 6], 0),
        ([0, 16], 0),
        ([0], 0),
        ([*SECOND, 9, 9.07], 1),
        ([*SECOND, 2, 3, 4, *(4 + t for t in SECOND)], 0),
        ([*SECOND, *(8 + t for t in SECOND), *(20 + t for t in SECOND)], 2),
        ([0, 2, 4, 12, 14], 1),
    ],
    ids=[
        "fifteen a second",
        "one in two seconds",
        "two in sixteen seconds",
        "a single one",
        "a silence",
        "fewer while nothing moves",
        "two silences",
        "a slow camera's silence",
    ],
)
def test_a_picture_lasts_until_the_next_if_the_stream_is_like_that(
    shown: list[float], gaps: int
) -> None:
    pace = pace_of(shown, [16.0] * 3, 1)
    spans = shown_spans(shown, shown[-1] + pace.usual_s, pace.slack_s)
    assert len(spans) - 1 == gaps


@pytest.mark.parametrize(
    ("shown", "lengths_s", "gaps"),
    [
        ([0.5], [1, 1, 1, 8], ((1.5, 6.0),)),
        ([0.5], [8], ((1.5, 6.0),)),
        ([0.5], [], ((1.5, 6.0),)),
        ([0.5, 5.9], [1, 1, 1, 5.4, 1], ((0.5, 5.9),)),
        ([0.5, 5.9], [5.4], ((0.5, 5.9),)),
        ([0.0, 1, 2, 3, 4], [1] * 9, ()),
        ([0.0, 1, 2, 3.4], [1] * 9, ((4.4, 6.0),)),
        ([2.8, 3.8, 4.8, 5.8], [1] * 9, ((0.0, 2.8),)),
        ([0.0, 4, 8, 12], [12], ()),
    ],
    ids=[
        "the only picture, and silence",
        "also right after the start",
        "also after a power cut",
        "one, and one after the silence",
        "also right after the start",
        "the last one lasts as usual",
        "silent before the end",
        "silent at the beginning",
        "a slow camera's long segment",
    ],
)
def test_a_silence_is_not_taken_for_the_pace_of_the_stream(
    shown: list[float], lengths_s: list[float], gaps: tuple[tuple[float, float], ...]
) -> None:
    pace = pace_of(shown, lengths_s, 1)
    spans = shown_spans(shown, shown[-1] + pace.usual_s, pace.slack_s)
    found = coverage(spans, (0, 6), pace.edge_s).gaps
    assert [pytest.approx(gap) for gap in gaps] == list(found)


@pytest.mark.parametrize(
    ("spans", "gaps"),
    [
        ([(0, 10)], ()),
        ([(0, 4), (4.3, 10)], ()),
        ([(0, 4), (6, 10)], ((4, 6),)),
        ([(3, 8)], ((1, 3), (8, 9))),
        ([], ((1, 9),)),
        ([(20, 30)], ((1, 9),)),
    ],
    ids=["whole", "rounding", "a gap", "both ends", "nothing", "another time"],
)
def test_gaps_are_what_no_segment_covers(
    spans: list[tuple[float, float]], gaps: tuple[tuple[float, float], ...]
) -> None:
    assert coverage(spans, (1, 9)).gaps == gaps


def test_a_result_is_the_same_after_a_restart() -> None:
    root = Path("/data")
    later = AT + timedelta(seconds=3)
    whole = ClipResult(AT, root / "videos/x.mp4", None, AT, later, (Gap(AT, later),))
    for result in (whole, replace(whole, path=None, gaps=(), error=Reason("why"))):
        assert from_json(to_json(result, root), root) == result
