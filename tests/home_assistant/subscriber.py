"""What Home Assistant, or any other program, sees on the broker."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


@dataclass(frozen=True)
class Seen:
    topic: str
    payload: bytes
    retained: bool


class Subscriber:
    """Subscribes to everything; keeps each message, and the last one of each topic."""

    def __init__(self, port: int) -> None:
        self.seen: list[Seen] = []
        self.last: dict[str, bytes] = {}
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._note
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, 1, retain).wait_for_publish(5)

    def text(self, topic: str) -> str:
        return self.last.get(topic, b"").decode()

    def json(self, topic: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.last.get(topic) or b"{}")
        return found

    def payloads(self, topic: str) -> list[bytes]:
        return [one.payload for one in tuple(self.seen) if one.topic == topic]

    def configs(self) -> dict[str, dict[str, Any]]:
        """Return what Home Assistant has discovered now, by topic."""
        return {
            topic: json.loads(payload)
            for topic, payload in tuple(self.last.items())
            if topic.startswith("homeassistant/")
            and topic.endswith("/config")
            and payload
        }

    def _note(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        self.last[message.topic] = payload
        self.seen.append(Seen(message.topic, payload, bool(message.retain)))
