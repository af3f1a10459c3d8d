"""IXON proxy: the web accesses of a simulated IXON Cloud, and the cameras behind them.

`GET /?auth=CODE` sets a cookie; with it, any other path is the camera's.
"""

from __future__ import annotations

import secrets
import time

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.faults import html_answer
from mvsnap.simulator.ixon import camera
from mvsnap.simulator.ixon.errors import IxonError
from mvsnap.simulator.ixon.ixon import FakeIxon
from mvsnap.simulator.ixon.model import SimIxonAccess, new_id

# The real name of the cookie is not known.
_COOKIE = "ixon-web-access"
_LOGIN = "https://portal.ixon.cloud/login"


def add(app: Flask, ixon: FakeIxon) -> None:
    @app.get("/")
    def enter() -> ResponseReturnValue:
        code = request.args.get("auth")
        return _camera(ixon) if code is None else _enter(ixon, code)

    @app.route("/<path:path>", methods=["GET", "POST", "DELETE"])
    def camera(path: str) -> ResponseReturnValue:
        if path.startswith(("api/", "v1/")):
            raise IxonError(404, "Not Found")
        return _camera(ixon)


def _enter(ixon: FakeIxon, code: str) -> Response:
    """Answer a web access's link: set the cookie, redirect to the camera's page."""
    for access in ixon.accesses:
        if secrets.compare_digest(access.code.encode(), code.encode()):
            break
    else:
        return _ended(ixon)
    now_s = time.monotonic()
    if now_s < access.open_at_s:
        return html_answer(502, "Bad Gateway")
    used_up = access.cookie is not None and ixon.code_works_once
    if used_up or now_s >= access.ends_at_s:
        return _ended(ixon)
    access.cookie = new_id(32)
    ixon.remember_secret(access.cookie)
    response = Response(status=302, headers={"Location": "/"})
    response.set_cookie(_COOKIE, access.cookie, httponly=True)
    return response


def _camera(ixon: FakeIxon) -> Response:
    access = _access(ixon)
    if access is None:
        return _ended(ixon)
    if not access.agent.online:
        return html_answer(504, "Gateway Timeout")
    return camera.answer(access.server.camera, ixon.stopping)


def _access(ixon: FakeIxon) -> SimIxonAccess | None:
    """Return the access whose cookie the caller sent, if it has not expired."""
    given = request.cookies.get(_COOKIE)
    for access in ixon.accesses:
        if access.cookie is not None and access.cookie == given:
            return access if time.monotonic() < access.ends_at_s else None
    return None


def _ended(ixon: FakeIxon) -> Response:
    if ixon.ended_status == 302:
        return Response(status=302, headers={"Location": _LOGIN})
    return html_answer(ixon.ended_status, "Unauthorized")
