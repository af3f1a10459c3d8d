"""Webex websocket: reports what people write and press to a bot behind NAT.

The library is an extra, imported when it is needed. Webex documents nothing of this: a
report is acknowledged only when it is stored, so that a Webex which sends again what
was not acknowledged loses nothing.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from mvsnap.clients.outgoing import send
from mvsnap.clients.webex.activities import (
    ActivityKind,
    WebexActivity,
    read_activity,
)
from mvsnap.errors import UpstreamError

log = logging.getLogger(__name__)

_TIMEOUT_S = 20.0
_PING_S = 30.0
_LOOK_S = 0.5
_MOST_BYTES = 1024 * 1024
# A connection that is quiet for longer is opened again: some networks drop it unseen.
_QUIET_S = 1800.0

# What the bot may not read, or no longer: the same question has no other answer later,
# and all that comes behind it would wait.
_UNREADABLE = (400, 403, 404, 410)

OnReport = Callable[[ActivityKind, str], None]


class WebexSocket:
    """device_url: of the service that gives out websockets. name: of this device."""

    def __init__(self, device_url: str, bot_token: str, name: str) -> None:
        parts = urlsplit(device_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._devices = f"{device_url.rstrip('/')}/devices"
        self._headers = {"Authorization": f"Bearer {bot_token.strip()}"}
        self._name = name

    def listen(self, on_report: OnReport, is_over: Callable[[], bool]) -> None:
        """Report until `is_over`, or the connection breaks.

        on_report: stores a report durably; it is called in this thread.

        Raises:
            UpstreamError: there is no connection, or no longer one.
        """
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        url = self._url()
        try:
            with connect(
                url,
                open_timeout=_TIMEOUT_S,
                close_timeout=1,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                max_size=_MOST_BYTES,
            ) as connection:
                connection.send(_authorization(self._headers["Authorization"]))
                self._read(connection, on_report, is_over)
        except (WebSocketException, OSError, TimeoutError) as exc:
            kind = type(exc).__name__
            raise UpstreamError(
                f"The websocket of Webex broke ({kind})", retry=True
            ) from exc

    def _read(
        self, connection: Any, on_report: OnReport, is_over: Callable[[], bool]
    ) -> None:
        last_s = time.monotonic()
        while not is_over() and time.monotonic() - last_s < _QUIET_S:
            try:
                frame = connection.recv(timeout=_LOOK_S)
            except TimeoutError:
                continue
            last_s = time.monotonic()
            activity = read_activity(frame, self._origin)
            if activity is None:
                continue
            if (known := self._known_as(activity)) is not None:
                on_report(activity.kind, known)
            ack = {"type": "ack", "messageId": activity.envelope_id}
            connection.send(json.dumps(ack))

    def _url(self) -> str:
        """Return the address of this device's websocket; the device is made once."""
        found = self._ask("GET", self._devices).get("devices")
        known = [one for one in found or () if isinstance(one, dict)]
        device = next((d for d in known if d.get("name") == self._name), None)
        if device is None:
            device = self._ask("POST", self._devices, json=_device(self._name))
        url = device.get("webSocketUrl")
        if not isinstance(url, str) or not url.startswith(("wss://", "ws://")):
            raise UpstreamError("Webex gives out no websocket", retry=True)
        if url.startswith("ws://") and self._devices.startswith("https://"):
            raise UpstreamError("Webex gives out a websocket without TLS", retry=True)
        return url

    def _known_as(self, activity: WebexActivity) -> str | None:
        """Return the id by which the API and the webhooks know it; None: it is gone."""
        answer = self._ask("GET", activity.url, gone=_UNREADABLE)
        found = answer.get("id")
        if isinstance(found, str) and 8 <= len(found) <= 200:
            return found
        if answer:
            log.warning("Webex does not say what was written: it is left out")
        return None

    def _ask(
        self, method: str, url: str, gone: tuple[int, ...] = (404,), **given: Any
    ) -> dict[str, Any]:
        """Return the answer; {}: there is nothing at this address, as `gone` says."""
        try:
            answer = send(
                method, url, timeout_s=_TIMEOUT_S, headers=self._headers, **given
            )
            if answer.status_code in gone and method == "GET":
                return {}
            if not answer.ok:
                raise UpstreamError(
                    f"Webex refused the websocket ({answer.status_code})", retry=True
                )
            found = answer.json()
        except (requests.RequestException, ValueError) as exc:
            kind = type(exc).__name__
            raise UpstreamError(
                f"Webex gave no websocket ({kind})", retry=True
            ) from exc
        return found if isinstance(found, dict) else {}


def _authorization(token: str) -> str:
    return json.dumps(
        {"id": str(uuid.uuid4()), "type": "authorization", "data": {"token": token}}
    )


def _device(name: str) -> dict[str, str]:
    # The service wants all of these.
    return {
        "deviceName": name,
        "name": name,
        "deviceType": "DESKTOP",
        "model": "mvsnap",
        "localizedModel": "mvsnap",
        "systemName": "mvsnap",
        "systemVersion": "1",
    }
