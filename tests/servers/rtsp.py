"""A real RTSP camera: gst-rtsp-server, serving a film with a number in every picture.

Picture `n` is shown at `n / FPS` seconds of the wall clock, and its barcode says
`n % PICTURES`: what a clip covers is read from its pictures.

The module is also the program that serves: run by Debian's own python3, which alone has
the bindings of GStreamer.
"""

from __future__ import annotations

import fcntl
import importlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FPS = 15
GOP = 30  # pictures from one keyframe to the next
# In a film: 34 s, so that no clock is set by a whole number of them.
PICTURES = 510
BITS = 10
BOX = 16  # width and height of one bit, in pixels
USER = "viewer"
PASSWORD = "s3cret@cam:1/'%"  # each sign of it breaks a careless URL
PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-rtsp "
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
)
PYTHON = "/usr/bin/python3"

# Of small pictures, several threads compute more in all.
_ONE_THREAD = ["-filter_threads", "1"]
_H264 = ["-c:v", "libx264", "-profile:v", "main", "-x264-params", "aud=1", "-bf", "0"]
_H265 = ["-c:v", "libx265", "-x265-params", "aud=1:bframes=0:log-level=none"]
_FILMS = {
    "h264": [*_H264, "-preset", "veryfast"],
    "h265": [*_H265, "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "40"],
    # RTP knows JPEGs of a plain kind only.
    "mjpeg": ["-c:v", "mjpeg", "-q:v", "5", "-huffman", "default"],
}
_PIXELS = {"h264": "yuv420p", "h265": "yuv420p", "mjpeg": "yuvj420p"}
_FORMATS = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}
# What each picture begins with in the film.
_AUD = {
    "h264": b"\x00\x00\x00\x01\x09",
    "h265": b"\x00\x00\x00\x01\x46",
    "mjpeg": b"\xff\xd8\xff",
}
_LAUNCH = {
    "h264": "h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h265": "h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1",
    "mjpeg": "jpegparse ! rtpjpegpay name=pay0 pt=26",
}
# Without them the parser would wait for the next picture.
_CAPS = {
    "h264": "video/x-h264,stream-format=byte-stream,alignment=au",
    "h265": "video/x-h265,stream-format=byte-stream,alignment=au",
    "mjpeg": f"image/jpeg,framerate={FPS}/1",
}
_MOUNTS = {"h264": "h264", "h265": "h265", "mjpeg": "mjpeg", "sec": "h264"}
# The same film with fewer pictures: one in so many seconds.
SLOW = {"every2": 2, "every4": 4, "every16": 16}
_MOUNTS |= dict.fromkeys((*SLOW, "uneven"), "h264")
# With as few, of `uneven`: keyframes, so far apart, again and again.
_UNEVEN_GOPS = (3, 1, 1, 1)


@dataclass(frozen=True)
class RtspCamera:
    """The camera as tests handle it; `/sec` wants the password of USER."""

    port: int
    pid: int

    def url(self, mount: str = "h264") -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"

    def send(self, how: signal.Signals) -> None:
        """HUP throws all viewers out, USR1 stops the pictures, USR2 starts them."""
        os.kill(self.pid, how)


