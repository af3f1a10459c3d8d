"""The IXON client of a test, and a cloud whose every answer a test can replace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests
from flask import Response
from requests.auth import AuthBase

from mvsnap.clients.ixon.client import Account, Ixon, ServiceToken, WebAccess
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.simulator.ixon.app import ixon_app
from mvsnap.simulator.ixon.ixon import COMPANY_ID, FakeIxon
from mvsnap.simulator.server import serve
from tests.clients.fakes import FakeClock, answering

TOKEN = "very-secret-service-token-000001"
PASSWORD = "very-secret:password ö"
ACCOUNT = Account("gateway@example.com", PASSWORD)
APPLICATION = "a1B2c3D4e5F6"

Answer = Response | Callable[[], Response]


@contextmanager
def cloud() -> Iterator[tuple[FakeIxon, str]]:
    """Serve a simulated cloud; yield it with its origin."""
    fake = FakeIxon(application_id=APPLICATION, service_token=TOKEN, password=PASSWORD)
    with serve(ixon_app(fake)) as origin:
        yield fake, origin
        fake.stop()


@contextmanager
def client(
    url: str,
    credentials: ServiceToken | Account = ACCOUNT,
    *,
    clock: Clock | None = None,
    api_version: int = 2,
    timeout_s: float = 5,
) -> Iterator[Ixon]:
    ixon = Ixon(
        url,
        APPLICATION,
        credentials,
        clock=clock or FakeClock(),
        company_id=COMPANY_ID,
        api_version=api_version,
        timeout_s=timeout_s,
    )
    with closing(ixon):
        yield ixon


def refused(call: Callable[[], object]) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        call()
    return caught.value


def as_json(data: Any, status: int = 200, **headers: str) -> Response:
    return Response(
        json.dumps(data), status, content_type="application/json", headers=headers
    )


def success(data: Any) -> Response:
    return as_json({"data": data, "moreAfter": None, "status": "success"})


def redirect(target: str) -> Response:
    return Response(status=302, headers={"Location": target})


@contextmanager
def stub(
    answers: Mapping[str, Answer], asked: list[str] | None = None
) -> Iterator[str]:
    """Serve a cloud of four addresses; `answers` by "METHOD /path" come first."""
    here: list[str] = []
    paths = {
        "AccessTokenList": "/login",
        "CompanyList": "/companies",
        "AgentList": "/agents",
        "WebAccessList": "/access",
    }

    def answer(method: str, path: str) -> Response:
        what = f"{method} {path.partition('?fields=')[0]}"
        if asked is not None:
            asked.append(what)
        if (found := answers.get(what)) is not None:
            return found if isinstance(found, Response) else found()
        if what == "GET /":
            return success([{"rel": r, "href": here[0] + p} for r, p in paths.items()])
        return success({"secretId": "very-secret-login-token"})

    with answering(answer) as origin:
        here.append(origin)
        yield origin


def fetched(
    access: WebAccess, path: str, auth: AuthBase | None = None
) -> requests.Response:
    """Ask for a path of the camera, as a recorder does."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(
            access.stream_url(path),
            headers=access.headers(),
            auth=auth,
            timeout=5,
            allow_redirects=False,
        )
