"""Web accesses of the simulated IXON Cloud, its cameras, and its webhook."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Response
from PIL import Image
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from requests.exceptions import ChunkedEncodingError
from requests.exceptions import ConnectionError as RequestsConnectionError

from mvsnap.simulator.ixon.notify import SimAlarm, body_of, send
from tests.clients.fakes import answering, unused_origin
from tests.simulator.ixon.client import Client, words


def test_an_access_code_opens_once_and_gives_a_cookie(client: Client) -> None:
    made = client.ask("POST", "/web-access", json=client.wanted())
    url = made.json()["data"]["url"]
    assert url.startswith(f"{client.origin}/?auth=")
    entered = client.fetch(url)
    assert (entered.status_code, "HttpOnly" in entered.headers["Set-Cookie"]) == (
        302,
        True,
    )
    again = client.fetch(url)
    assert again.headers["Location"] == "https://portal.ixon.cloud/login"
    assert "Set-Cookie" not in again.headers
    assert client.fetch(f"{client.origin}/?auth=guess").status_code == 302
    listed = client.ask("GET", "/web-accesses", params={"fields": "*"}).json()["data"]
    assert [row["publicId"] for row in listed] == [made.json()["data"]["publicId"]]
    assert listed[0]["closedOn"] is None


@pytest.mark.parametrize(
    ("version", "extra", "status"),
    [
        (1, {}, 400),
        (1, {"method": "ftp"}, 400),
        (1, {"method": "http"}, 201),
        (1, {"method": "https"}, 201),
        (2, {"method": "http"}, 400),
    ],
)
def test_only_version_1_wants_a_method(
    client: Client, version: int, extra: dict[str, str], status: int
) -> None:
    path = "/webaccess" if version == 1 else "/web-access"
    body = client.wanted() | extra
    assert client.ask("POST", path, version=version, json=body).status_code == status


def test_some_services_cannot_be_reached(client: Client) -> None:
    robot, line = client.ixon.agents
    robot.servers[0].require_approval = True
    for server, status, said in (
        (robot.servers[0], 403, "Access must be approved first"),
        (robot.servers[1], 400, "Web access is not possible"),
        (line.servers[0], 400, "This agent is not online"),
    ):
        body = {"server": {"publicId": server.id}}
        answer = client.ask("POST", "/web-access", json=body)
        assert (answer.status_code, words(answer)[2]) == (status, said)
    bodies: list[Any] = [{}, {"server": {}}, {"server": {"publicId": "x"}}, []]
    for wrong in bodies:
        assert client.ask("POST", "/web-access", json=wrong).status_code in (400, 404)


def test_the_tunnel_needs_its_time(client: Client) -> None:
    client.ixon.tunnel_s = 60
    url = client.ask("POST", "/web-access", json=client.wanted()).json()["data"]["url"]
    assert client.fetch(url).status_code == 502
    client.ixon.accesses[0].open_at_s = time.monotonic()
    assert client.fetch(url).status_code == 302


@pytest.mark.parametrize("status", [302, 401])
def test_without_a_cookie_that_works_nothing_is_seen(
    client: Client, status: int
) -> None:
    client.ixon.ended_status = status
    cookie, picture = client.open(), f"{client.origin}/snapshot.jpg"
    assert client.fetch(picture).status_code == status
    assert client.fetch(picture, headers=cookie).status_code == 200
    client.ixon.end_accesses()
    assert client.fetch(picture, headers=cookie).status_code == status


@pytest.mark.parametrize(
    ("kind", "auth", "status"),
    [
        pytest.param("basic", HTTPBasicAuth("viewer", "x"), 401, id="wrong"),
        pytest.param(
            "basic", HTTPBasicAuth("viewer", "camera-password"), 200, id="basic"
        ),
        pytest.param("digest", HTTPDigestAuth("viewer", "x"), 401, id="wrong digest"),
        pytest.param(
            "digest", HTTPDigestAuth("viewer", "camera-password"), 200, id="digest"
        ),
        pytest.param(
            "digest", HTTPBasicAuth("viewer", "camera-password"), 401, id="other kind"
        ),
    ],
)
def test_a_camera_may_want_a_password(
    client: Client, kind: str, auth: AuthBase, status: int
) -> None:
    client.ixon.camera.auth = kind
    cookie = client.open()
    answer = client.fetch(f"{client.origin}/a.jpg?x=1", headers=cookie, auth=auth)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"].lower().startswith(kind)


def test_a_camera_gives_a_picture_and_a_video_of_pictures(client: Client) -> None:
    client.ixon.camera.pictures_per_s = 50
    cookie = client.open()
    picture = client.fetch(f"{client.origin}/snapshot.jpg", headers=cookie)
    assert Image.open(io.BytesIO(picture.content)).size == (960, 540)
    with client.fetch(
        f"{client.origin}/axis-cgi/mjpg/video.cgi", headers=cookie, stream=True
    ) as video:
        assert video.headers["Content-Type"] == (
            "multipart/x-mixed-replace; boundary=mvsnap-picture"
        )
        seen = b""
        for chunk in video.iter_content(64 * 1024):
            seen += chunk
            if seen.count(b"--mvsnap-picture\r\nContent-Type: image/jpeg") == 3:
                break
    part = seen.split(b"--mvsnap-picture\r\n")[1]
    head, _, jpeg = part.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(jpeg) - 2}".encode() in head
    Image.open(io.BytesIO(jpeg)).load()


@pytest.mark.parametrize("mode", ["cut", "stall"])
def test_a_video_may_break_or_stand_still(client: Client, mode: str) -> None:
    client.ixon.camera.mode = mode
    url, cookie = f"{client.origin}/live", client.open()
    with client.fetch(url, headers=cookie, stream=True, timeout=0.5) as video:
        chunks = video.iter_content(1024)
        assert next(chunks).startswith(b"--mvsnap-picture")
        with pytest.raises((ChunkedEncodingError, RequestsConnectionError)):
            list(chunks)


def test_a_camera_may_send_garbage_or_any_other_stream(client: Client) -> None:
    cookie, camera = client.open(), client.ixon.camera
    camera.body = lambda: [b"one", b"two"]
    answer = client.fetch(f"{client.origin}/live", headers=cookie)
    assert (answer.content, answer.headers["Content-Type"]) == (b"onetwo", "video/mp2t")
    camera.mode = "garbage"
    assert b"garbage" in client.fetch(f"{client.origin}/live", headers=cookie).content


ALARM = SimAlarm(
    "Rk3vT9xQ2mLp",
    "Robot",
    at=datetime(2026, 3, 4, 12, 26, 24, tzinfo=UTC),
    extra={"Counter": "30"},
)


def test_an_alarm_is_sent_in_each_form() -> None:
    flat = json.loads(body_of(ALARM))
    assert flat["createdOn"] == "2026-03-04T12:26:24"
    assert flat["extraInfo"] == {
        "Device ID": "Rk3vT9xQ2mLp",
        "Device name": "Robot",
        "Counter": "30",
    }
    assert flat["shortContent"] == (
        "Alarm door-open of Robot was triggered at 3/4/26, 12:26 PM UTC"
    )
    assert json.loads(json.loads(body_of(ALARM, "double-encoded"))) == flat
    structured = json.loads(body_of(ALARM, "structured"))
    assert structured["shortContent"]["occurredOn"] == "2026-03-04T12:26:24Z"
    assert structured["longContent"]["extraInformation"][1]["key"] == "Counter"
    with pytest.raises(ValueError, match="Unknown form"):
        body_of(ALARM, "fax")


def test_an_alarm_is_posted_as_often_as_wanted() -> None:
    status = iter([503, 202])
    with answering(lambda *_: Response(status=next(status))) as origin:
        assert send(f"{origin}/webhook/token", ALARM, times=2) == [503, 202]
    assert send(unused_origin(), ALARM) == [0]