def film(folder: Path, codec: str) -> Path:
    """Make the film, once; every picture holds its number as a row of boxes."""
    path = folder / f"camera.{codec}"
    with open(path.with_suffix(f".{codec}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may make it now
        if not path.exists():
            _make(path, codec)
    return path


def _make(path: Path, codec: str) -> None:
    bits = [
        f"drawbox=x={BOX * bit}:y=0:w={BOX}:h={BOX}:t=fill:"
        f"color=white:enable='bitand(n,{2**bit})'"
        for bit in range(BITS)
    ]
    black = f"drawbox=x=0:y=0:w={BOX * BITS}:h={BOX}:t=fill:color=black"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *_ONE_THREAD, "-f", "lavfi"]
    command += ["-i", f"testsrc2=s=320x240:r={FPS}", "-frames:v", str(PICTURES)]
    command += ["-vf", ",".join([black, *bits]), "-pix_fmt", _PIXELS[codec]]
    command += ["-threads", "1", *_FILMS[codec]]
    command += ["-g", str(GOP), "-keyint_min", str(GOP)]
    command += ["-sc_threshold", "0", "-f", _FORMATS[codec]]
    part = path.with_suffix(f".{codec}.part")
    subprocess.run([*command, str(part)], check=True, timeout=120)
    part.replace(path)


def pictures(clip: Path) -> list[tuple[float, int]]:
    """Decode a clip: (seconds from its start, number of the picture), all of it.

    Raises:
        AssertionError: the decoder complained.
    """
    about = clip.stat()
    return list(_decoded(clip, (about.st_ino, about.st_size, about.st_mtime_ns)))


@cache
def _decoded(clip: Path, _file: tuple[int, int, int]) -> list[tuple[float, int]]:
    """Several tests ask for the same file."""
    row = f"crop={BOX * BITS}:{BOX}:0:0,scale={BITS}:1:flags=area"
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "info", *_ONE_THREAD]
    command += ["-threads", "1", "-i", str(clip)]
    command += ["-vf", f"{row},format=gray,showinfo", "-fps_mode", "passthrough"]
    done = subprocess.run(
        [*command, "-f", "rawvideo", "-"], capture_output=True, timeout=60, check=True
    )
    said = done.stderr.decode()
    # Its own muxer minds two pictures at the same moment: the first of a connection.
    decoder = re.sub(r"\[rawvideo @.*", "", said)
    assert re.findall(r"(?i).*(?:error|corrupt|invalid|missing).*", decoder) == []
    times = [float(text) for text in re.findall(r"pts_time:([\d.]+)", said)]
    rows = [done.stdout[i : i + BITS] for i in range(0, len(done.stdout), BITS)]
    numbers = [
        sum((level > 127) << bit for bit, level in enumerate(row)) for row in rows
    ]
    return list(zip(times, numbers, strict=True))


@contextmanager
def rtsp_camera(folder: Path | None = None) -> Iterator[RtspCamera]:
    """Run the camera.

    Raises:
        NotThere: GStreamer is not installed; says what to type.
    """
    from mvsnap.simulator.ports import free_port
    from tests.servers.processes import NotThere, running

    made = folder or Path(tempfile.mkdtemp(prefix="mvsnap-film-"))
    films = [film(made, codec) for codec in _FILMS]
    port = free_port()
    killed_with_us = ["setpriv", "--pdeathsig", "KILL", PYTHON, "-B", __file__]
    try:
        with running([*killed_with_us, str(port), *films]) as program:
            try:
                program.wait_for_output("serving")
            except NotThere as exc:
                hint = f"sudo apt-get install -y {PACKAGES}"
                raise NotThere(f"{exc}\nis GStreamer there? {hint}") from None
            yield RtspCamera(port, program.pid)
    finally:
        if folder is None:
            shutil.rmtree(made)


# --- the program -------------------------------------------------------------------


class Pump:
    """Pushes the pictures of one stream, each at its moment."""

    def __init__(
        self, gst: Any, path: Path, mount: str, codec: str, running: threading.Event
    ):
        self._gst = gst
        self._mount = mount
        aud = _AUD[codec]
        self._units = [aud + unit for unit in path.read_bytes().split(aud)[1:]]
        self._running = running

    def start(self, _factory: object, media: Any) -> None:
        source = media.get_element().get_child_by_name("src")
        threading.Thread(target=self._push, args=(source,), daemon=True).start()

    def _push(self, source: Any) -> None:
        number = int(time.time() * FPS) + 1
        number += -number % GOP  # a viewer begins with a keyframe
        first, needs_keyframe = number, False
        while True:
            time.sleep(max(0.0, number / FPS - time.time()))
            if not self._running.is_set():
                needs_keyframe = True  # a camera goes on with one
            elif number % GOP == 0:
                needs_keyframe = False
            if self._running.is_set() and not needs_keyframe and self._is_sent(number):
                unit = self._units[number % PICTURES]
                buffer = self._gst.Buffer.new_wrapped(unit)
                buffer.pts = buffer.dts = (number - first) * 10**9 // FPS
                buffer.duration = 10**9 // FPS
                if source.emit("push-buffer", buffer) != self._gst.FlowReturn.OK:
                    return
            number += 1
            if time.time() - number / FPS > 1:  # it was stopped for a while
                number = int(time.time() * FPS) + 1
                number += -number % GOP

    def _is_sent(self, number: int) -> bool:
        if self._mount == "uneven":
            starts = list(itertools.accumulate(_UNEVEN_GOPS))
            is_key, gops = number % GOP == 0, number // GOP
            return is_key and gops % starts[-1] + 1 in starts
        return number % (SLOW.get(self._mount, 0) * FPS or 1) == 0


