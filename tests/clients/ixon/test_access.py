"""The way through the IXON Cloud to a camera."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Response
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from mvsnap import jpeg
from mvsnap.clients.ixon.client import AgentOffline, Ixon, WebAccess
from mvsnap.clock import SystemClock
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.ixon.ixon import FakeIxon
from tests.clients.fakes import (
    FakeClock,
)
from tests.clients.ixon.stub import client, fetched, redirect, refused, stub, success


@pytest.mark.parametrize(
    ("kind", "auth"),
    [
        pytest.param("none", None, id="no password"),
        pytest.param("basic", HTTPBasicAuth("viewer", "camera-password"), id="basic"),
        pytest.param(
            "digest", HTTPDigestAuth("viewer", "camera-password"), id="digest"
        ),
    ],
)
def test_the_cookie_of_a_web_access_opens_the_camera(
    fake: FakeIxon, ixon: Ixon, kind: str, auth: AuthBase | None
) -> None:
    fake.camera.auth = kind
    access = ixon.open_web_access(fake.agents[0].servers[0].id)
    answer = fetched(access, "snapshot.jpg", auth)
    assert answer.status_code == 200
    assert jpeg.is_whole(answer.content)
    assert not access.has_ended(answer.status_code, answer.headers)
    if auth is not None:
        wanted = fetched(access, "snapshot.jpg")
        assert wanted.status_code == 401
        assert not access.has_ended(wanted.status_code, wanted.headers)


@pytest.mark.parametrize("status", [302, 401])
def test_an_access_that_ended_is_noticed_and_another_one_works(
    fake: FakeIxon, ixon: Ixon, status: int
) -> None:
    fake.ended_status = status
    server_id = fake.agents[0].servers[0].id
    access = ixon.open_web_access(server_id)
    fake.end_accesses()
    ended = fetched(access, "/snapshot.jpg")
    assert access.has_ended(ended.status_code, ended.headers)
    again = ixon.open_web_access(server_id)
    assert fetched(again, "/snapshot.jpg").status_code == 200


@pytest.mark.parametrize(
    ("status", "headers", "ended"),
    [
        pytest.param(200, {}, False, id="video"),
        pytest.param(401, {}, True, id="401 of the proxy"),
        pytest.param(401, {"WWW-Authenticate": "Basic"}, False, id="of the camera"),
        pytest.param(403, {}, True, id="403"),
        pytest.param(404, {}, False, id="a wrong path"),
        pytest.param(302, {"location": "/live/"}, False, id="within the camera"),
        pytest.param(302, {"Location": "https://portal.x/login"}, True, id="login"),
        pytest.param(502, {}, False, id="the tunnel is down"),
    ],
)
def test_an_expired_access_is_distinguished_from_the_cameras_own_answers(
    status: int, headers: dict[str, str], ended: bool
) -> None:
    access = WebAccess("https://one.example/", "a=b")
    assert access.has_ended(status, headers) is ended


def test_a_single_value_may_come_in_a_list(fake: FakeIxon, ixon: Ixon) -> None:
    fake.one_as_list = True
    access = ixon.open_web_access(fake.agents[0].servers[0].id)
    assert fetched(access, "/a.jpg").status_code == 200


def test_an_offline_router_is_reported_at_once(fake: FakeIxon, ixon: Ixon) -> None:
    with pytest.raises(
        AgentOffline, match="router of this camera is offline"
    ) as caught:
        ixon.open_web_access(fake.agents[1].servers[0].id)
    assert caught.value.retry


def test_an_access_that_needs_approval_is_refused(fake: FakeIxon, ixon: Ixon) -> None:
    server = fake.agents[0].servers[0]
    server.require_approval = True
    error = refused(lambda: ixon.open_web_access(server.id))
    assert "Access must be approved first" in error.message


def test_the_tunnel_is_waited_for(fake: FakeIxon, origin: str) -> None:
    clock = FakeClock()
    fake.faults.add(Fault("502", "GET /$", times=2))
    fake.faults.add(Fault("reset", "GET /$"))
    with client(f"{origin}/api", clock=clock) as ixon:
        access = ixon.open_web_access(fake.agents[0].servers[0].id)
    assert fetched(access, "/a.jpg").status_code == 200
    assert clock.asleep == [0.5, 0.5, 0.5]
    assert len(fake.accesses) == 1


def test_a_tunnel_that_does_not_come_up_ends_in_time(
    fake: FakeIxon, origin: str
) -> None:
    clock = FakeClock()
    fake.faults.add(Fault("502", "GET /$", times=-1))
    server_id = fake.agents[0].servers[0].id
    with client(f"{origin}/api", clock=clock) as ixon:
        error = refused(lambda: ixon.open_web_access(server_id, limit_s=10))
    assert error.message == (
        "IXON did not open access to the camera within 10 s (last answer: 502)"
    )
    assert error.retry
    assert sum(clock.asleep) == 10


def test_a_stop_does_not_wait_for_the_tunnel(fake: FakeIxon, origin: str) -> None:
    clock = SystemClock()
    clock.stop()
    fake.faults.add(Fault("502", "GET /$", times=-1))
    with client(f"{origin}/api", clock=clock) as ixon:
        error = refused(lambda: ixon.open_web_access(fake.agents[0].servers[0].id))
    assert ("stopping" in error.message, error.retry) == (True, True)


@pytest.mark.parametrize(
    ("url", "words", "retry"),
    [
        pytest.param(
            "http://192.0.2.1/?auth=x", "not an https URL", False, id="no TLS"
        ),
        pytest.param("file:///etc/passwd", "not an https URL", False, id="a file"),
        pytest.param(
            "https://a@b/?auth=x", "not an https URL", False, id="a user name"
        ),
        pytest.param("", "no link", True, id="empty"),
        pytest.param(7, "no link", True, id="a number"),
        pytest.param("HERE/plain?auth=x", "no cookie", True, id="no cookie"),
        pytest.param("HERE/gone?auth=x", "has ended", True, id="used up"),
        pytest.param("HERE/teapot?auth=x", "refused (418)", False, id="an odd status"),
        pytest.param("HERE/loop?auth=x", "no cookie (302)", True, id="redirects"),
        pytest.param("HERE/away?auth=x", "no cookie (302)", True, id="led away"),
    ],
)
def test_a_camera_link_that_does_not_open_is_reported(
    url: Any, words: str, retry: bool
) -> None:
    answers = {
        "GET /plain?auth=x": Response("hello"),
        "GET /gone?auth=x": Response("", 403),
        "GET /teapot?auth=x": Response("", 418),
        "GET /loop?auth=x": redirect("/loop?auth=x"),
        "GET /away?auth=x": redirect("https://192.0.2.1/"),
    }
    asked: list[str] = []
    with stub(answers, asked) as origin, client(origin) as ixon:
        link = url.replace("HERE", origin) if isinstance(url, str) else url
        answers["POST /access"] = success({"url": link})
        error = refused(lambda: ixon.open_web_access("camera"))
    assert words in error.message
    assert error.retry is retry


def test_a_cookie_behind_a_redirect_is_found() -> None:
    cookie = Response("hello", headers={"Set-Cookie": "way=1; Path=/; HttpOnly"})
    answers = {"GET /?auth=x": redirect("/home"), "GET /home": cookie}
    with stub(answers) as origin, client(origin) as ixon:
        answers["POST /access"] = success({"url": f"{origin}/?auth=x"})
        access = ixon.open_web_access("camera")
    assert access == WebAccess(f"{origin}/", "way=1")
    assert access.stream_url("//a") == access.stream_url("a") == f"{origin}/a"
