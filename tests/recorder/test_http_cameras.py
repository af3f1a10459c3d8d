"""HTTP cameras as they are: wrong names, bad answers, pictures without end."""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import quote

import pytest
from flask import Response

from mvsnap.clip_model import Gap
from mvsnap.clock import SystemClock
from mvsnap.recorder import (
    CameraRefused,
    ClipResult,
    SourceKind,
    State,
    StreamSource,
    Timing,
    probe,
)
from mvsnap.recorder.arrivals import WHOLE_S
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.http_stream import HttpStream
from mvsnap.recorder.mjpeg import Pictures
from mvsnap.simulator.server import serve
from tests.clients.fakes import answering, picture
from tests.recorder.build import camera, now, recording, seen, wait_for_video
from tests.recorder.came import (
    Came,
    assert_gaps_are_silences,
    assert_goes_on,
    came_in,
)
from tests.servers.odd_camera import (
    BAD,
    BAD_EVERY,
    NUMBERS,
    STILLS,
    STREAM_FPS,
    STREAMS,
    OddCamera,
)

ASKED_FPS = 4
PRE_S, POST_S = 2.0, 0.8
RECORDED_BAD = ("html", "503", "cut")


@pytest.fixture(scope="module")
def odd() -> Iterator[tuple[OddCamera, str]]:
    served = OddCamera()
    with serve(served.app()) as url:
        yield served, url
        served.close()


def path_of(group: str, way: str) -> str:
    return f"/{group}/{quote(way)}"


def received(
    url: str, seconds: float, *, enough: int | None = None, **more: object
) -> tuple[list[bytes], HttpStream]:
    """Return the pictures that come within this time, and the ended stream.

    enough: it need not last longer than that many pictures.
    """
    source = StreamSource(SourceKind.HTTP, url, **more)  # type: ignore[arg-type]
    stream = HttpStream(source, Timing(stall_s=1), SystemClock())
    parser, found = Pictures(), []
    timer = threading.Timer(seconds, stream.close)
    timer.start()

    def take(piece: bytes) -> None:
        found.extend(parser.feed(piece))
        if enough is not None and len(found) >= enough:
            stream.close()

    stream.pump(take)
    timer.cancel()
    return found, stream


@pytest.mark.parametrize("way", ["a still", "a stream"])
def test_a_picture_that_is_too_large_is_refused_by_its_size(way: str) -> None:
    jpeg = picture()
    at = jpeg.index(b"\xff\xc0") + 5
    huge = jpeg[:at] + struct.pack(">HH", 13000, 13000) + jpeg[at + 4 :]
    body, kind = huge, "image/jpeg"
    if way == "a stream":
        body = b"".join(b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + huge for _ in "ab")
        kind = "multipart/x-mixed-replace; boundary=x"
    with answering(lambda *_: Response(body, content_type=kind)) as url:
        found, stream = received(url, 5)
    assert found == []
    assert stream.ending is not None
    assert stream.ending.state is State.NO_VIDEO
    assert "picture too large: 13000 x 13000" in stream.ending.text


@dataclass(frozen=True)
class Taken:
    """The clips of one moment, and how often each camera was connected until then.

    sent: the numbers of the pictures that each camera has sent.
    """

    at: datetime
    clips: dict[str, ClipResult]
    connects: dict[str, int]
    sent: dict[str, list[int]]


EVERY = {
    **dict.fromkeys(STILLS, ("still", ASKED_FPS)),
    **dict.fromkeys(RECORDED_BAD, ("bad", ASKED_FPS)),
    **dict.fromkeys(STREAMS, ("stream", STREAM_FPS)),
}


def taking(odd: tuple[OddCamera, str], folder: Path, ways: Collection[str]) -> Taken:
    served, url = odd
    cameras = [
        camera(
            way,
            url + path_of(group, way),
            framerate=None if group == "stream" else fps,
            pre_roll_s=PRE_S,
            post_roll_s=POST_S,
        )
        for way, (group, fps) in EVERY.items()
        if way in ways
    ]
    with recording(folder, *cameras) as recorder, ThreadPoolExecutor(32) as pool:
        for way in ways:
            wait_for_video(recorder, way, PRE_S + 1.5)
        at = now()
        asked = {pool.submit(recorder.record, way, at): way for way in ways}
        clips, connects = {}, {}
        for done in as_completed(asked):
            way = asked[done]
            connects[way] = recorder.states()[way].connects
            clips[way] = done.result()
            # Nobody needs its pictures any more, while the other clips are encoded.
            recorder.keep(set(ways) - clips.keys())
    return Taken(at, clips, connects, {way: [*served.sent[way]] for way in ways})


@pytest.fixture(scope="module")
def taken_once(
    odd: tuple[OddCamera, str], tmp_path_factory: pytest.TempPathFactory
) -> Taken:
    return taking(odd, tmp_path_factory.mktemp("odd"), EVERY)