class Bindings:
    """GStreamer for Python, which only Debian's own python3 has."""

    def __init__(self) -> None:
        gi = importlib.import_module("gi")
        gi.require_version("Gst", "1.0")
        gi.require_version("GstRtspServer", "1.0")
        self.gst: Any = importlib.import_module("gi.repository.Gst")
        self.rtsp: Any = importlib.import_module("gi.repository.GstRtsp")
        self.server: Any = importlib.import_module("gi.repository.GstRtspServer")
        self.glib: Any = importlib.import_module("gi.repository.GLib")
        self.gst.init(None)

    def factory(self, codec: str, construct: str) -> Any:
        """Make a mount; `construct`: whether a viewer without a password gets it."""
        factory = self.server.RTSPMediaFactory()
        source = f"appsrc name=src is-live=true format=time caps={_CAPS[codec]}"
        factory.set_launch(f"( {source} ! {_LAUNCH[codec]} )")
        factory.set_shared(True)
        # Without the permission to read, anonymous would get a 404 and not the
        # challenge.
        for role, may in (("user", "true"), ("anonymous", construct)):
            words = f"{role}, media.factory.access=(boolean)true"
            words += f", media.factory.construct=(boolean){may}"
            factory.add_role_from_structure(self.gst.Structure.from_string(words)[0])
        return factory

    def auth(self) -> Any:
        auth = self.server.RTSPAuth()
        auth.set_supported_methods(self.rtsp.RTSPAuthMethod.DIGEST)
        user, anonymous = self.server.RTSPToken(), self.server.RTSPToken()
        user.set_string("media.factory.role", "user")
        anonymous.set_string("media.factory.role", "anonymous")
        auth.add_digest(USER, PASSWORD, user)
        auth.set_default_token(anonymous)
        return auth


def serve(port: int, films: dict[str, Path]) -> None:
    using = Bindings()
    server = using.server.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    server.set_auth(using.auth())
    # One viewer who waits for a keyframe does not keep the others waiting.
    server.get_thread_pool().set_max_threads(16)
    running = threading.Event()
    running.set()
    for mount, codec in _MOUNTS.items():
        factory = using.factory(codec, "false" if mount == "sec" else "true")
        pump = Pump(using.gst, films[codec], mount, codec, running)
        factory.connect("media-configure", pump.start)
        server.get_mount_points().add_factory(f"/{mount}", factory)
    if server.attach(None) == 0:
        raise SystemExit("Address already in use")

    def throw_out() -> bool:
        out = using.server.RTSPFilterResult.REMOVE
        server.client_filter(lambda _server, _client: out)
        return True

    high = using.glib.PRIORITY_HIGH
    using.glib.unix_signal_add(high, signal.SIGHUP, throw_out)
    signal.signal(signal.SIGUSR1, lambda *_: running.clear())
    signal.signal(signal.SIGUSR2, lambda *_: running.set())
    using.glib.timeout_add(50, lambda: True)  # lets Python see its signals
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    using.glib.MainLoop().run()


def main(port: str, *films: str) -> None:
    serve(int(port), {Path(name).suffix[1:]: Path(name) for name in films})


if __name__ == "__main__":
    main(*sys.argv[1:])
