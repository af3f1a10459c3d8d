"""IXON model: companies, routers, the cameras behind them, tokens and accesses."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_LETTERS = string.ascii_letters + string.digits


def new_id(length: int = 12) -> str:
    """Return letters and digits, like IXON's public ids (12) and tokens (32)."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def as_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class SimIxonCamera:
    """The camera behind a web access.

    auth: "none", "basic" or "digest", with `username` and `password`.
    mode: "ok", "stall" (a picture, then silence), "cut" (the connection breaks inside a
        picture) or "garbage" (bytes that are not a video).
    body: the bytes of every stream instead of drawn pictures, of `content_type`.
    """

    scene: str = "hall"
    auth: str = "none"
    username: str = "viewer"
    password: str = "camera-password"
    mode: str = "ok"
    pictures_per_s: float = 5.0
    body: Callable[[], Iterable[bytes]] | None = None
    content_type: str = "video/mp2t"


@dataclass
class SimIxonServer:
    """A service behind a router; `type` is http, rtsp, rdp, ssh, vnc or websocket."""

    name: str
    type: str = "http"
    port: int = 80
    landing_page: str = "/axis-cgi/mjpg/video.cgi"
    require_approval: bool = False
    camera: SimIxonCamera = field(default_factory=SimIxonCamera)
    id: str = field(default_factory=new_id)

    def as_json(self, agent_id: str) -> dict[str, Any]:
        auth = self.camera.auth
        return {
            "publicId": self.id,
            "type": self.type,
            "name": self.name,
            "port": self.port,
            "username": None if auth == "none" else self.camera.username,
            "hasPassword": auth != "none",
            "landingPage": self.landing_page,
            "connectionQuality": None,
            "useSsl": False,
            "visibleInMobileApp": True,
            "visibleOnWeb": True,
            "httpAuthenticationType": None if auth == "none" else auth,
            "recordSessions": None,
            "requireAccessApproval": self.require_approval,
            "custom": {},
            "agent": {"publicId": agent_id},
        }


@dataclass
class SimIxonAgent:
    """A router; `online` is False when it is switched off."""

    name: str
    company_id: str
    online: bool = True
    servers: list[SimIxonServer] = field(default_factory=list)
    id: str = field(default_factory=new_id)

    def as_json(self) -> dict[str, Any]:
        return {
            "publicId": self.id,
            "name": self.name,
            "activeVpnSession": {"vpnAddress": "10.123.4.5"} if self.online else None,
            "servers": [server.as_json(self.id) for server in self.servers],
        }


@dataclass
class SimIxonAccess:
    """One web access; the two *_at_s are time.monotonic().

    code: opens it once. cookie: issued by the proxy for the code.
    """

    agent: SimIxonAgent
    server: SimIxonServer
    company_id: str
    open_at_s: float
    ends_at_s: float
    expires_on: datetime
    code: str = field(default_factory=lambda: new_id(10))
    cookie: str | None = None
    id: str = field(default_factory=new_id)

    def as_json(self) -> dict[str, Any]:
        return {
            "publicId": self.id,
            "agent": {"publicId": self.agent.id, "name": self.agent.name},
            "agentServer": {"publicId": self.server.id},
            "expiresOn": as_time(self.expires_on),
            "closedOn": None,
            "closeReason": None,
        }
