"""mvsnap beside other ways to the same end, on the same broker, clouds and load.

Node-RED with the same crowd rule, if it is installed; and the way of many samples,
written anew in a few lines: a callback of paho that asks for a picture, waits a fixed
time, and posts it.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import requests
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console

from benchmarks.line import Line
from benchmarks.node_red import NoNodeRed, installed, node_red, sink
from benchmarks.sense import (
    Run,
    compile_programs,
    open_broker,
    per_s_of,
    receiver,
    run_once,
    start_flood,
)
from mvsnap.domain import FULL_FRAME, Serial, parse_serial
from mvsnap.simulator.meraki.counts import count
from mvsnap.simulator.mqtt.broker import HOST
from mvsnap.simulator.picture import draw_picture
from tests.gateway import Clouds, clouds, gateway

ROUNDS = 3
MESSAGES, MESSAGES_NODE_RED = 300_000, 100_000
CROWDS = 20
PACE_PER_S = 1_000
CAMERA_S = 2.0
AT_ONCE = 4
# Samples in public wait for a picture between 4 and 7 s.
FIXED_S = 5.0
# More people than the flood has in any zone.
_PEOPLE = 8
_ROLES = "web,worker,sense"
_SPACING_S = 0.5
_LIMIT_S = 120.0
_SETTLE_S = 3.0


@dataclass
class Spans:
    """Seconds from a crowd's last message to a request by HTTP."""

    each_s: list[float] = field(default_factory=list)

    def ms(self, percent: int) -> float:
        return statistics.quantiles(self.each_s, n=100)[percent - 1] * 1000


def peers() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compile_programs(folder)
        lines = pictures(folder / "pictures")
        try:
            installed()
            return [rates(folder), latencies(folder), *lines]
        except NoNodeRed as exc:
            Console(stderr=True).print(f"Without Node-RED: {exc}")
            return lines


# --- Node-RED


def rates(folder: Path) -> Line:
    """What goes through the crowd rule: of mvsnap durable, of Node-RED in memory."""
    ours, theirs = [], []
    for number in range(ROUNDS):
        here = folder / f"rate-{number}"
        ours.append(run_once(folder, 0, MESSAGES, receiver("mvsnap", here), data=here))
        args = [sys.executable, "-m", "benchmarks.node_red"]
        theirs.append(run_once(folder, 0, MESSAGES_NODE_RED, args))
    return Line(
        "counts through the crowd rule, durable",
        f"Node-RED {installed()[2]}, which keeps nothing",
        ">= 4",
        per_s_of(ours) / per_s_of(theirs),
        "times",
        f"{_text(ours)} of {_text(theirs)}",
        all(run.taken == run.published for run in ours),
    )


def _text(runs: Sequence[Run]) -> str:
    cpu_us = statistics.median(run.cpu_us for run in runs)
    lost = sum(run.published - run.taken for run in runs)
    return f"{per_s_of(runs):,.0f}/s, {cpu_us:.1f} us, {lost or 'none'} lost"


def latencies(folder: Path) -> Line:
    """From a crowd's last message to the first request: for a picture, or the post."""
    ours, theirs = _mvsnap_spans(folder / "mvsnap"), _node_red_spans(folder)
    return Line(
        "a crowd's last message to the request by HTTP, durable, p50",
        f"Node-RED, which keeps nothing; {PACE_PER_S:,} other messages a second",
        "-",
        ours.ms(50),
        "ms",
        f"p90 {ours.ms(90):.0f} ms; Node-RED {theirs.ms(50):.0f} and"
        f" {theirs.ms(90):.0f} ms",
    )


def _mvsnap_spans(folder: Path) -> Spans:
    with _site(folder, CROWDS) as (port, cloud):

        def asked(serial: Serial) -> float | None:
            path = f"/devices/{serial}/camera/generateSnapshot"
            calls = (c.at for c in cloud.dashboard.asked if c.path.endswith(path))
            return next(calls, None)

        return _spans(folder.parent, port, _serials(cloud), asked)


def _node_red_spans(folder: Path) -> Spans:
    serials = [Serial(f"Q2BN-PEER-{number:04d}") for number in range(CROWDS)]
    with (
        open_broker(folder / "of-node-red") as running,
        sink() as out,
        node_red(running.port, out, _PEOPLE, 0),
    ):

        def posted(serial: Serial) -> float | None:
            came = (at for at, body in out.posts if serial in body["topic"])
            return next(came, None)

        return _spans(folder, running.port, serials, posted)


def _spans(
    folder: Path,
    port: int,
    serials: Sequence[Serial],
    told: Callable[[Serial], float | None],
) -> Spans:
    """Publish a crowd of each camera beside a flood. folder: has the flood."""
    found = Spans()
    flood = start_flood(folder, port, 0, 10_000_000, PACE_PER_S)
    try:
        with _publisher(port) as client:
            time.sleep(_SETTLE_S)
            for serial in serials:
                began_s = time.monotonic()
                _crowd(client, serial)
                found.each_s.append(_until(partial(told, serial)) - began_s)
                time.sleep(_SPACING_S)
    finally:
        flood.kill()
        flood.wait()
    return found


