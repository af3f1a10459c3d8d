"""Discovery: the entities of Home Assistant, as topics with JSON.

ha-mqtt-discoverable describes and checks their keys. Nothing else of it is used: see
decision 63.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ha_mqtt_discoverable import DeviceInfo, EntityInfo
from ha_mqtt_discoverable.sensors import BinarySensorInfo, ImageInfo, SensorInfo

from mvsnap import __version__
from mvsnap.domain import EventKind
from mvsnap.home_assistant.payloads import EVENT_KINDS
from mvsnap.home_assistant.topics import Topics, safe_id

Config = tuple[str, str]  # topic, JSON

_MOST_NAME_CHARS = 100
_SERVICE_NAMES = {
    "meraki": "Meraki",
    "webex": "Webex",
    "ixon": "IXON",
    "broker": "MV Sense broker",
    "s3": "S3 storage",
    "provider": "Identity provider",
    "directory": "Directory",
}


class Entities:
    """site: the name of the gateway; url: of its pages."""

    def __init__(self, topics: Topics, site: str, url: str | None) -> None:
        self._topics = topics
        self._gateway = DeviceInfo(
            name=f"mvsnap {site}".strip()[:_MOST_NAME_CHARS],
            manufacturer="mvsnap",
            model="Gateway",
            sw_version=__version__,
            identifiers=[topics.node],
            configuration_url=url,
        )

    def zone(
        self, serial: str, camera: str, zone_id: str, zone: str, status: str
    ) -> Iterator[Config]:
        """Yield a zone's entities; status: the topic that says if they are known."""
        key = f"{safe_id(serial)}_{safe_id(zone_id)}"
        state = self._topics.zone(serial, zone_id)
        zone, device = zone[:_MOST_NAME_CHARS], self._camera(serial, camera)
        yield self._config(
            SensorInfo, f"{key}_people", f"{zone} people", device, state, status,
            icon="mdi:account-group",
            state_class="measurement",
            unit_of_measurement="people",
            value_template="{{ value_json.people }}",
        )  # fmt: skip
        for what, device_class in (("occupied", "occupancy"), ("crowd", None)):
            yield self._is_on(
                f"{key}_{what}", f"{zone} {what}", what, state, status, device,
                device_class=device_class,
            )  # fmt: skip

    def picture(self, camera: str, name: str) -> Config:
        key = f"{safe_id(camera)}_picture"
        device, status = self._camera(camera, name), self._topics.status
        return self._config(
            ImageInfo, key, "Last picture", device, None, status,
            image_topic=self._topics.picture(camera),
            content_type="image/jpeg",
        )  # fmt: skip

    def recording(self, camera: str, name: str) -> Config:
        """camera: its serial, or its name; name: in the recorder's settings."""
        key = f"{safe_id(name)}_recording"
        return self._is_on(
            key,
            "Recording",
            f"cameras['{safe_id(name)}']",
            self._topics.health,
            self._topics.status,
            self._camera(camera, name),
            device_class="connectivity",
        )

    def service(self, name: str) -> Config:
        """name: as of `upstreams.service_name`."""
        kind, _, of = name.partition(" ")
        key = safe_id(name)
        return self._is_on(
            f"service_{key}",
            f"{_SERVICE_NAMES.get(kind, kind)} {of}".strip()[:_MOST_NAME_CHARS],
            f"services['{key}']",
            self._topics.health,
            self._topics.status,
            self._gateway,
            device_class="connectivity",
            category="diagnostic",
        )

    def gateway(self) -> Iterator[Config]:
        """Yield what every site has."""
        topics, device = self._topics, self._gateway
        yield self._config(
            BinarySensorInfo, "online", "Online", device, topics.status, None,
            device_class="connectivity",
            entity_category="diagnostic",
            payload_on="online",
            payload_off="offline",
        )  # fmt: skip
        yield self._config(
            SensorInfo, "waiting", "Waiting jobs", device, topics.health, topics.status,
            entity_category="diagnostic",
            state_class="measurement",
            unit_of_measurement="jobs",
            value_template="{{ value_json.jobs_waiting }}",
        )  # fmt: skip
        last = topics.last_event
        yield self._config(
            SensorInfo, "last_event", "Last event", device, last, topics.status,
            {"json_attributes_topic": last},
            value_template="{{ value_json.title }}",
        )  # fmt: skip
        kinds = [str(kind) for kind in EventKind if kind in EVENT_KINDS]
        yield self._config(
            EntityInfo, "event", "Event", device, topics.events, topics.status,
            {"event_types": kinds},
            component="event",
        )  # fmt: skip

    def _camera(self, camera: str, name: str) -> DeviceInfo:
        """camera: its serial; its name if it has none."""
        return DeviceInfo(
            name=name[:_MOST_NAME_CHARS],
            model="Camera",
            identifiers=[self._unique(safe_id(camera))],
            via_device=self._topics.node,
        )

    def _is_on(
        self,
        key: str,
        name: str,
        value: str,
        state: str,
        status: str,
        device: DeviceInfo,
        *,
        device_class: str | None = None,
        category: str | None = None,
    ) -> Config:
        """value: of the JSON, true, false, or null while it is not known."""
        return self._config(
            BinarySensorInfo, key, name, device, state, status,
            {"value_template": f"{{{{ value_json.{value} }}}}"},
            device_class=device_class,
            entity_category=category,
            payload_on="True",
            payload_off="False",
        )  # fmt: skip

    def _unique(self, key: str) -> str:
        return f"{self._topics.node}_{key}"

    def _config(
        self,
        kind: type[EntityInfo],
        key: str,
        name: str,
        device: DeviceInfo,
        state: str | None,
        status: str | None,
        unchecked: Mapping[str, object] = MappingProxyType({}),
        **keys: Any,
    ) -> Config:
        """state, status: the topics of its state, and of whether that is known.

        keys: those that `kind` checks; unchecked: those that it does not know.
        """
        unique = self._unique(key)
        info = kind(name=name, unique_id=unique, device=device, qos=1, **keys)
        found = info.model_dump(exclude_none=True, exclude={"component"})
        found |= unchecked
        found["origin"] = {"name": "mvsnap", "sw_version": __version__}
        found["default_entity_id"] = _entity_id(info)
        if state is not None:
            found["state_topic"] = state
        if status is not None:
            found["availability_topic"] = status
        topic = self._topics.config(info.component, key)
        return topic, json.dumps(found, sort_keys=True)


def _entity_id(info: EntityInfo) -> str:
    """Return the id that automations use: it stays when names change."""
    return f"{info.component}.{info.unique_id}".lower().replace("-", "_")
