"""The recorder beside bare `ffmpeg -c copy`, on the same stream in the same minute.

The streams are H.264 with 15 pictures a second, 1280x720 with 2 Mbit and 1920x1080 with
4 Mbit, from a real RTSP server on this machine, whose own share of the processor is not
counted.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.line import Line
from tests.gateway import environment
from tests.servers.rtsp import FPS, GOP, PICTURES, rtsp_camera

CAMERAS = 8
MANY = 50
AT_ONCE = 20
ROUNDS = 10
_MEASURED_S = 30.0
# In its first ten seconds ffmpeg needs five times as much, and the rings begin last.
_SETTLE_S = 30.0
_HZ = 100


@dataclass(frozen=True)
class Use:
    """What some processes took: seconds of processor, MiB of memory of their own."""

    cpu_s: float
    pss_mib: float


def recorder() -> list[Line]:
    with _camera("1280x720", "2M") as (folder, url):
        lines = [
            *beside_bare(folder, url),
            *clips(folder, url),
            many(folder, url),
        ]
    with _camera("1920x1080", "4M") as (folder, url):
        return [*lines, *beside_bare(folder, url, "a camera with 1080p and 4 Mbit/s")]


@contextmanager
def _camera(size: str, rate: str) -> Iterator[tuple[Path, str]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_film(folder / "camera.h264", size, rate)
        with rtsp_camera(folder) as camera:
            yield folder, camera.url()


def make_film(path: Path, size: str = "1280x720", rate: str = "2M") -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi"]
    command += ["-i", f"testsrc2=s={size}:r={FPS}", "-frames:v", str(PICTURES)]
    command += ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast"]
    command += ["-profile:v", "main", "-bf", "0", "-b:v", rate, "-maxrate", rate]
    command += ["-bufsize", rate, "-x264-params", "aud=1", "-g", str(GOP)]
    command += ["-keyint_min", str(GOP), "-sc_threshold", "0", "-f", "h264", str(path)]
    subprocess.run(command, check=True, timeout=180)


def beside_bare(folder: Path, url: str, what: str = "a camera") -> list[Line]:
    with ExitStack() as stack:
        bare = [
            stack.enter_context(_bare(url, folder / f"bare{number}.mp4"))
            for number in range(CAMERAS)
        ]
        ours = stack.enter_context(rings(folder / "few", CAMERAS, url))
        pids = [child.pid for child in bare]
        time.sleep(_SETTLE_S)
        before = _use(pids), _use(_children(ours.pid)), _use([ours.pid])
        time.sleep(_MEASURED_S)
        after = _use(pids), _use(_children(ours.pid)), _use([ours.pid])
    theirs, ring, own = (
        Use(b.cpu_s - a.cpu_s, b.pss_mib) for a, b in zip(before, after, strict=True)
    )
    per_camera = (ring.cpu_s + own.cpu_s) / CAMERAS / _MEASURED_S
    return [
        Line(
            f"ring of {what}, processor",
            "bare `ffmpeg -c copy` to MP4",
            "<= 1.15",
            ring.cpu_s / theirs.cpu_s,
            "",
            f"{ring.cpu_s / CAMERAS / _MEASURED_S:.2%} of a core",
        ),
        Line(
            f"the recorder's own processor for {what}",
            "its ring's ffmpeg",
            "<= 0.25",
            own.cpu_s / ring.cpu_s,
        ),
        Line(
            f"ring of {what}, memory (PSS)",
            "bare `ffmpeg -c copy` to MP4",
            "<= 1.0",
            ring.pss_mib / theirs.pss_mib,
            "",
            f"{ring.pss_mib / CAMERAS:.0f} MiB",
        ),
        Line(f"rings of {what} for each core", "-", "-", 1 / per_camera, "rings"),
    ]


def clips(folder: Path, url: str) -> list[Line]:
    with rings(folder / "clips", AT_ONCE, url) as ours:
        time.sleep(10)
        one = sorted(_ask(ours, "clips 1")[0] for _ in range(ROUNDS))
        at_once = _ask(ours, f"clips {AT_ONCE}")
    median, worst = statistics.median(one), one[-1]
    return [
        Line(
            "end of the window to the finished file",
            "-",
            "<= 1.0 s, the slowest <= 2 s",
            median,
            "s",
            f"the slowest {worst:.2f} s",
            worst <= 2,
        ),
        Line(
            f"the same, {AT_ONCE} cameras in the same instant",
            "-",
            "<= 6 s",
            max(at_once),
            "s",
        ),
    ]


def many(folder: Path, url: str) -> Line:
    with rings(folder / "many", MANY, url) as ours:
        time.sleep(_MEASURED_S)
        states = _ask(ours, "states")
    text = f"{states['stalls']} stalls, {states['held_s']:.0f} s held"
    what, found = f"{MANY} cameras on this machine, recorded", states["recorded"]
    return Line(
        what, "-", f"{MANY}, 0 stalls", found, "cameras", text, not states["stalls"]
    )


@contextmanager
def rings(folder: Path, cameras: int, url: str) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.rings", str(folder), str(cameras), url]
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert child.stdout is not None
        first = json.loads(child.stdout.readline())
        if first["recorded"] < cameras:
            raise SystemExit(f"{first['recorded']} of {cameras} cameras are recorded")
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(30)


@contextmanager
def _bare(url: str, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-rtsp_transport", "tcp"]
    command += ["-i", url, "-map", "0:v:0", "-c", "copy", "-f", "mp4", str(path)]
    child = subprocess.Popen(command)
    try:
        yield child
    finally:
        child.terminate()
        child.wait(10)


def _ask(child: subprocess.Popen[str], command: str) -> Any:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{command}\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline())


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _use(pids: list[int]) -> Use:
    cpu_s, pss_kib = 0.0, 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu_s += (int(fields[11]) + int(fields[12])) / _HZ
        memory = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found = re.search(r"Pss:\s+(\d+) kB", memory)
        pss_kib += int(found[1]) if found else 0
    return Use(cpu_s, pss_kib / 1024)
