"""Addresses that others choose: none leads to this machine, whatever names answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Response

from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.clients import connections
from mvsnap.clients.hosts import is_near
from mvsnap.clients.ixon.access import AccessDoor
from mvsnap.clients.meraki.picture import PictureDownload
from mvsnap.clock import SystemClock
from mvsnap.errors import NoPicture, UpstreamError
from mvsnap.recorder import Auth, AuthType, CameraRefused, SourceKind, StreamSource
from mvsnap.recorder.http_camera import HttpCamera
from tests.clients.fakes import answering, picture, raw_server, read_request

FAR = "192.0.2.1"  # for documentation: nobody has it
JPEG = picture()


def leading(url: str) -> Response:
    return Response("", 302, {"Location": url})


class Names:
    """A resolver that may give another answer each time; the last one stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._find)

    def _find(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host not in self.answers:
            return self._real(host, port, *more, **named)
        self.asked.append(host)
        answers = self.answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [entry for a in found for entry in self._real(a, port, *more, **named)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


class Server:
    """Counts what reaches it."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.answer: Callable[[], Response] = lambda: Response(
            JPEG, content_type="image/jpeg"
        )

    def __call__(self, _method: str, path: str) -> Response:
        self.paths.append(path)
        return self.answer()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def port(server: Server) -> Iterator[int]:
    with answering(server) as url:
        yield urlsplit(url).port or 0


def client(*hosts: str, timeout_s: float = 20) -> DirectoryClient:
    return DirectoryClient(hosts, timeout_s=timeout_s)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([[FAR], ["127.0.0.1"]], id="far first, then here"),
        pytest.param([["127.0.0.1"], [FAR]], id="here first"),
        pytest.param([[FAR, "127.0.0.1"]], id="both at once"),
        pytest.param([["127.0.0.1"]], id="here"),
        pytest.param([["0.0.0.0"]], id="no address"),
        pytest.param([["::ffff:127.0.0.1"]], id="here, as IPv6"),
    ],
)
def test_a_name_that_changes_its_answer_never_leads_here(
    names: Names, server: Server, port: int, answers: list[list[str]]
) -> None:
    names.answers["photos.example"] = answers
    photos = client(f"photos.example:{port}", timeout_s=0.5)  # nobody is far away
    for _ in range(3):
        with pytest.raises(UpstreamError):
            photos.photo(f"http://photos.example:{port}/1.jpg")
    assert server.paths == []
    assert len(names.asked) == 3  # once for each connection


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    names: Names, server: Server, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "is_near", lambda a: a == "127.0.0.2")
    names.answers["photos.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    assert client(f"photos.example:{port}").photo(f"http://photos.example:{port}/1.jpg")
    assert server.paths == ["/1.jpg"]
    with pytest.raises(UpstreamError, match=r"leads to 127\.0\.0\.2: to this machine"):
        client(f"photos.example:{port}").photo(f"http://photos.example:{port}/1.jpg")


@pytest.mark.parametrize(
    "host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "localhost", "0"]
)
def test_another_way_to_write_the_address_is_a_name(
    server: Server, port: int, host: str
) -> None:
    with pytest.raises(UpstreamError, match="to this machine or its link"):
        client(f"{host}:{port}").photo(f"http://{host}:{port}/1.jpg")
    assert server.paths == []


def test_a_redirect_is_checked_like_the_first_address(
    names: Names, server: Server, port: int
) -> None:
    names.answers["photos.example"] = [["127.0.0.1"]]
    photos = client(f"127.0.0.1:{port}", f"photos.example:{port}")
    assert photos.photo(f"http://127.0.0.1:{port}/1.jpg") == JPEG  # allowed by itself
    server.paths.clear()
    server.answer = lambda: leading(f"http://photos.example:{port}/2.jpg")
    with pytest.raises(UpstreamError, match="to this machine or its link"):
        photos.photo(f"http://127.0.0.1:{port}/1.jpg")
    assert server.paths == ["/1.jpg"]


def test_the_directory_may_be_here_only_under_a_name_of_this_machine(
    names: Names, server: Server, port: int
) -> None:
    server.answer = lambda: Response("id,name\n1,Anna\n")
    own = socket.gethostname().lower()
    names.answers |= {own: [["127.0.0.1"]], "directory.example": [["127.0.0.1"]]}
    for host in ("127.0.0.1", "localhost", own):
        assert client().people(f"http://{host}:{port}/people.csv")
    with pytest.raises(UpstreamError, match="to this machine or its link"):
        client().people(f"http://directory.example:{port}/people.csv")
    assert len(server.paths) == 3


def test_what_is_asked_of_a_proxy_is_checked_as_far_as_it_is_known(
    names: Names, server: Server, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    names.answers["photos.example"] = [["169.254.169.254"]]
    with pytest.raises(UpstreamError, match="to this machine or its link"):
        client("photos.example").photo("http://photos.example/1.jpg")
    assert server.paths == []
    names.answers["photos.example"] = [[FAR]]
    assert client("photos.example").photo("http://photos.example/1.jpg") == JPEG


def test_a_picture_link_that_leads_here_is_not_fetched(
    names: Names, server: Server, port: int
) -> None:
    names.answers["spi.meraki.example"] = [[FAR], ["127.0.0.1"]]
    download = PictureDownload(
        "https://api.meraki.com/api/v1",
        clock=SystemClock(),
        timeout_s=0.3,
        trusted_hosts=("meraki.com",),
    )
    with closing(download):
        for host in ("spi.meraki.example", "localhost"):
            with pytest.raises(NoPicture):
                download.fetch(f"http://{host}:{port}/picture", limit_s=0.5)
    assert server.paths == []


def test_a_web_access_that_leads_here_is_not_opened(names: Names) -> None:
    names.answers["x1.ixon.example"] = [["127.0.0.1"]]
    door = AccessDoor(
        "https://portal.ixon.example/api", clock=SystemClock(), timeout_s=0.3
    )
    with closing(door), pytest.raises(UpstreamError, match="to this machine"):
        door.open("https://x1.ixon.example:1/?token=t", limit_s=0.5)


def source(url: str, **more: Any) -> StreamSource:
    return StreamSource(SourceKind.HTTP, url, **more)


def ask(of: StreamSource) -> None:
    camera = HttpCamera(of, 2, SystemClock())
    with closing(camera):
        camera.ask().close()


def test_the_stream_of_a_web_access_is_checked_like_the_access(
    names: Names, server: Server, port: int
) -> None:
    names.answers["x1.ixon.example"] = [["127.0.0.1"]]
    url = f"http://x1.ixon.example:{port}/video"
    with pytest.raises(CameraRefused, match="to this machine or its link"):
        ask(source(url, headers={"Cookie": "access=1"}))
    assert server.paths == []
    ask(source(url))  # as it was set here, without a word from others
    assert server.paths == ["/video"]


@pytest.mark.parametrize("kind", [AuthType.AUTO, AuthType.BASIC, AuthType.DIGEST])
def test_no_other_server_gets_a_cameras_password(
    server: Server, port: int, kind: AuthType
) -> None:
    challenge = {"WWW-Authenticate": 'Basic realm="cam"'}
    server.answer = lambda: Response("", 401, challenge)
    with answering(lambda *_: leading(f"http://127.0.0.1:{port}/phish")) as camera:
        with pytest.raises(CameraRefused, match="redirects to another server"):
            ask(source(f"{camera}/video", auth=Auth(kind, "viewer", "its-password")))
        assert server.paths == []
        server.answer = lambda: Response(JPEG, content_type="image/jpeg")
        with pytest.raises(CameraRefused, match="redirects to another server"):
            ask(source(f"{camera}/video", headers={"Cookie": "access=1"}))
        assert server.paths == []
        ask(source(f"{camera}/video"))  # it has no password
    assert server.paths == ["/phish"]


def test_a_redirect_to_nonsense_is_a_refusal() -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        head = b"HTTP/1.1 302 Found\r\nLocation: http://[::1/x\r\nContent-Length: 0"
        connection.sendall(head + b"\r\n\r\n")

    with raw_server(talk) as url:
        with pytest.raises(CameraRefused, match="cannot be reached"):
            ask(source(f"{url}/video"))
        with pytest.raises(UpstreamError, match="the address cannot be used"):
            client(urlsplit(url).netloc).photo(f"{url}/1.jpg")


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("0.0.0.0", True),
        ("0.1.2.3", True),
        ("169.254.169.254", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("::1", True),
        ("::", True),
        ("fe80::1%eth0", True),
        ("ff02::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:169.254.169.254", True),
        ("::127.0.0.1", True),
        ("64:ff9b::7f00:1", True),
        ("2002:7f00:1::", True),
        ("192.168.1.20", False),
        ("10.0.0.1", False),
        ("203.0.113.9", False),
        ("2001:db8::1", False),
        ("64:ff9b::cb00:7109", False),
        ("::ffff:203.0.113.9", False),
    ],
)
def test_addresses_of_this_machine_and_its_link(address: str, near: bool) -> None:
    assert is_near(address) is near
