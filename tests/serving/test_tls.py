"""Over TLS everything is as without it, and a handshake counts as a connection."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mvsnap.simulator.ports import free_port
from tests.gateway import KEY, environment, write_config
from tests.servers.processes import Program, require, wait_until
from tests.serving.build import LONG, serving


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {key} -out {cert}"
    )
    subprocess.run(
        [require("openssl", "openssl"), *made.split()], check=True, capture_output=True
    )
    return cert, key


@pytest.fixture(scope="module")
def port(pair: tuple[Path, Path]) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    with serving(threading.Event(), context) as found:
        yield found


@pytest.fixture(scope="module")
def client(pair: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pair[0])


def test_a_request_and_a_long_answer(port: int, client: ssl.SSLContext) -> None:
    url = f"https://localhost:{port}"
    with urllib.request.urlopen(f"{url}/told", context=client, timeout=20) as answer:
        assert json.load(answer)["url"] == f"{url}/told"
    with urllib.request.urlopen(f"{url}/long", context=client, timeout=20) as answer:
        assert len(answer.read()) == LONG


def test_a_long_body_is_answered(port: int, client: ssl.SSLContext) -> None:
    url = f"https://localhost:{port}/told"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, bytes(24_000_000), context=client, timeout=20)
    with refused.value as answer:
        assert answer.code == 413


def test_handshakes_have_a_deadline_and_are_counted(
    port: int, client: ssl.SSLContext
) -> None:
    with ExitStack() as held:
        silent = [
            held.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            for _ in range(50)
        ]
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - reset or closed
            _shaken(port, client).close()
        assert silent[0].recv(1) == b""
        assert time.monotonic() - began < 8
    _shaken(port, client).close()


def test_plain_http_is_refused_at_once(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        plain.sendall(b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" not in plain.recv(100)


def _shaken(port: int, client: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), 10)
    try:
        return client.wrap_socket(plain, server_hostname="localhost")
    except OSError:
        plain.close()
        raise


def test_the_service_speaks_https_with_its_settings(
    pair: tuple[Path, Path], client: ssl.SSLContext, tmp_path: Path
) -> None:
    files = {"cert": str(pair[0]), "key": str(pair[1])}
    keys = [{"name": "a", "key": KEY}]
    config = write_config(tmp_path, {"api_keys": keys, "server": {"tls": files}})
    port = free_port()
    options = ["--config", f"{config}", "--port", f"{port}"]
    command = [sys.executable, "-m", "mvsnap", "serve", *options]
    service = Program(command, cwd=tmp_path, env=environment())

    def health() -> object:
        url = f"https://localhost:{port}/healthz"
        try:
            with urllib.request.urlopen(url, context=client, timeout=5) as answer:
                return json.load(answer)["status"]
        except OSError:
            return None

    try:
        wait_until(lambda: health() == "ok", "it answers over TLS", limit_s=60)
        with pytest.raises(http.client.RemoteDisconnected):
            urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=5)
    finally:
        service.stop()
