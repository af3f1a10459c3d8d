"""The topics, and ids that stay when a camera or zone is renamed. Pure."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")


def safe_id(name: str) -> str:
    """Return a serial or zone id as it is, any other name as one level of a topic."""
    if _PLAIN.fullmatch(name):
        return name
    mark = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:8]
    return f"{_OTHERS.sub('-', name[:40])}-{mark}"


class Topics(Struct, frozen=True):
    """prefix, discovery: home_assistant.topic_prefix and .discovery_prefix."""

    prefix: str
    discovery: str

    @property
    def node(self) -> str:
        """The id of this site: begins each unique id."""
        return self.prefix.replace("/", "_")

    @property
    def status(self) -> str:
        return f"{self.prefix}/status"

    def listener_status(self, listener_id: str) -> str:
        return f"{self.prefix}/listeners/{safe_id(listener_id)}/status"

    @property
    def events(self) -> str:
        return f"{self.prefix}/events"

    @property
    def last_event(self) -> str:
        return f"{self.prefix}/last_event"

    @property
    def health(self) -> str:
        return f"{self.prefix}/health"

    def zone(self, serial: str, zone_id: str) -> str:
        return f"{self.prefix}/zones/{safe_id(serial)}/{safe_id(zone_id)}"

    def zone_of(self, topic: str) -> tuple[str, str] | None:
        """Return the serial and zone id of a topic made by `zone`, None for others."""
        begin = f"{self.prefix}/zones/"
        parts = topic.removeprefix(begin).split("/")
        if not topic.startswith(begin) or len(parts) != 2:
            return None
        return parts[0], parts[1]

    def picture(self, camera: str) -> str:
        return f"{self.prefix}/cameras/{safe_id(camera)}/picture"

    def config(self, component: str, object_id: str) -> str:
        return f"{self.discovery}/{component}/{self.node}/{object_id}/config"

    @property
    def all_configs(self) -> str:
        """A filter: everything of this site that Home Assistant has discovered."""
        return f"{self.discovery}/+/{self.node}/+/config"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.discovery}/status"