@pytest.fixture
def taken(
    request: pytest.FixtureRequest,
    taken_once: Taken,
    odd: tuple[OddCamera, str],
    tmp_path: Path,
    way: str,
) -> Taken:
    """The clips of the module; a second try gets its own, which nothing disturbs."""
    if getattr(request.node, "execution_count", 1) == 1:
        return taken_once
    return taking(odd, tmp_path / "again", [way])


def assert_in_place(begins_s: Sequence[float], fps: float) -> None:
    """Compare when a clip began by each of its pictures, if that is in its place.

    A busy machine receives some pictures late, and none early: what puts them in wrong
    places moves many, and a wrong pace also the earliest of each half. What waited for
    the machine follows at once: each of these is less late than the one before it.
    """
    many, late_s = len(begins_s), 1.5 / fps + 0.15
    limit_s = max(begins_s) - late_s
    held_up = [s < limit_s for s in begins_s]
    follows = [b - a >= 0.5 / fps for a, b in itertools.pairwise(begins_s)]
    unexplained = [
        late and not soon for late, soon in zip(held_up, [*follows, False], strict=True)
    ]
    assert sum(unexplained) <= many // 5
    assert sum(held_up) <= many * 2 // 3
    halves = begins_s[: many // 2], begins_s[many // 2 :]
    assert abs(max(halves[0]) - max(halves[1])) < 0.75 / fps + 0.08


def falling_back(many: int, late_s: float, at: int) -> list[float]:
    """Return what a machine does that is held up: pictures come late, all at once."""
    return [
        -max(0.0, late_s - max(0, n - at) / STREAM_FPS) * (n >= at) for n in range(many)
    ]


@pytest.mark.parametrize("at", [3, 15, 24])
def test_a_machine_that_was_held_up_puts_no_picture_in_a_wrong_place(at: int) -> None:
    assert_in_place(falling_back(32, 1.3, at), STREAM_FPS)


@pytest.mark.parametrize(
    "begins_s",
    [
        pytest.param([0.0] * 16 + [-1.0] * 16, id="half a clip is elsewhere"),
        pytest.param([0.0] * 12 + [-0.6] * 8 + [0.0] * 12, id="a segment is elsewhere"),
        pytest.param([n * 0.02 for n in range(32)], id="too slow"),
        pytest.param([-n * 0.02 for n in range(32)], id="too fast"),
        pytest.param([n / STREAM_FPS for n in range(32)], id="all at one moment"),
    ],
)
def test_pictures_in_wrong_places_are_noticed(begins_s: list[float]) -> None:
    with pytest.raises(AssertionError):
        assert_in_place(begins_s, STREAM_FPS)


# Of a camera that is asked four times a second: the numbers that it sends, all of which
# come a tenth of a second later, and a silence of two seconds.
SENT = [*range(1000, 1040, 5), *range(1080, 1120, 5)]
CAME = [Came(number, number / NUMBERS + 0.1) for number in SENT]
SILENCE = [Gap(datetime.fromtimestamp(51.85, UTC), datetime.fromtimestamp(54.1, UTC))]


def test_a_silence_is_what_a_camera_has_not_sent() -> None:
    assert_gaps_are_silences(SILENCE, CAME, SENT)
    assert_gaps_are_silences(SILENCE, CAME, sorted([*SENT, 1050]))
    with pytest.raises(AssertionError):
        assert_gaps_are_silences(SILENCE, CAME, sorted([*SENT, 1050, 1055]))


@pytest.mark.parametrize(("lacks", "is_wrong"), [(0, False), (1, True), (2, True)])
def test_a_clip_that_lacks_its_last_picture_is_noticed(
    lacks: int, is_wrong: bool
) -> None:
    came, end_s = CAME[: len(CAME) - lacks], 1116 / NUMBERS + 0.1 + WHOLE_S
    asked_on = [*SENT, 1120, 1125]
    with pytest.raises(AssertionError) if is_wrong else nullcontext():
        assert_goes_on(came, asked_on, end_s, 1 / ASKED_FPS)
    # Asked again only after a second, the last one has come late.
    with pytest.raises(AssertionError) if lacks == 2 else nullcontext():
        assert_goes_on(came, [*SENT, 1135], end_s, 1 / ASKED_FPS)


@pytest.mark.slow
@pytest.mark.parametrize("way", EVERY)
def test_a_picture_is_recorded_whatever_it_is_called(taken: Taken, way: str) -> None:
    clip, fps = taken.clips[way], EVERY[way][1]
    assert clip.error is None
    came, sent = came_in(clip), taken.sent[way]
    assert_gaps_are_silences(clip.gaps, came, sent)
    assert taken.connects[way] == 1
    shown = seen(clip, taken.at, NUMBERS)
    new = 1 + sum(1 for step in shown.steps if step)
    at_s, usual = taken.at.timestamp(), fps * (PRE_S + POST_S)
    sent_in_it = [n for n in sent if at_s - PRE_S <= n / NUMBERS <= at_s + POST_S]
    # On a busy machine, a still is asked for later than usual.
    assert len(sent_in_it) >= 0.5 * usual
    assert new >= 0.8 * min(usual, len(sent_in_it))
    assert shown.first_s <= -PRE_S + 1 / fps + 0.2
    assert_in_place(shown.begins_s, fps)
    usual_s = median(sorted(shown.begins_s)[len(shown.begins_s) // 5 :])
    # It begins with a segment of a second, or more while pictures are late.
    latest_s = usual_s - min(shown.begins_s)
    assert -PRE_S - 1.5 - latest_s <= shown.first_s
    if way in STREAMS:
        late_s = max(0.0, usual_s - shown.begins_s[-1])
        assert shown.last_s + late_s >= POST_S - 2.5 / fps
    else:
        assert_goes_on(came, sent, at_s + POST_S, 1 / fps)
    assert clip.began_at is not None
    began_s = (clip.began_at - taken.at).total_seconds()
    assert began_s == pytest.approx(usual_s, abs=0.2 + 0.5 / fps)


@dataclass(frozen=True)
class Polled:
    """What a camera with bad answers was asked for, and what was received."""

    asked: int
    pictures: int
    ending: Ending | None


@pytest.fixture(scope="module")
def polled() -> Iterator[dict[str, Polled]]:
    """Every kind of bad answer in one of eight, of all cameras at the same time."""
    served = OddCamera()

    def poll(url: str, way: str) -> Polled:
        found, stream = received(url + path_of("bad", way), 30, enough=18, framerate=8)
        return Polled(served.asked[way], len(found), stream.ending)

    with serve(served.app()) as url, ThreadPoolExecutor(len(BAD)) as pool:
        came = {way: pool.submit(poll, url, way) for way in BAD}
        yield {way: future.result() for way, future in came.items()}


@pytest.mark.parametrize("way", BAD)
def test_one_bad_answer_costs_one_picture(polled: dict[str, Polled], way: str) -> None:
    found = polled[way]
    assert found.ending is None
    assert found.pictures >= 18  # past two of them
    assert found.pictures >= found.asked - found.asked // BAD_EVERY - 2


def test_a_bad_answer_may_be_the_first() -> None:
    served = OddCamera(bad_first=True)
    with serve(served.app()) as url, ThreadPoolExecutor(2) as pool:
        urls = [url + path_of("bad", way) for way in ("html", "503")]
        asked = pool.map(lambda u: received(u, 30, enough=3, framerate=10), urls)
        for found, stream in asked:
            assert len(found) >= 3
            assert stream.ending is None


def test_several_bad_answers_in_a_row_end_the_connection_not_the_retries() -> None:
    served = OddCamera()
    with serve(served.app()) as url:
        served.break_down_after(3)
        found, stream = received(url + path_of("still", "no type"), 20, framerate=8)
    assert len(found) == 3
    assert stream.ending is not None
    assert stream.ending.state is State.OFFLINE  # asked again within a second
    assert stream.ending.text == "the camera sends no more pictures (HTTP 404)"


@pytest.mark.parametrize(
    ("group", "way"), [("stream", "x-motion-jpeg"), ("stream", "no ends")]
)
def test_framerate_thins_out_a_stream(
    odd: tuple[OddCamera, str], group: str, way: str
) -> None:
    began = time.monotonic()
    url, fps = odd[1] + path_of(group, way), STREAM_FPS / 4
    found, _ = received(url, 30, enough=4, framerate=fps)
    assert len(found) >= 4
    assert time.monotonic() - began > 2 / fps  # three, but for the first of them


def test_what_follows_a_picture_in_its_answer_is_not_another_one() -> None:
    served = OddCamera()
    with serve(served.app()) as url:
        way = path_of("still", "with a preview")
        found, _ = received(url + way, 30, enough=3, framerate=4)
        assert 0 <= served.asked["with a preview"] - len(found) <= 1


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("empty", "its answer is empty"),
        ("html", "text/html"),
        ("another picture", "it sends PNG"),
        ("404", "HTTP 404"),
    ],
)
def test_an_address_without_pictures_is_refused_with_a_reason(
    odd: tuple[OddCamera, str], way: str, why: str
) -> None:
    source = StreamSource(SourceKind.HTTP, odd[1] + path_of("always", way))
    with pytest.raises(CameraRefused) as caught:
        probe(source)
    assert caught.value.ending.state is State.NO_VIDEO
    assert why in caught.value.message


def test_a_camera_with_few_pictures_is_given_time(
    odd: tuple[OddCamera, str], tmp_path: Path
) -> None:
    timing = Timing(stall_s=1, first_byte_s=1.5, backoff_s=(0.1,))
    rare = camera("rare", f"{odd[1]}/rare/1.8", pre_roll_s=3, post_roll_s=0.5)
    with recording(tmp_path, rare, timing=timing) as recorder:
        wait_for_video(recorder, "rare", 5)
        clip = recorder.record("rare", now())
        assert recorder.states()["rare"].connects == 1
    assert (clip.error, clip.gaps, clip.partial) == (None, (), False)


def test_a_wrong_password_is_never_tried_again(odd: tuple[OddCamera, str]) -> None:
    served, url = odd
    served.asked.clear()
    with pytest.raises(CameraRefused) as caught:
        received(url + path_of("always", "401"), 1)
    assert caught.value.ending.state is State.WRONG_PASSWORD
