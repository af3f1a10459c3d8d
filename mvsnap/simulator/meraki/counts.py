"""Counts: what MV cameras and MT sensors publish over MQTT, for a real broker.

As a program it puts load on one:

    python -m mvsnap.simulator.meraki.counts --cameras 1000 --zones 4
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Self

from msgspec import Struct
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.simulator.meraki.cameras import SimulatedCamera, new_camera

Message = tuple[str, str]  # topic, payload

_LIMIT_S = 10.0
_TICK_S = 0.01
_BATCH = 2000  # messages of a replay in flight at a time


class Crowd(Struct, frozen=True):
    """People in one zone, but not also in the full frame; seconds after the start."""

    serial: Serial
    zone_id: ZoneId
    begins_s: float
    ends_s: float
    people: int


def people_at(
    script: Sequence[Crowd], serial: Serial, zone_id: ZoneId, t_s: float, usual: int = 0
) -> int:
    """Return how many are seen; of simultaneous crowds the last one counts."""
    for crowd in reversed(script):
        here = crowd.serial == serial and crowd.zone_id == zone_id
        if here and crowd.begins_s <= t_s < crowd.ends_s:
            return crowd.people
    return usual


def passers_by(seed: int, serial: Serial, zone_id: ZoneId, t_s: float) -> int:
    """Return 0, or now and then 1 for four seconds; the same for the same seed."""
    return int(zlib.crc32(f"{seed}/{serial}/{zone_id}/{t_s // 4}".encode()) % 10 == 0)


def zone_ids(camera: SimulatedCamera, zones: int) -> list[ZoneId]:
    """Return the full frame and `zones` more, named as in the simulated Dashboard."""
    numbered = (ZoneId(f"{camera.node_id}{n:02d}") for n in range(1, zones + 1))
    return [FULL_FRAME, *numbered]


def count(
    serial: Serial,
    zone_id: ZoneId,
    ts_ms: int,
    people: int | None = 0,
    vehicles: int | None = None,
) -> Message:
    """None omits a key, as some models and firmware versions do."""
    both = ("vehicle", vehicles), ("person", people)
    counts = ",".join([f'"{kind}":{n}' for kind, n in both if n is not None])
    payload = f'{{"ts":{ts_ms}, "counts":{{{counts}}}}}'
    return f"/merakimv/{serial}/{zone_id}", payload


def camera_says(serial: Serial, leaf: str, body: Any) -> Message:
    """Build any other message of a camera. Known; "ts" stands for 1572567835359:

    light                {"lux": 33.2}
    audio_analytics      {"ts", "audioLevel": -45}
    audio_detections     [{"name": "fireAlarm"}]
    crossing/<lineId>    {"label": "Door", "event": "crossing_in", "type": "person",
                         "ts", "object_id": 1}; or crossing_out, appeared, expired
    raw_detections       {"ts", "objects": [{"oid": 7, "x0": 0.1, "y0": 0.2, "x1": 0.3,
                         "y1": 0.9, "type": "person", "confidence": 90}]}
    custom_analytics     {"timestamp": ts, "outputs": [{"id": 0, "class": 0,
                         "score": 0.9, "location": [0.1, 0.2, 0.3, 0.4]}]}
    net.meraki.detector  {"_v": 3, "ts", "desks": [[.1, .2, .3, .4, .5, .6, 0]]} or
                         {"_v": 2, "time": "2022-01-20 02:14:00", "coords": [],
                         "desks": [[185, 282, 227, 211, 272, 158, 0]]}
    <zoneId>             3 and nothing else: firmware of 2018
    """
    return f"/merakimv/{serial}/{leaf}", json.dumps(body, separators=(",", ":"))


def sensor_says(
    network_id: str, mac: str, metric: str, at: datetime, **values: Any
) -> Message:
    """metric: "door" (open=True), "buttonReleased" (action="shortPress"), ..."""
    body = values | {"ts": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    topic = f"meraki/v1/mt/{network_id}/ble/{mac}/{metric}"
    return topic, json.dumps(body, separators=(",", ":"))


class CountsPublisher:
    """All cameras over one connection.

    Counts are state: one that cannot be sent on time, because the broker is unreachable
    or too slow, is skipped.
    silent: serials that publish no counts, like those that are offline; may change at
    any time.
    sent: messages passed to the connection.
    """

    def __init__(
        self,
        host: str,
        port: int,
        cameras: Sequence[SimulatedCamera] = (),
        *,
        zones: int = 1,
        script: Iterable[Crowd] = (),
        rate_per_s: float = 3.5,
        seed: int | None = 1,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        qos: int = 0,
    ) -> None:
        """Raise ValueError for a crowd in a zone that is not published.

        zones: of each camera, plus the full frame; rate_per_s: of each of them.
        seed: of the passers-by; None for none.
        """
        self.silent: set[str] = set()
        self.sent = 0
        self._address = host, port
        self._qos, self._seed = qos, seed
        self._cameras = {camera.serial: camera for camera in cameras}
        self._topics = [(c.serial, z) for c in cameras for z in zone_ids(c, zones)]
        self._per_s = rate_per_s * len(self._topics)
        self._crowds = dict.fromkeys(self._topics, tuple[Crowd, ...]())
        for crowd in script:
            self._add(crowd)
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 5)
        self._client.on_connect = self._on_connect
        if username is not None:
            self._client.username_pw_set(username, password)
        if ca_file is not None:
            self._client.tls_set(str(ca_file))
        self._refusal, self._begun_s = "no answer", time.monotonic()
        self._answered, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)

    def start(self) -> None:
        """Connect and start, once. Raises OSError: no broker, or it refuses."""
        self._client.connect(*self._address, keepalive=15)
        self._client.loop_start()
        self._answered.wait(_LIMIT_S)
        if self._refusal:
            self.stop()
            raise ConnectionError(f"The broker refuses: {self._refusal}")
        self._begun_s = time.monotonic()
        if self._per_s:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def publish(self, messages: Iterable[Message], *, retain: bool = False) -> None:
        """Send at once; return when all are sent (QoS 1: acknowledged).

        Raises:
            ConnectionError: the connection is lost, or nothing moves for 10 s.
        """
        left = iter(messages)
        while batch := list(islice(left, _BATCH)):
            # A broker acknowledges in the order of sending: the last one is enough.
            last = [self._send(message, retain) for message in batch][-1]
            with suppress(RuntimeError):
                last.wait_for_publish(_LIMIT_S)
            if last.rc != MQTTErrorCode.MQTT_ERR_SUCCESS or not last.is_published():
                raise ConnectionError("The broker does not accept the messages")

    def publish_replay(self, rows: Iterable[tuple[Serial, ZoneId, int, int]]) -> None:
        """Publish (serial, zone_id, ts_ms, people) as fast as possible; see publish."""
        self.publish(count(*row) for row in rows)

    def crowd_now(
        self, serial: Serial, zone_id: ZoneId, people: int, for_s: float
    ) -> None:
        """Let people appear; 0 empties the zone. Raises ValueError as above."""
        now_s = time.monotonic() - self._begun_s
        self._add(Crowd(serial, zone_id, now_s, now_s + for_s, people))

    @property
    def topics(self) -> list[tuple[Serial, ZoneId]]:
        """Return the zones that are published."""
        return list(self._topics)

    def people_at(self, serial: Serial, zone_id: ZoneId, at: datetime) -> int | None:
        """Return the published count, None before the start or in future."""
        ago_s = (datetime.now(UTC) - at).total_seconds()
        t_s = time.monotonic() - self._begun_s - ago_s
        zone = serial, zone_id
        if t_s < 0 or ago_s < 0 or zone not in self._crowds:
            return None
        return self._people(zone, t_s)

    def _people(self, zone: tuple[Serial, ZoneId], t_s: float) -> int:
        usual = 0 if self._seed is None else passers_by(self._seed, *zone, t_s)
        return people_at(self._crowds[zone], *zone, t_s, usual)

    def _add(self, crowd: Crowd) -> None:
        zone = crowd.serial, crowd.zone_id
        if zone not in self._crowds:
            raise ValueError(f"No counts of zone {crowd.zone_id} of {crowd.serial}")
        self._crowds[zone] += (crowd,)

    def _run(self) -> None:
        done, last, wait_s = 0, None, 0.0
        while not self._stopping.wait(wait_s):
            t_s = time.monotonic() - self._begun_s
            due = int(t_s * self._per_s) + 1
            if self._client.is_connected() and not _under_way(last):
                # When late, catch up on one second, not on a minute.
                for index in range(max(done, due - int(self._per_s) - 1), due):
                    last = self._send_count(index, t_s) or last
            done = due
            next_at_s = self._begun_s + due / self._per_s
            wait_s = max(next_at_s - time.monotonic(), _TICK_S)

    def _send_count(self, index: int, t_s: float) -> MQTTMessageInfo | None:
        serial, zone_id = zone = self._topics[index % len(self._topics)]
        if serial in self.silent or self._cameras[serial].is_away:
            return None
        people = self._people(zone, t_s)
        return self._send(count(serial, zone_id, int(time.time() * 1000), people))

    def _send(self, message: Message, retain: bool = False) -> MQTTMessageInfo:
        self.sent += 1
        return self._client.publish(*message, self._qos, retain)

    def _on_connect(
        self, _client: Client, _data: object, _flags: object, reason: Any, _more: object
    ) -> None:
        self._refusal = str(reason) if reason.is_failure else ""
        self._answered.set()


def _under_way(info: MQTTMessageInfo | None) -> bool:
    try:
        return info is not None and not info.is_published()
    except RuntimeError:  # it was lost with its connection
        return False


def parse_crowd(text: str) -> Crowd:
    serial, zone_id, people, *span_s = text.split(":")
    begins_s, ends_s = map(float, span_s)
    return Crowd(Serial(serial), ZoneId(zone_id), begins_s, ends_s, int(people))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mvsnap.simulator.meraki.counts",
        description="Load a broker until Ctrl-C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="broker host")
    add("--port", type=int, default=1883, help="broker port")
    add("--username", help="broker user name")
    add("--password-file", type=Path, help="file whose first line is the password")
    add("--cameras", type=int, default=1000, help="first serial: Q2SM-0000-0001")
    add("--zones", type=int, default=4, help="per camera, besides the full frame")
    add("--rate", type=float, default=3.5, help="messages per second and topic")
    add("--qos", type=int, choices=(0, 1), default=0, help="QoS of every message")
    form = "SERIAL:ZONE:PEOPLE:BEGINS:ENDS"
    add(
        "--crowd",
        type=parse_crowd,
        action="append",
        default=[],
        metavar=form,
        help="people in a zone (0: whole frame); start and end in seconds from now",
    )
    add("--every", type=float, default=5.0, help="seconds between output lines")
    return parser


def main() -> None:
    asked = arguments().parse_args()
    cameras = [new_camera(number) for number in range(1, asked.cameras + 1)]
    at = asked.host, asked.port
    options = {"script": asked.crowd, "rate_per_s": asked.rate, "qos": asked.qos}
    if asked.username is not None:
        lines = asked.password_file.read_text("utf-8") if asked.password_file else ""
        options |= {"username": asked.username, "password": lines.partition("\n")[0]}
    try:
        publisher = CountsPublisher(*at, cameras, zones=asked.zones, **options)
        publisher.start()
    except (ValueError, OSError) as exc:
        raise SystemExit(f"{asked.host}:{asked.port}: {exc}") from exc
    before, never = 0, threading.Event()
    with suppress(KeyboardInterrupt):
        while not never.wait(asked.every):
            now = publisher.sent
            sys.stdout.write(f"{(now - before) / asked.every:.0f} messages/s\n")
            sys.stdout.flush()
            before = now
    publisher.stop()


if __name__ == "__main__":
    main()
