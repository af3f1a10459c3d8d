"""What the service writes to its disk, which may be an SD card: for each hour.

By the kernel's own books, `write_bytes` of /proc/PID/io: pages that are to be written,
each as often as that happens. The file system adds its journal. Where the folder for
temporary files is on a device of its own, the sectors of that count as well:

    TMPDIR=/mnt/card make bench ARGS=disk

An hour is made of what a few minutes, one crowd and one clip cost.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.line import Line
from benchmarks.recorder import make_film
from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.simulator.meraki.counts import CountsPublisher
from mvsnap.simulator.mqtt.broker import HOST, Mosquitto
from tests.gateway import Clouds, Gateway, clouds, gateway
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera, rtsp_camera
from tests.test_clip_flow import wait_for_ring

# Soon after the start each kind of data is looked through for the first time.
SETTLE_S = 480.0
# What is done every 15 minutes is in it once.
IDLE_S = 900.0
CAMERAS = 10
QUIET_S = 240.0
AN_HOUR = 60  # crowds, and clips
_ROLES = "web,worker,sense,record"
_TOKEN = "a-token-of-the-robots"
_HOUR_S = 3600.0
_MB = 1e6


@dataclass(frozen=True)
class Written:
    """Bytes: of the processes, and of a device that only they write to, if any."""

    processes: float
    device: float

    def __add__(self, other: Written) -> Written:
        return Written(self.processes + other.processes, self.device + other.device)

    def __mul__(self, factor: float) -> Written:
        return Written(self.processes * factor, self.device * factor)


class Disk:
    """What one gateway writes; folder: all of it is there."""

    def __init__(self, folder: Path, served: Gateway) -> None:
        self._folder = folder
        self._served = served
        device = folder.stat().st_dev
        self._is_own = device != Path("/").stat().st_dev
        self._stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")

    def per_hour(self, seconds: float) -> Written:
        return self.during(lambda: time.sleep(seconds)) * (_HOUR_S / seconds)

    def during(self, work: Callable[[], object]) -> Written:
        before = self._now()
        work()
        return self._now() + before * -1

    def each(self, work: Callable[[], object], usual: Written) -> Written:
        """Return what it writes beside the usual, which is of an hour."""
        began = time.monotonic()
        found = self.during(work)
        return found + usual * (-(time.monotonic() - began) / _HOUR_S)

    def _now(self) -> Written:
        own = sum(map(_written_by, _family(self._served.pid)))
        if not self._is_own or not self._stat.exists():
            return Written(own, 0)
        subprocess.run(["sync", "-f", str(self._folder)], check=True)
        return Written(own, 512 * int(self._stat.read_text().split()[6]))


def disk() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [_idle(folder / "idle"), *_busy(folder / "busy")]


def _idle(folder: Path) -> Line:
    """All roles, a broker and three cameras of the Dashboard: nothing happens."""
    with clouds(cameras=3) as cloud, Mosquitto(folder / "broker") as running:
        sense = {"enabled": True, "host": HOST, "port": running.port}
        with gateway(folder, cloud.settings(sense=sense), roles=_ROLES) as served:
            served.snapshot(wait_s="60").raise_for_status()
            time.sleep(SETTLE_S)
            found = Disk(folder, served).per_hour(IDLE_S)
    return _line("an idle hour", "<= 1 MB", found)


def _busy(folder: Path) -> list[Line]:
    with _site(folder) as (counts, served):
        disk = Disk(folder, served)
        quiet = disk.per_hour(QUIET_S)
        many = 1 / CAMERAS
        crowd = disk.each(lambda: _crowds(counts, served), quiet) * many
        clip = disk.each(lambda: _clips(served), quiet) * many
    whole = quiet + (crowd + clip) * AN_HOUR
    return [
        _line(f"an hour, {CAMERAS} cameras with people", "-", quiet),
        _line("a crowd", "-", crowd),
        _line("a clip of 20 s at 2 Mbit/s", "-", clip),
        _line(f"that hour with {AN_HOUR} crowds and {AN_HOUR} clips", "-", whole),
    ]


def _line(what: str, goal: str, found: Written) -> Line:
    text = f"device: {found.device / _MB:.1f} MB" if found.device else ""
    value = found.processes / _MB
    return Line(f"written to the disk, {what}", "-", goal, value, "MB", text)


@contextmanager
def _site(folder: Path) -> Iterator[tuple[CountsPublisher, Gateway]]:
    """Ten cameras of MV Sense and ten that record, on a broker and one server."""
    folder.mkdir()
    make_film(folder / "camera.h264")
    with (
        clouds(cameras=CAMERAS) as cloud,
        Mosquitto(folder / "broker") as running,
        rtsp_camera(folder) as camera,
    ):
        cameras = list(cloud.dashboard.cameras.values())
        settings = _settings(cloud, camera, running.port)
        with (
            CountsPublisher(HOST, running.port, cameras) as counts,
            gateway(folder, settings, roles=_ROLES) as served,
        ):
            wait_for_ring(served, CAMERAS, held_s=10)
            time.sleep(SETTLE_S)
            yield counts, served


def _settings(cloud: Clouds, camera: RtspCamera, port: int) -> dict[str, Any]:
    one = {"url": camera.url(), "pre_roll_s": 10, "post_roll_s": 10}
    names = [f"Robot {number}" for number in range(CAMERAS)]
    tokens = [
        {"name": name, "token": f"{_TOKEN}-{number}"}
        | {"actions": ["clip"], "cameras": [name]}
        for number, name in enumerate(names)
    ]
    sense = {"enabled": True, "host": HOST, "port": port, "people": 4}
    return cloud.settings(
        recorder={"cameras": dict.fromkeys(names, one), "min_free_mb": 1},
        webhooks={"tokens": tokens},
        sense=sense | {"dwell_s": 2, "dropout_s": 1, "cooldown_s": 0},
    )


def _crowds(counts: CountsPublisher, served: Gateway) -> None:
    """One at each camera, told and over."""
    known = _ends(served)
    for serial, zone_id in _zones(counts):
        counts.crowd_now(serial, zone_id, 9, 10)
    wait_until(lambda: _ends(served) >= known + CAMERAS, "the crowds are over", 120)
    time.sleep(20)  # until messages and their rows are written


def _clips(served: Gateway) -> None:
    """One of each camera, told."""
    with ThreadPoolExecutor(CAMERAS) as pool:
        urls = list(pool.map(lambda n: _alarm(served, n), range(CAMERAS)))
    wait_until(
        lambda: all(_is_over(served, u) for u in urls), "the clips are told", 180
    )
    time.sleep(10)


def _zones(counts: CountsPublisher) -> list[tuple[Serial, ZoneId]]:
    """Return one zone of each camera."""
    return [(serial, zone) for serial, zone in counts.topics if zone != FULL_FRAME]


def _ends(served: Gateway) -> int:
    answer = served.get("/api/v1.0/events", kind="end", limit="200").json()
    return len(answer["events"])


def _alarm(served: Gateway, number: int) -> str:
    """Raise one for a clip of one camera: each token has its own."""
    body = {"id": number, "text": "Stopped"}
    url = f"{served.url}/webhook/{_TOKEN}-{number}"
    answer = Gateway.session().post(url, json=body, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["job"]["url"]).removeprefix(served.url)


def _is_over(served: Gateway, url: str) -> bool:
    found = served.get(url).json()  # or a refusal: asked too often
    return bool(found.get("status", "pending") != "pending")


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            children = task.read_text().split()
            found += [one for child in children for one in _family(int(child))]
    return found


def _written_by(pid: int) -> int:
    with suppress(OSError):  # the program has ended
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
        fields = dict(line.split(": ") for line in lines)
        return int(fields["write_bytes"]) - int(fields["cancelled_write_bytes"])
    return 0
