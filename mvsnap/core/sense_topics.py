"""MQTT topics of MV Sense cameras and MT sensors: the source and subject. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from mvsnap.domain import parse_serial
from mvsnap.errors import BadInput

MAX_TOPIC_BYTES = 256


class TopicKind(StrEnum):
    """The subject of a topic, named as in its own levels where possible."""

    COUNTS = "counts"
    AUDIO_LEVEL = "audio_analytics"
    CROSSING = "crossing"
    AUDIO_DETECTION = "audio_detections"
    SENSOR = "sensor"


class Topic(Struct, frozen=True):
    """A topic that is listened to.

    source: a camera's serial, or the MAC of an MT sensor in upper case with colons.
    part: COUNTS: the zone id; CROSSING: the line id; SENSOR: the metric, spelled as in
        `SENSOR_METRICS`; "" for what concerns a whole camera.
    """

    kind: TopicKind
    source: str
    part: str


# Every spelling seen, in lower case and without spaces, and the one we use. Measured
# values (temperature, CO2 ...) are left out on purpose: no reason for a picture.
SENSOR_METRICS = {
    "door": "door",
    "water": "waterDetection",
    "waterdetection": "waterDetection",
    "buttonpressed": "buttonPressed",
    "buttonreleased": "buttonReleased",
    "tamperdetection": "tamperDetection",
    "usbpowered": "usbPowered",
    "cableconnected": "cableConnected",
}

_ZONE_ID = re.compile(r"[0-9]{1,32}")
_LINE_ID = re.compile(r"[ -~]{1,64}")
_MAC = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")


def parse_topic(topic: bytes) -> Topic | None:
    """Return the parsed topic; None if it is not listened to. Never raises.

    A camera's topics start with a slash and a sensor's do not, but bridges add and
    strip it, so both occur in both forms:

        /merakimv/Q2SM-0000-0001/0      a zone; 0 is the whole frame
        meraki/v1/mt/N_24329156/ble/38:84:79:00:C3:BA/door
    """
    if len(topic) > MAX_TOPIC_BYTES:
        return None
    try:
        levels = topic.decode("ascii").removeprefix("/").split("/")
    except UnicodeDecodeError:
        return None
    match levels:
        case ["merakimv", serial, leaf]:
            return _of_camera(serial, *_leaf(leaf))
        case ["merakimv", serial, "crossing", line_id] if _LINE_ID.fullmatch(line_id):
            return _of_camera(serial, TopicKind.CROSSING, line_id)
        # gateway/<MAC>/rssi has two more levels: the last level alone is ambiguous.
        case ["meraki", "v1", "mt", network_id, "ble", mac, metric] if network_id:
            return _of_sensor(mac.upper(), metric)
    return None


def _leaf(leaf: str) -> tuple[TopicKind | None, str]:
    # Anything but a number is not a zone: new firmware adds new leaves.
    if _ZONE_ID.fullmatch(leaf):
        return TopicKind.COUNTS, leaf
    if leaf in (TopicKind.AUDIO_LEVEL, TopicKind.AUDIO_DETECTION):
        return TopicKind(leaf), ""
    return None, ""


def _of_camera(serial: str, kind: TopicKind | None, part: str) -> Topic | None:
    if kind is None:
        return None
    try:
        return Topic(kind, parse_serial(serial), part)
    except BadInput:
        return None


def _of_sensor(mac: str, metric: str) -> Topic | None:
    name = SENSOR_METRICS.get(metric.replace(" ", "").lower())
    if name is None or not _MAC.fullmatch(mac):
        return None
    return Topic(TopicKind.SENSOR, mac, name)
