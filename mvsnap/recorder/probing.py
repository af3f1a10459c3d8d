"""Probing: what a camera sends, checked once, for `init`."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any

from mvsnap.clock import Clock, SystemClock
from mvsnap.recorder import command, diagnosis, process
from mvsnap.recorder.command import Input
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.http_stream import CameraRefused, HttpStream
from mvsnap.recorder.model import Probe, SourceKind, State, StreamSource, Timing
from mvsnap.recorder.sources import secrets_of, with_credentials

_END_S = 1.0
_OLDEST = (4, 4)  # the first with `setts`, which the ring needs


def probe(
    source: StreamSource,
    *,
    limit_s: float = 20,
    clock: Clock | None = None,
    program: str = "ffprobe",
) -> Probe:
    """Connect to a camera and return what it sends.

    Raises:
        CameraRefused: it sends no video; `ending.state` says why.
        NoFfmpeg: ffprobe is not installed.
    """
    if source.kind is SourceKind.RTSP:
        text = command.rtsp_text(with_credentials(source)).encode()
        done = process.run(command.probe(Input.RTSP, program), text, limit_s)
        ending = None
    else:
        clock = clock or SystemClock()
        deadline = clock.monotonic() + limit_s
        http_stream = _opened(source, clock, limit_s)
        left_s = max(0.0, deadline - clock.monotonic())
        done = _through(http_stream, command.probe(http_stream.kind, program), left_s)
        ending = http_stream.ending
    found = _first(done.stdout)
    if found is not None:
        # Single pictures have no rate: ffprobe would make one up.
        return replace(found, fps=None) if found.codec == "mjpeg" else found
    if done.code is None:
        raise _too_late(limit_s)
    lines = done.stderr.splitlines()
    raise CameraRefused(ending or diagnosis.ending(lines, secrets_of(source)))


def version(program: str, limit_s: float = 10) -> str:
    """Return the version that the program reports, like `ffmpeg 7.1`.

    Raises:
        NoFfmpeg: it is not installed, does not run, or is too old.
    """
    done = process.run([program, "-version"], b"", limit_s)
    words = done.stdout.decode(errors="replace").split()
    if done.code != 0 or len(words) < 3:
        raise process.NoFfmpeg(f"{program} does not run: apt-get install ffmpeg")
    found = re.match(r"n?(\d+)\.(\d+)", words[2])  # a custom build may report anything
    if found is not None and (int(found[1]), int(found[2])) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise process.NoFfmpeg(f"{words[0]} {words[2]} is too old: {oldest} is needed")
    return f"{words[0]} {words[2]}"


def _too_late(limit_s: float) -> CameraRefused:
    return CameraRefused(Ending(State.NO_VIDEO, f"no picture within {limit_s:.0f} s"))


def _opened(source: StreamSource, clock: Clock, limit_s: float) -> HttpStream:
    """Connect in a thread that can be abandoned: some send single bytes forever."""
    came: SimpleQueue[HttpStream | Exception] = SimpleQueue()

    def connect() -> None:
        try:
            came.put(HttpStream(source, Timing(stall_s=limit_s), clock))
        except Exception as exc:  # noqa: BLE001
            came.put(exc)  # raised below, by who waits for it

    threading.Thread(target=connect, name="probe", daemon=True).start()
    try:
        found = came.get(timeout=limit_s)
    except Empty:
        raise _too_late(limit_s) from None
    if isinstance(found, Exception):
        raise found
    return found


def _through(http_stream: HttpStream, line: list[str], limit_s: float) -> process.Done:
    """Feed the program until it has seen enough."""
    try:
        child = process.start(line)
    except BaseException:
        http_stream.close()
        raise
    stdin, child.stdin = child.stdin, None  # ours: `communicate` would close it
    assert stdin is not None

    def pump() -> None:
        try:
            http_stream.pump(stdin.write)
        finally:
            _close(stdin)

    thread = threading.Thread(target=pump, name="probe", daemon=True)
    thread.start()
    code: int | None = None
    try:
        stdout, stderr = child.communicate(timeout=limit_s)
        code = child.returncode
    except subprocess.TimeoutExpired:
        child.kill()
        stdout, stderr = child.communicate()
    finally:
        http_stream.close()
        process.end(child)
        thread.join(_END_S)
    return process.Done(code, stdout, stderr.decode(errors="replace"))


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return


def _first(stdout: bytes) -> Probe | None:
    """Read ffprobe's JSON: `{"streams": [{"codec_name": "h264", "width": ...}]}`."""
    try:
        stream: dict[str, Any] = json.loads(stdout)["streams"][0]
        size = int(stream["width"]), int(stream["height"])
        codec = str(stream["codec_name"])
    except (ValueError, KeyError, IndexError):
        return None
    rate = str(stream.get("avg_frame_rate") or "0/0")
    if rate == "0/0":
        rate = str(stream.get("r_frame_rate") or "0/0")
    over, _, under = rate.partition("/")
    fps = int(over) / int(under) if under and int(under) else None
    return Probe(*size, codec, fps) if all(size) else None
