"""IXON simulator: the cloud, version 2 and 1, its web access, and cameras behind it."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta

from flask import request
from werkzeug.datastructures import Headers

from mvsnap.simulator.calls import RecordedCall, bearer_of
from mvsnap.simulator.faults import Faults
from mvsnap.simulator.ixon.errors import IxonError, too_many, unauthorized
from mvsnap.simulator.ixon.model import (
    SimIxonAccess,
    SimIxonAgent,
    SimIxonCamera,
    SimIxonServer,
    new_id,
)

__all__ = [
    "COMPANY_ID",
    "FakeIxon",
    "SimIxonAgent",
    "SimIxonCamera",
    "SimIxonServer",
]

COMPANY_ID = "1111-2222-3333-4444-5555"
_OTHER_COMPANY_ID = "5555-4444-3333-2222-1111"


class FakeIxon:
    """An IXON Cloud with two companies; the first has routers with cameras.

    Version 2 is below /api, version 1 below /v1; every other path is the proxy of the
    web accesses, which are on hosts of their own in the real cloud.
    Attributes may be changed while it is served.

    otp: the one-time password of the account, None without two-factor login.
    page_size: rows per page if the caller sets no size.
    one_as_list: a single value comes as a list with one in it.
    links_to: origin in the discovery instead of the caller's.
    offline_status: the answer to a web access to an offline router.
    tunnel_s: seconds in which the proxy answers 502 to a new access.
    access_life_s: seconds until a web access expires.
    code_works_once: an access code is only valid once.
    ended_status: the proxy's answer without a valid cookie, 302 or 401.
    """

    def __init__(
        self,
        *,
        application_id: str = "a1B2c3D4e5F6",
        service_token: str = "simulated-ixon-service-token-001",
        password: str = "simulated-ixon-password",
    ) -> None:
        self.application_id = application_id
        self.service_token = service_token
        self.email = "gateway@example.com"
        self.password = password
        self.otp: str | None = None
        self.faults = Faults({"401": unauthorized, "429": too_many})
        self.asked: list[RecordedCall] = []
        self.companies = {COMPANY_ID: "Simulated Works", _OTHER_COMPANY_ID: "Other"}
        self.agents: list[SimIxonAgent] = _some_agents()
        self.page_size = 20
        self.one_as_list = False
        self.links_to: str | None = None
        self.offline_status = 400
        self.tunnel_s = 0.0
        self.access_life_s = 3600.0
        self.code_works_once = True
        self.ended_status = 302
        self.stopping = threading.Event()
        self._tokens: dict[str, float] = {}
        self._accesses: list[SimIxonAccess] = []
        self._secrets: list[str] = []
        self._lock = threading.Lock()

    @property
    def secrets(self) -> list[str]:
        """Every issued token, access code and cookie."""
        with self._lock:
            return list(self._secrets)

    @property
    def accesses(self) -> list[SimIxonAccess]:
        with self._lock:
            return list(self._accesses)

    @property
    def tokens(self) -> list[str]:
        """The tokens of logins that are still valid."""
        now_s = time.monotonic()
        with self._lock:
            return [token for token, ends in self._tokens.items() if now_s < ends]

    @property
    def camera(self) -> SimIxonCamera:
        """The camera of the first service of the first router."""
        return self.agents[0].servers[0].camera

    def stop(self) -> None:
        """End every stream that is still running."""
        self.stopping.set()

    def expire_tokens(self) -> None:
        """Expire every token of a login."""
        with self._lock:
            self._tokens.clear()

    def end_accesses(self) -> None:
        """Expire every web access."""
        for access in self.accesses:
            access.ends_at_s = time.monotonic()

    def sign_in(self, headers: Headers, expires_in_s: int) -> tuple[str, datetime]:
        """Return a new token and when it expires.

        Raises:
            IxonError: wrong password, or a one-time password is missing or wrong.
        """
        email, otp, password = _basic_of(headers)
        if (email, password) != (self.email, self.password):
            raise IxonError(401, "Authentication failed")
        if self.otp is not None and otp != self.otp:
            said = "failed" if otp else "required"
            raise IxonError(401, f"One-Time Password {said}")
        token = new_id(32)
        with self._lock:
            self._tokens[token] = time.monotonic() + expires_in_s
            self._secrets.append(token)
        return token, datetime.now(UTC) + timedelta(seconds=expires_in_s)

    def sign_out(self) -> None:
        with self._lock:
            self._tokens.pop(bearer_of(request.headers), None)

    def check_token(self) -> None:
        token = bearer_of(request.headers)
        is_service = secrets.compare_digest(token.encode(), self.service_token.encode())
        if not is_service and token not in self.tokens:
            raise IxonError(401, "Authentication failed")

    def agents_of(self, company_id: str) -> list[SimIxonAgent]:
        return [agent for agent in self.agents if agent.company_id == company_id]

    def open_access(self, company_id: str, server_id: str) -> SimIxonAccess:
        """Create a web access to a service.

        Raises:
            IxonError: no such service, no HTTP, not approved, or its router is offline.
        """
        for agent in self.agents_of(company_id):
            for server in agent.servers:
                if server.id == server_id:
                    return self._open(agent, server)
        raise IxonError(404, "Object not found", "server")

    def remember_secret(self, text: str) -> None:
        with self._lock:
            self._secrets.append(text)

    def _open(self, agent: SimIxonAgent, server: SimIxonServer) -> SimIxonAccess:
        if not agent.online:
            raise IxonError(self.offline_status, "This agent is not online")
        if server.require_approval:
            raise IxonError(403, "Access must be approved first")
        if server.type != "http":
            raise IxonError(400, "Web access is not possible", "server")
        now_s = time.monotonic()
        access = SimIxonAccess(
            agent,
            server,
            agent.company_id,
            open_at_s=now_s + self.tunnel_s,
            ends_at_s=now_s + self.access_life_s,
            expires_on=datetime.now(UTC) + timedelta(seconds=self.access_life_s),
        )
        with self._lock:
            self._accesses.append(access)
            self._secrets.append(access.code)
        return access


def _some_agents() -> list[SimIxonAgent]:
    camera = SimIxonServer("IP camera")
    rtsp = SimIxonServer("IP camera RTSP", "rtsp", 554, "/stream1")
    page = SimIxonServer("HMI", landing_page="/")
    return [
        SimIxonAgent("Project D4 packaging robot", COMPANY_ID, servers=[camera, rtsp]),
        SimIxonAgent("Packaging line 2", COMPANY_ID, online=False, servers=[page]),
    ]


def _basic_of(headers: Headers) -> tuple[str, str, str]:
    """Return e-mail, one-time password and password of a Basic header."""
    scheme, _, text = headers.get("Authorization", "").partition(" ")
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        plain = ""
    parts = plain.split(":", 2)
    if scheme.casefold() != "basic" or len(parts) != 3:
        raise IxonError(401, "Authentication failed")
    return parts[0], parts[1], parts[2]
