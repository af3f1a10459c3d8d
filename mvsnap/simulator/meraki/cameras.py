"""Simulated cameras and their organization."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.domain import FULL_FRAME, Serial, ZoneId, parse_serial

ORGANIZATION_ID = "707512"
NETWORKS = (
    ("N_70751201", "Site A", "Europe/Berlin"),
    ("N_70751202", "Site B", "America/New_York"),
)

DETECTION_MODELS = (
    {"id": "0", "description": "Model A"},
    {"id": "1", "description": "Model B"},
)

_PLACES = (
    ("Gate North", "gate"),
    ("Reception door", "door"),
    ("Hall 1", "hall"),
    ("Car park", "yard"),
)
_MODELS = ("MV12WE", "MV22X", "MV32", "MV72X")


@dataclass
class SimulatedCamera:
    """A camera; its attributes may be changed.

    name: None omits the name from every answer, as the cloud does.
    status: online, alerting; or offline or dormant, where it publishes nothing.
    away_since: when it went offline, if that is known; it counts nobody from then on.
    not_ready_s: seconds until a picture can be fetched; None uses the cloud's value.
    picture: "jpeg", "truncated", "html" or "never".
    video_since: older moments have no video; None: no limit.
    scene: "gate", "door", "hall" or "yard".
    rtsp_url: its stream in the LAN; None while external RTSP is off, "" when it is on
        and the cloud omits the address.
    sense: whether MV Sense is on; without it nothing is counted.
    mqtt_broker_id: where it publishes its counts; None: nowhere.
    """

    serial: Serial
    number: int
    name: str | None
    model: str
    network_id: str
    scene: str
    status: str = "online"
    away_since: datetime | None = None
    not_ready_s: float | None = None
    picture: str = "jpeg"
    video_since: datetime | None = None
    rtsp_url: str | None = None
    sense: bool = True
    mqtt_broker_id: str | None = "1234"
    hears: bool = False
    detection_model_id: str = "0"

    @property
    def is_away(self) -> bool:
        """Return whether it neither takes pictures nor counts."""
        return self.status in ("offline", "dormant")

    def was_away(self, at: datetime) -> bool:
        return self.is_away and self.away_since is not None and at >= self.away_since

    @property
    def node_id(self) -> str:
        """The number by which Dashboard pages address the device."""
        return str(204_100_000_000_000 + self.number)

    @property
    def mac(self) -> str:
        high, low = divmod(self.number, 256)
        return f"e0:cb:bc:00:{high % 256:02x}:{low:02x}"


def new_camera(number: int) -> SimulatedCamera:
    """Return camera `number` (from 1); the same number gives the same camera."""
    index = number - 1
    place, scene = _PLACES[index % len(_PLACES)]
    lap = index // len(_PLACES)
    return SimulatedCamera(
        serial=parse_serial(f"Q2SM-{number // 10000:04d}-{number % 10000:04d}"),
        number=number,
        name=f"{place} ({lap + 1})" if lap else place,
        model=_MODELS[index % len(_MODELS)],
        network_id=NETWORKS[index % len(NETWORKS)][0],
        scene=scene,
    )


def access_point() -> dict[str, Any]:
    """Return a device that is not a camera, so that a missing filter is noticed."""
    return {
        "name": "Access point lobby",
        "serial": "Q2SM-WLAN-0001",
        "mac": "e0:cb:bc:ff:00:01",
        "model": "MR46",
        "networkId": NETWORKS[0][0],
        "productType": "wireless",
        "tags": [],
        "status": "online",
    }


def as_device(camera: SimulatedCamera) -> dict[str, Any]:
    """Return one row of /organizations/{id}/devices, plus "status"."""
    device: dict[str, Any] = {
        "serial": camera.serial,
        "mac": camera.mac,
        "model": camera.model,
        "networkId": camera.network_id,
        "productType": "camera",
        "address": "",
        "lat": 52.52,
        "lng": 13.405,
        "notes": "",
        "tags": ["simulated"],
        "lanIp": f"10.0.{camera.number // 250}.{camera.number % 250 + 1}",
        "firmware": "camera-5-5",
        "details": [],
        "status": camera.status,
    }
    if camera.name is not None:
        device["name"] = camera.name
    return device


def as_availability(device: dict[str, Any]) -> dict[str, Any]:
    keys = ("name", "serial", "mac", "productType", "status", "tags")
    row = {key: device[key] for key in keys if key in device}
    return row | {"network": {"id": device["networkId"]}}


def zones(camera: SimulatedCamera) -> list[dict[str, Any]]:
    return [
        _zone("0", "Full Frame", ("0.00", "0.00", "1.00", "1.00")),
        _zone(zone_of(camera), "Entrance", ("0.20", "0.30", "0.70", "0.90")),
    ]


def zone_of(camera: SimulatedCamera) -> ZoneId:
    """Return the zone in addition to the full frame."""
    return ZoneId(f"{camera.node_id}01")


def area_of(camera: SimulatedCamera) -> ZoneId:
    """Return the area that succeeds the zone."""
    return ZoneId(f"a{camera.node_id}")


def line_of(camera: SimulatedCamera) -> ZoneId:
    return ZoneId(f"l{camera.node_id}")


def as_sense(camera: SimulatedCamera) -> dict[str, Any]:
    """Return the answer of /devices/{serial}/camera/sense."""
    broker_id = camera.mqtt_broker_id if camera.sense else None
    counted = (FULL_FRAME, zone_of(camera)) if broker_id else ()
    return {
        "senseEnabled": camera.sense,
        "mqttBrokerId": broker_id,
        "mqttTopics": [f"/merakimv/{camera.serial}/{zone_id}" for zone_id in counted],
        "audioDetection": {"enabled": camera.hears},
        "detectionModelId": camera.detection_model_id,
    }


def set_sense(camera: SimulatedCamera, body: dict[str, Any]) -> None:
    """Apply a PUT of /devices/{serial}/camera/sense; absent keys change nothing.

    Raises:
        ValueError: no such model.
    """
    model_id = body.get("detectionModelId", camera.detection_model_id)
    if model_id not in {model["id"] for model in DETECTION_MODELS}:
        raise ValueError("'detectionModelId' is not one of the camera's models")
    camera.detection_model_id = model_id
    camera.sense = body.get("senseEnabled", camera.sense)
    camera.mqtt_broker_id = body.get("mqttBrokerId", camera.mqtt_broker_id)
    camera.hears = body.get("audioDetection", {}).get("enabled", camera.hears)


def as_area(camera: SimulatedCamera) -> dict[str, Any]:
    """Return one row of /organizations/{id}/camera/boundaries/areas/byDevice."""
    corners = ((0.2, 0.3), (0.7, 0.3), (0.7, 0.9), (0.2, 0.9))
    return _boundary(camera, area_of(camera), "area", "Entrance", corners)


def as_line(camera: SimulatedCamera) -> dict[str, Any]:
    """Return one row of /organizations/{id}/camera/boundaries/lines/byDevice."""
    row = _boundary(
        camera, line_of(camera), "line", "Door line", ((0.2, 0.5), (0.8, 0.5))
    )
    row["boundaries"]["directionVertex"] = {"x": 0.5, "y": 0.6}
    return row


def _boundary(
    camera: SimulatedCamera,
    zone_id: ZoneId,
    kind: str,
    name: str,
    corners: tuple[tuple[float, float], ...],
) -> dict[str, Any]:
    vertices = [{"x": x, "y": y} for x, y in corners]
    boundary = {"id": zone_id, "type": kind, "name": name, "vertices": vertices}
    return {
        "networkId": camera.network_id,
        "serial": camera.serial,
        "boundaries": boundary,
    }


def _zone(zone_id: str, label: str, corners: tuple[str, ...]) -> dict[str, Any]:
    region = dict(zip(("x0", "y0", "x1", "y1"), corners, strict=True))
    return {
        "id": zone_id,
        "type": "occupancy",
        "label": label,
        "regionOfInterest": region,
    }


def parse_moment(text: str) -> datetime:
    """Return the moment in UTC.

    A text without an offset is taken as US Pacific time, as the Dashboard does.

    Raises:
        ValueError: not ISO 8601.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo("America/Los_Angeles"))
    return moment.astimezone(UTC)