# --- the way of samples


def pictures(folder: Path) -> list[Line]:
    """Crowds of some cameras at once, until all their pictures are posted."""
    with _site(folder / "mvsnap", AT_ONCE) as (port, cloud):
        ours_s = _posted_s(port, cloud)
    with (
        _clouds(AT_ONCE) as cloud,
        open_broker(folder / "samples") as running,
        _sample(running.port, cloud),
    ):
        theirs_s = _posted_s(running.port, cloud)
    return [
        Line(
            f"crowds of {AT_ONCE} cameras at once until {what} posted",
            f"a callback that asks, waits {FIXED_S:.0f} s, posts; camera: {CAMERA_S} s",
            "-",
            ours,
            "s",
            f"of {theirs:.1f} s",
        )
        for what, ours, theirs in (
            ("the first picture is", ours_s[0], theirs_s[0]),
            ("all pictures are", ours_s[-1], theirs_s[-1]),
        )
    ]


def _posted_s(port: int, cloud: Clouds) -> list[float]:
    """Return when each picture was posted, in seconds from the crowds."""
    posted: list[float] = []

    def all_are() -> float | None:
        many = sum(bool(message.files) for message in cloud.webex.messages)
        posted.extend([time.monotonic()] * (many - len(posted)))
        return posted[-1] if many == AT_ONCE else None

    with _publisher(port) as client:
        began_s = time.monotonic()
        for serial in _serials(cloud):
            _crowd(client, serial)
        _until(all_are)
    return [at - began_s for at in posted]


@contextmanager
def _sample(port: int, cloud: Clouds) -> Iterator[None]:
    """Do it as samples do: all in the callback, and nothing is kept."""
    meraki = {"Authorization": f"Bearer {cloud.dashboard.api_key}"}
    webex = {"Authorization": f"Bearer {cloud.webex.bot_token}"}
    room = cloud.webex.rooms[0].id

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        if json.loads(message.payload)["counts"]["person"] < _PEOPLE:
            return
        serial = message.topic.split("/")[2]
        url = f"{cloud.dashboard_url}/api/v1/devices/{serial}/camera/generateSnapshot"
        answer = requests.post(url, headers=meraki, json={}, timeout=30)
        time.sleep(FIXED_S)
        picture = requests.get(answer.json()["url"], timeout=30).content
        requests.post(
            f"{cloud.webex_url}/v1/messages",
            headers=webex,
            data={"roomId": room, "text": serial},
            files={"files": ("picture.jpg", picture, "image/jpeg")},
            timeout=30,
        ).raise_for_status()

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    ready: list[bool] = []
    client.on_subscribe = lambda *_: ready.append(True)
    client.on_connect = lambda *_: _subscribe(client)
    client.connect(HOST, port)
    client.loop_start()
    _until(lambda: time.monotonic() if ready else None)
    yield
    client.disconnect()
    client.loop_stop()


def _subscribe(client: Client) -> None:
    client.subscribe("/merakimv/#")


# --- what all share


@contextmanager
def _site(folder: Path, cameras: int) -> Iterator[tuple[int, Clouds]]:
    """The whole gateway on a broker; a crowd counts with its first message."""
    folder.mkdir(parents=True)
    with _clouds(cameras) as cloud, open_broker(folder) as running:
        sense = {"enabled": True, "host": HOST, "port": running.port}
        sense |= {"people": _PEOPLE, "dwell_s": 0}
        with gateway(folder, cloud.settings(sense=sense), roles=_ROLES):
            time.sleep(_SETTLE_S)  # it is subscribed, and knows its cameras
            yield running.port, cloud


@contextmanager
def _clouds(cameras: int) -> Iterator[Clouds]:
    with clouds(cameras=cameras, not_ready_s=CAMERA_S) as cloud:
        now = datetime.now(UTC)
        cloud.dashboard.picture_bytes = draw_picture("gate", "", "", 1, now)
        yield cloud


def _serials(cloud: Clouds) -> list[Serial]:
    return [parse_serial(serial) for serial in cloud.serials]


@contextmanager
def _publisher(port: int) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, port)
    client.loop_start()
    _until(lambda: time.monotonic() if client.is_connected() else None)
    yield client
    client.disconnect()
    client.loop_stop()


def _crowd(client: Client, serial: Serial) -> None:
    message = count(serial, FULL_FRAME, int(time.time() * 1000), _PEOPLE)
    client.publish(*message)


def _until(found: Callable[[], float | None]) -> float:
    deadline = time.monotonic() + _LIMIT_S
    while (value := found()) is None:
        if time.monotonic() > deadline:
            raise RuntimeError("it did not happen")
        time.sleep(0.001)
    return value
