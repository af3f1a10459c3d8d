"""Webex websockets: devices, and activities that are sent until acknowledged."""

from __future__ import annotations

import base64
import json
import socket
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.webex import FakeWebex

if TYPE_CHECKING:
    from websockets.sync.server import Server, ServerConnection

_VERBS = {"messages": "post", "attachmentActions": "cardAction"}
_KINDS = {"messages": "MESSAGE", "attachment/actions": "ATTACHMENT_ACTION"}


@dataclass
class SimDevice:
    """root: the address of this simulator.

    waiting: envelopes that are not acknowledged, by their id.
    """

    name: str
    root: str
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    connection: ServerConnection | None = None


class FakeSockets:
    """The devices of a bot. opened: how many connections there were."""

    def __init__(self, webex: FakeWebex) -> None:
        self._webex = webex
        self._lock = threading.Lock()
        self._server: Server | None = None
        self.devices: dict[str, SimDevice] = {}
        self.opened = 0

    def url(self, name: str) -> str:
        """Return the address of a device's websocket; the server starts with it."""
        # Imported here: an optional library.
        from websockets.sync.server import serve

        with self._lock:
            if self._server is None:
                self._server = serve(self._serve, "127.0.0.1", 0)
                run = self._server.serve_forever
                threading.Thread(target=run, daemon=True).start()
            port = self._server.socket.getsockname()[1]
        return f"ws://127.0.0.1:{port}/{name}"

    def report(self, resource: str, data: dict[str, Any]) -> None:
        """Send an activity to each device; again with each connection until acked."""
        uuid_of = _plain(data["id"]).rpartition("/")[2]
        for device in list(self.devices.values()):
            envelope_id = str(uuid.uuid4())
            url = f"{device.root}/conversation/api/v1/conversations/{uuid.uuid4()}"
            activity = {
                "id": uuid_of,
                "verb": _VERBS[resource],
                "target": {"id": url.rpartition("/")[2], "url": url},
            }
            data_of = {"eventType": "conversation.activity", "activity": activity}
            with self._lock:
                device.waiting[envelope_id] = {"id": envelope_id, "data": data_of}
                connection = device.connection
            if connection is not None:
                _send(connection, device.waiting[envelope_id])

    def cut(self) -> None:
        """Break all connections, as a network does."""
        for device in list(self.devices.values()):
            if device.connection is not None:
                with suppress(OSError):
                    device.connection.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()

    def _serve(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else "/"
        device = self.devices.get(path.strip("/"))
        hello = json.loads(connection.recv(timeout=5))
        token = str(hello.get("data", {}).get("token", ""))
        if device is None or token != f"Bearer {self._webex.bot_token}":
            return
        with self._lock:
            self.opened += 1
            device.connection = connection
            waiting = list(device.waiting.values())
        for envelope in waiting:
            _send(connection, envelope)
        with suppress(Exception):  # of the library, when the connection ends
            self._read(connection, device)
        with self._lock:
            if device.connection is connection:
                device.connection = None

    def _read(self, connection: ServerConnection, device: SimDevice) -> None:
        for frame in connection:
            answer = json.loads(frame)
            if answer.get("type") == "ack":
                with self._lock:
                    device.waiting.pop(str(answer.get("messageId")), None)


def _send(connection: ServerConnection, envelope: dict[str, Any]) -> None:
    # It is sent again with the next connection.
    with suppress(Exception):
        connection.send(json.dumps(envelope))


def _plain(known: str) -> str:
    return base64.urlsafe_b64decode(known + "=" * (-len(known) % 4)).decode()


def add(app: Flask, webex: FakeWebex, sockets: FakeSockets) -> None:
    def require_token() -> None:
        given = request.headers.get("Authorization", "")
        if given != f"Bearer {webex.bot_token}":
            raise WebexError(401, "The request requires a valid access token.")

    @app.get("/wdm/api/v1/devices")
    def devices() -> ResponseReturnValue:
        require_token()
        if not sockets.devices:
            raise WebexError(404, "There is no device.")
        return jsonify(devices=[as_device(name) for name in sockets.devices])

    @app.post("/wdm/api/v1/devices")
    def create_device() -> ResponseReturnValue:
        require_token()
        name = str((request.get_json(silent=True) or {}).get("name"))
        root = request.host_url.rstrip("/")
        sockets.devices.setdefault(name, SimDevice(name, root))
        return jsonify(as_device(name))

    def as_device(name: str) -> dict[str, str]:
        return {"name": name, "webSocketUrl": sockets.url(name)}

    @app.get("/conversation/api/v1/<path:kind>/<known>")
    def activity(kind: str, known: str) -> ResponseReturnValue:
        require_token()
        if kind not in _KINDS:
            raise WebexError(404, "The requested resource could not be found.")
        plain = f"ciscospark://us/{_KINDS[kind]}/{known}"
        return jsonify(id=base64.urlsafe_b64encode(plain.encode()).decode().rstrip("="))
