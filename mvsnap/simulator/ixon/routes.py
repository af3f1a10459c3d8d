"""IXON routes: the endpoints of the simulated IXON Cloud, in version 2 and 1."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from mvsnap.simulator.ixon.errors import IxonError, refusal
from mvsnap.simulator.ixon.fields import pick
from mvsnap.simulator.ixon.ixon import FakeIxon
from mvsnap.simulator.ixon.model import SimIxonAgent, as_time, new_id

_Rows = list[dict[str, Any]]

_SHORTEST_S, _LONGEST_S = 60, 5_184_000
_MOST_ROWS = 1000
_COMPANY = re.compile(r"(\d{4}-){4}\d{4}")
_APPLICATION = re.compile(r"[0-9A-Za-z]{12}")

# rel, path of version 2 (None: has none), path of version 1, methods
_LINKS: tuple[tuple[str, str | None, str | None, str], ...] = (
    ("AccessTokenList", "/access-tokens", "/access/tokens", "DELETE GET POST"),
    ("AccessToken", "/access-tokens/{publicId}", "/access/tokens/{publicId}", "GET"),
    ("MyAccessToken", "/access-tokens/me", None, "DELETE GET"),
    ("CompanyList", "/companies", "/companies", "GET"),
    ("AgentList", "/agents", "/agents", "GET"),
    (
        "AgentServerList",
        "/agents/{agentId}/servers",
        "/agents/{agentId}/servers",
        "GET",
    ),
    ("WebAccess", "/web-access", None, "POST"),
    ("WebAccessList", "/web-accesses", "/webaccess", "GET POST"),
)


def add(app: Flask, ixon: FakeIxon) -> None:
    _add_start(app, ixon)
    _add_lists(app, ixon)
    _add_accesses(app, ixon)

    @app.errorhandler(HTTPException)
    def unknown_path(error: HTTPException) -> ResponseReturnValue:
        return refusal(IxonError(error.code or 500, error.name))


def _add_start(app: Flask, ixon: FakeIxon) -> None:
    @app.get("/api/")
    @app.get("/v1/")
    def discovery() -> ResponseReturnValue:
        _check_version()
        if _is_v1():
            _check_application(ixon)
        origin = ixon.links_to or request.host_url.rstrip("/")
        return _discovery(origin)

    @app.post("/api/access-tokens")
    @app.post("/v1/access/tokens")
    def access_tokens() -> ResponseReturnValue:
        _check_version()
        _check_application(ixon)
        seconds = _body().get("expiresIn")
        if seconds is None:
            raise IxonError(400, "Value is required", "expiresIn")
        if not isinstance(seconds, int) or not _SHORTEST_S <= seconds <= _LONGEST_S:
            said = f"Value must be from {_SHORTEST_S} to {_LONGEST_S}"
            raise IxonError(400, said, "expiresIn")
        token, ends = ixon.sign_in(request.headers, seconds)
        row = {
            "publicId": new_id(),
            "secretId": token,
            "expiresOn": as_time(ends),
        }
        return _one(ixon, "AccessToken", row), 201

    @app.get("/api/access-tokens/me")
    def my_token() -> ResponseReturnValue:
        _check(ixon)
        return _one(ixon, "AccessToken", {"publicId": "tKn0tKn0tKn0"})

    @app.delete("/api/access-tokens/me")
    def sign_out() -> ResponseReturnValue:
        _check(ixon)
        ixon.sign_out()
        return jsonify(type="AccessToken", data=None, status="success")


def _add_lists(app: Flask, ixon: FakeIxon) -> None:
    @app.get("/api/companies")
    @app.get("/v1/companies")
    def companies() -> ResponseReturnValue:
        _check(ixon)
        rows = [{"publicId": id_, "name": name} for id_, name in ixon.companies.items()]
        return _list(ixon, "Company", rows)

    @app.get("/api/agents")
    @app.get("/v1/agents")
    def agents() -> ResponseReturnValue:
        rows = [agent.as_json() for agent in ixon.agents_of(_company(ixon))]
        return _list(ixon, "Agent", rows)

    @app.get("/api/agents/<agent_id>/servers")
    @app.get("/v1/agents/<agent_id>/servers")
    def servers(agent_id: str) -> ResponseReturnValue:
        agent = _agent(ixon, agent_id)
        rows = [server.as_json(agent.id) for server in agent.servers]
        return _list(ixon, "AgentServer", rows)


def _add_accesses(app: Flask, ixon: FakeIxon) -> None:
    @app.post("/api/web-access")
    @app.post("/api/web-accesses")
    @app.post("/v1/webaccess")
    def web_access() -> ResponseReturnValue:
        company_id, body = _company(ixon), _body()
        _check_method(body)
        server = body.get("server")
        server_id = server.get("publicId") if isinstance(server, dict) else None
        if not isinstance(server_id, str):
            raise IxonError(400, "Value is required", "server")
        access = ixon.open_access(company_id, server_id)
        url = f"{request.host_url}?auth={access.code}"
        return _one(ixon, "WebAccess", {"publicId": access.id, "url": url}), 201

    @app.get("/api/web-accesses")
    def web_accesses() -> ResponseReturnValue:
        company_id = _company(ixon)
        mine = [access for access in ixon.accesses if access.company_id == company_id]
        return _list(ixon, "WebAccess", [access.as_json() for access in mine])


def _is_v1() -> bool:
    return request.path.startswith("/v1/")


def _header(name: str) -> str:
    """Return the value of `Api-{name}`, in version 1 of `IXapi-{name}`."""
    return request.headers.get(f"{'IXapi' if _is_v1() else 'Api'}-{name}", "")


def _check_version() -> None:
    if _header("Version") != ("1" if _is_v1() else "2"):
        raise IxonError(400, "Header is required", "version")


def _check_application(ixon: FakeIxon) -> None:
    given = _header("Application")
    if not _is_v1() and not _APPLICATION.fullmatch(given):
        raise IxonError(400, "Invalid application")
    if given != ixon.application_id:
        raise IxonError(403, "Invalid application")


def _check(ixon: FakeIxon) -> None:
    _check_version()
    _check_application(ixon)
    ixon.check_token()


def _company(ixon: FakeIxon) -> str:
    _check(ixon)
    company_id = _header("Company")
    if not _COMPANY.fullmatch(company_id):
        raise IxonError(400, "Header is required", "company")
    if company_id not in ixon.companies:
        raise IxonError(403, "No access to this company")
    return company_id


def _agent(ixon: FakeIxon, agent_id: str) -> SimIxonAgent:
    for agent in ixon.agents_of(_company(ixon)):
        if agent.id == agent_id:
            return agent
    raise IxonError(404, "Object not found")


def _check_method(body: dict[str, Any]) -> None:
    """Version 1 requires the method to open the service with, version 2 does not."""
    if _is_v1() and body.get("method") not in ("http", "https"):
        raise IxonError(400, "Value is required", "method")
    if not _is_v1() and "method" in body:
        raise IxonError(400, "Unknown property", "method")


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise IxonError(400, "The request body must be a JSON object")
    return body


def _one(ixon: FakeIxon, kind: str, row: dict[str, Any]) -> Response:
    asked = request.args.get("fields", "*")
    # A new object is returned completely: only its owner has it.
    shown = pick(row, asked)
    data = [shown] if ixon.one_as_list else shown
    return jsonify(type=kind, data=data, status="success")


def _list(ixon: FakeIxon, kind: str, rows: _Rows) -> Response:
    fields = request.args.get("fields", "publicId,name")
    if _is_v1():
        known = [{k: row[k] for k in ("publicId", "name")} for row in rows]
        shown = [pick(row, fields) for row in known]
        return jsonify(
            type=kind, data=shown, links=[], count=len(shown), status="success"
        )
    size = request.args.get("page-size", ixon.page_size, type=int)
    if not 1 <= size <= _MOST_ROWS:
        raise IxonError(400, "Value is out of range", "page-size")
    start = _start(rows, request.args.get("page-after"))
    page, rest = rows[start : start + size], rows[start + size :]
    return jsonify(
        type=kind,
        data=[pick(row, fields) for row in page],
        moreAfter=page[-1]["publicId"] if rest else None,
        status="success",
    )


def _start(rows: _Rows, after: str | None) -> int:
    if after is None:
        return 0
    for index, row in enumerate(rows):
        if row["publicId"] == after:
            return index + 1
    raise IxonError(400, "Unknown object", "page-after")


def _discovery(origin: str) -> Response:
    v1 = _is_v1()
    base = f"{origin}/v1" if v1 else f"{origin}/api"
    rows = []
    for rel, path_v2, path_v1, methods in _LINKS:
        path = path_v1 if v1 else path_v2
        if path is not None:
            row: dict[str, Any] = {"rel": rel, "href": base + path}
            rows.append(row if v1 else row | {"methods": methods.split()})
    if v1:
        return jsonify(links=rows, type="Discovery", count=len(rows), status="success")
    return jsonify(type="Discovery", data=rows, moreAfter=None, status="success")
