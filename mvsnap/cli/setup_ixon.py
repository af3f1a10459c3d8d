"""`init` of IXON: signs in, then lists companies, devices and services to choose."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from mvsnap.cli.questions import ask_invisible, ask_secret, ask_text, bad, choose, ok
from mvsnap.cli.refused import refused
from mvsnap.cli.terminal import out
from mvsnap.clients.ixon.client import Account, Agent, Ixon, IxonServer, ServiceToken
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.errors import UpstreamError


def ask_ixon(known: Settings) -> dict[str, Any]:
    """Return the answers, {} if IXON is skipped.

    Raises:
        UpstreamError: IXON fails after the login.
    """
    out.print("\n[bold]IXON Cloud[/bold]  cameras behind IXON routers")
    keep = "to keep" if known.ixon.application_id else "to skip"
    question = "Application ID, from support@ixon.cloud"
    while application_id := ask_text(question, keep):
        login, ixon = _sign_in(known, application_id)
        if ixon is not None:
            break
    else:
        return {}
    with closing(ixon):
        company = choose("company", ixon.companies(), lambda c: c.name)
        if company is None:
            return {}
        answer = {"application_id": application_id, "company_id": company.id} | login
        return answer | _ask_service(ixon.in_company(company.id))


def _sign_in(
    known: Settings, application_id: str
) -> tuple[dict[str, Any], Ixon | None]:
    """Return the values for the settings, and the cloud they open."""

    def attempt(credentials: ServiceToken | Account) -> Ixon:
        ixon = Ixon(
            known.ixon.url,
            application_id,
            credentials,
            clock=SystemClock(),
            api_version=known.ixon.api_version,
        )
        ok(f"signed in, companies: {len(ixon.companies())}")
        return ixon

    token, ixon = ask_secret(
        "Access token of an API service account", lambda t: attempt(ServiceToken(t))
    )
    if ixon is not None:
        return {"token": token, "email": None, "password": None}, ixon
    while email := ask_text("E-mail of an account without two-factor login", "to skip"):
        password = ask_invisible("Password", "to skip")
        if not password:
            break
        try:
            ixon = attempt(Account(email, password))
        except UpstreamError as exc:
            bad(refused(exc))
        else:
            return {"email": email, "password": password, "token": None}, ixon
    return {}, None


def _ask_service(ixon: Ixon) -> dict[str, Any]:
    agent = choose("device", ixon.agents(), _device)
    if agent is None:
        return {}
    services = [server for server in ixon.servers(agent) if server.gives_http]
    service = choose("HTTP service of the camera", services, _service)
    if service is None:
        out.print("Add an HTTP service for the camera in the IXON portal.")
        return {}
    if service.needs_approval:
        out.print("[yellow]Each access must be approved in the IXON portal.")
    page = service.landing_page or "/"
    path = ask_text("Path of the video or picture on the camera", f"for {page}")
    answer = {"agent_server_id": service.id}
    return answer | ({"stream_path": path} if path else {})


def _device(agent: Agent) -> str:
    known = {True: "  online", False: "  offline", None: ""}
    return f"{agent.name}{known[agent.online]}"


def _service(server: IxonServer) -> str:
    port = f"  port {server.port}" if server.port else ""
    return f"{server.name}{port}  {server.landing_page}".rstrip()
