"""IXON: companies, routers and cameras of the IXON Cloud, and access to a camera.

Version 2 of the API, and version 1 as far as its clients reveal it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from mvsnap.clients.ixon.access import AccessDoor, WebAccess
from mvsnap.clients.ixon.calls import IxonCalls
from mvsnap.clients.ixon.errors import AgentOffline, NotAllowed
from mvsnap.clients.ixon.login import Account, ServiceToken
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.texts import ixon_wordings

__all__ = [
    "Account",
    "Agent",
    "AgentOffline",
    "Company",
    "Ixon",
    "NotAllowed",
    "IxonServer",
    "ServiceToken",
    "WebAccess",
]

_SERVER_FIELDS = "publicId,name,type,port,landingPage,requireAccessApproval"
_AGENT_FIELDS = "publicId,name,activeVpnSession.vpnAddress"


class Company(Struct, frozen=True):
    id: str
    name: str


class Agent(Struct, frozen=True):
    """A router at a machine; online: None if IXON does not say (version 1)."""

    id: str
    name: str
    online: bool | None


class IxonServer(Struct, frozen=True):
    """A service behind a router, such as a camera's web page.

    type: http, rtsp, rdp, ssh, vnc, websocket, or "" if IXON does not say.
    landing_page: the path that IXON opens for people, "" if there is none.
    needs_approval: each access may have to be approved in the portal.
    """

    id: str
    name: str
    agent: Agent
    type: str = ""
    port: int | None = None
    landing_page: str = ""
    needs_approval: bool = False

    @property
    def gives_http(self) -> bool:
        """Whether its web access is plain HTTP, the only kind that can be recorded."""
        return self.type in ("http", "")


class Ixon:
    """The IXON Cloud of one account; thread-safe.

    Every method raises UpstreamError, whose `retry` says whether the same call may
    work later. Calls are never repeated, except once for an expired token.
    """

    def __init__(
        self,
        base_url: str,
        application_id: str,
        credentials: ServiceToken | Account,
        *,
        clock: Clock,
        company_id: str = "",
        api_version: int = 2,
        timeout_s: float = 15.0,
    ) -> None:
        """company_id: may be empty for `companies` alone; see `in_company`."""
        self._company_id = company_id.strip()
        self._api_version = api_version
        self._calls = IxonCalls(
            base_url,
            application_id,
            credentials,
            api_version=api_version,
            clock=clock,
            timeout_s=timeout_s,
        )
        self._door = AccessDoor(base_url, clock=clock, timeout_s=timeout_s)

    def close(self) -> None:
        """Sign out if there was a login; also for those of `in_company`."""
        self._calls.close()
        self._door.close()

    def in_company(self, company_id: str) -> Ixon:
        """Return the same cloud and login for another company."""
        other = copy.copy(self)
        other._company_id = company_id
        return other

    def companies(self) -> list[Company]:
        """Return the companies of the account. Source: GET /companies."""
        rows = self._calls.rows("CompanyList", "publicId,name")
        return [Company(_id(row), _name(row)) for row in rows]

    def agents(self) -> list[Agent]:
        """Return the routers of the company. Source: GET /agents."""
        return [_agent(row) for row in self._agent_rows(_AGENT_FIELDS)]

    def servers(self, agent: Agent) -> list[IxonServer]:
        """Return the services behind a router. Source: GET /agents/{agentId}/servers.

        In version 1 there are only their ids and names.
        """
        rows = self._calls.rows(
            "AgentServerList",
            self._server_fields,
            company_id=self._company(),
            agentId=agent.id,
        )
        return [_server(row, agent) for row in rows]

    def server(self, server_id: str) -> IxonServer:
        """Return one service, searched behind all routers of the company.

        Raises:
            UpstreamError: no router has it.
        """
        fields = _AGENT_FIELDS
        if self._api_version != 1:
            fields += f",servers({self._server_fields})"
        for row in self._agent_rows(fields):
            agent, inside = _agent(row), row.get("servers")
            found = (
                [_server(inner, agent) for inner in inside if isinstance(inner, dict)]
                if isinstance(inside, list)
                else self.servers(agent)
            )
            for server in found:
                if server.id == server_id:
                    return server
        raise UpstreamError(
            ixon_wordings.NO_SUCH_SERVICE(name=server_id[:40]), retry=False
        )

    def open_web_access(
        self, server_id: str, *, access_type: str = "http", limit_s: float = 30.0
    ) -> WebAccess:
        """Open access to a camera: request a URL, and exchange it for the cookie.

        access_type: http or https, as the camera speaks; only for version 1.
        limit_s: how long the tunnel to the router may take. Source: POST /web-access
        answers 201 with `https://HOST/?auth=CODE`; version 1 also requires a `method`.

        Raises:
            AgentOffline: the router has no connection.
            UpstreamError: refused, or not open in time.
        """
        body: dict[str, Any] = {"server": {"publicId": server_id}}
        if self._api_version == 1:
            body["method"] = access_type
        rel = "WebAccess" if self._calls.names("WebAccess") else "WebAccessList"
        data = self._calls.object("POST", rel, body, company_id=self._company())
        url = data.get("url")
        if not isinstance(url, str) or not url:
            raise UpstreamError(ixon_wordings.NO_LINK(), retry=True)
        return self._door.open(url, limit_s=limit_s)

    @property
    def _server_fields(self) -> str:
        return "publicId,name" if self._api_version == 1 else _SERVER_FIELDS

    def _agent_rows(self, fields: str) -> Iterator[Mapping[str, Any]]:
        if self._api_version == 1:
            fields = "publicId,name"
        return self._calls.rows("AgentList", fields, company_id=self._company())

    def _company(self) -> str:
        if not self._company_id:
            raise UpstreamError(ixon_wordings.NO_COMPANY(), retry=False)
        return self._company_id


def _agent(row: Mapping[str, Any]) -> Agent:
    online = None
    if "activeVpnSession" in row:
        online = row["activeVpnSession"] is not None
    return Agent(_id(row), _name(row), online)


def _server(row: Mapping[str, Any], agent: Agent) -> IxonServer:
    port = row.get("port")
    return IxonServer(
        id=_id(row),
        name=_name(row),
        agent=agent,
        type=_text(row, "type"),
        port=port if isinstance(port, int) else None,
        landing_page=_text(row, "landingPage"),
        needs_approval=row.get("requireAccessApproval") is True,
    )


def _id(row: Mapping[str, Any]) -> str:
    return _text(row, "publicId")


def _name(row: Mapping[str, Any]) -> str:
    # On one line: it appears in messages and in the log.
    return " ".join(_text(row, "name").split()) or _id(row)


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)
