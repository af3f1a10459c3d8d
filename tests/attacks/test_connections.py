"""Slow, idle, large, unread, or no HTTP at all: a device is answered nevertheless."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.attacks.harness import (
    KEY,
    TOKEN,
    Attack,
    Attacked,
    Attacking,
    again_and_again,
    attacked,
)
from tests.servers.processes import wait_until

SCANNING = "a-token-of-the-scanning-endpoint"
ENDPOINT = {
    "token": SCANNING,
    "validator": "the-validator",
    "secret": "the-secret-of-the-dashboard",
}
# Of each thread of an attack; four of them attack.
MANY = 60
LARGE = 24_000_000
_AT_ONCE = 20
ICONS = "/bootstrap/static/icons/bootstrap-icons.svg"
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(500)
POST = "POST {} HTTP/1.1\r\nHost: x\r\n"


def connections(first: bytes, drip: bytes = b"") -> Attacking:
    """Return an attack that holds connections, opened anew as they are closed."""

    def attack(attack: Attack) -> None:
        held: list[socket.socket] = []
        while not attack.is_over:
            with suppress(OSError):
                while len(held) < MANY and not attack.is_over:
                    held.append(attack.connect())
                    held[-1].sendall(first)
            attack.under_way()
            held = [each for each in held if _still_there(each, drip)]
            attack.rest(0.5)
        for each in held:
            each.close()

    return attack


def _still_there(connection: socket.socket, drip: bytes) -> bool:
    try:
        connection.sendall(drip)
        connection.setblocking(False)
        if connection.recv(1, socket.MSG_PEEK):
            return True
    except BlockingIOError:
        connection.setblocking(True)
        return True
    except OSError:
        pass
    connection.close()
    return False


def slow_readers(path: str, times: int = 1) -> Attacking:
    """Return an attack that asks for long answers, and reads a byte now and then."""

    def attack(attack: Attack) -> None:
        asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n\r\n".encode()
        asked *= times
        held = []
        with suppress(OSError):
            for _ in range(10):
                held.append(attack.connect())
                held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                held[-1].sendall(asked)
        attack.under_way()
        while not attack.rest(0.5):
            for each in held:
                with suppress(OSError):
                    each.recv(1)
        for each in held:
            each.close()

    return attack


def flood(path: str) -> Attacking:
    """Return an attack that asks for a page without waiting for the one before."""
    asked = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * _AT_ONCE

    def attack(attack: Attack) -> None:
        attack.under_way()
        while not attack.is_over:
            with suppress(OSError), attack.connect() as connection:
                connection.sendall(asked)
                answered = 0
                while answered < _AT_ONCE and not attack.is_over:
                    part = connection.recv(65536)
                    if not part:
                        break
                    answered += part.count(b"HTTP/1.1 ")

    return attack


def of_many_addresses(path: str) -> Attacking:
    """Return an attack that takes every connection there is, and reads no answer."""
    # One after the other: the kernel would take a single one off the server's hands.
    asked = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 20
    # Of each address one less than its share: more than all connections together.
    addresses = [f"127.0.1.{n}" for n in range(1, 15) for _ in range(49)]

    def attack(attack: Attack) -> None:
        held: dict[int, socket.socket] = {}
        while not attack.is_over:
            for n, address in enumerate(addresses):
                if n not in held and not attack.is_over:
                    with suppress(OSError):
                        held[n] = attack.connect(address=address)
                        # It takes little: megabytes for each are much to copy.
                        held[n].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                        held[n].sendall(asked)
            attack.under_way()
            held = {n: each for n, each in held.items() if _still_there(each, b"")}
            attack.rest(0.5)
        for each in held.values():
            each.close()

    return attack


def large_bodies(path: str) -> Attacking:
    return again_and_again("POST", path, bytes(LARGE), {"Expect": ""})


def heads(path: str, *lines: str) -> bytes:
    return (POST.format(path) + "".join(f"{line}\r\n" for line in lines)).encode()


ATTACKS = {
    "idle": connections(b""),
    "a head by bytes": connections(b"GET / HTTP/1.1\r\nX: ", b"x"),
    "a body by bytes": connections(
        heads("/webhook/x", "Content-Length: 900000", ""), b"x"
    ),
    "chunks by bytes": connections(
        heads("/login", "Transfer-Encoding: chunked", ""), b"1\r\nx\r\n"
    ),
    "TLS": connections(HELLO),
    "slow readers of a table": slow_readers("/api/v1.0/events.csv"),
    "large bodies for an alarm": large_bodies(f"/webhook/{TOKEN}"),
    "large bodies for nobody": large_bodies("/scanning/a-token-that-nobody-has"),
    "very many chunks": connections(
        heads("/login", "Transfer-Encoding: chunked", "") + b"1\r\nx\r\n" * 20_000
    ),
    # Without a key; one after the other on each connection.
    "slow readers of a file": slow_readers(ICONS, 20),
}


# By as many threads of the attacker, each with a connection; but for the last, of one
# who knows the address of an endpoint, without a key.
FLOODS = {
    "pages": (flood("/login"), 48),
    "refusals": (flood("/api/v1.0/events"), 48),
    "readiness": (flood("/readyz"), 48),
    "garbage for observations": (large_bodies(f"/scanning/{SCANNING}"), 3),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("service")
    with attacked(folder, scanning={"endpoints": [ENDPOINT]}) as running:
        wait_until(lambda: bool(_multiply_events(folder)), "an event is stored")
        yield running


def _multiply_events(folder: Path) -> int:
    """Make a long table of one event; return how many rows it got."""
    path = next(folder.rglob("mvsnap.db"))
    with closing(sqlite3.connect(path, timeout=10)) as database, database:
        names = [row[1] for row in database.execute("PRAGMA table_info(events)")]
        cells = ", ".join("'more-' || n" if n == "id" else n for n in names)
        cells = cells.replace("'more-' || n", "'more-' || number.n")
        added = database.execute(
            "WITH RECURSIVE number(n) AS "
            "(SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 60000) "
            f"INSERT INTO events SELECT {cells} "
            "FROM number, (SELECT * FROM events LIMIT 1)"
        )
        return added.rowcount


@pytest.mark.parametrize("attacking", ATTACKS.values(), ids=ATTACKS)
def test_a_device_is_answered_meanwhile(
    service: Attacked, attacking: Attacking
) -> None:
    attack = service.while_attacked(attacking)
    assert set(attack.statuses) <= {400, 401, 413, 429, 503}


@pytest.mark.parametrize(("attacking", "threads"), FLOODS.values(), ids=FLOODS)
def test_a_flood_of_requests_keeps_no_device_waiting(
    service: Attacked, attacking: Attacking, threads: int
) -> None:
    service.while_attacked(attacking, threads=threads)


def test_who_takes_all_connections_from_many_addresses_makes_room(
    service: Attacked,
) -> None:
    """Of somebody with twelve addresses, each may have a share of the connections."""
    service.while_attacked(of_many_addresses(ICONS), threads=1)


def said(service: Attacked, sent: bytes, limit_s: float = 25) -> tuple[bytes, float]:
    """Send these bytes; return all that comes back, and when the connection closed."""
    began = time.monotonic()
    with Attack(service.port).connect(limit_s) as connection:
        connection.sendall(sent)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer, time.monotonic() - began


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(HELLO, 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + bytes(400_000), 431, id="a long head"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(heads("/", "Content-Length: -1", ""), 400, id="a length below 0"),
        pytest.param(
            heads("/login", "Content-Length: 9000000", "Expect: 100-continue", ""),
            *(413,),
            id="asks before a long body",
        ),
    ],
)
def test_what_is_refused_is_answered_at_once(
    service: Attacked, sent: bytes, status: int
) -> None:
    answer, took_s = said(service, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["error"]["message"]
    assert took_s < 8  # not with the deadline of a head


def test_line_ends_without_a_carriage_return_are_answered(service: Attacked) -> None:
    path = f"/api/v1.0/getSnapshot?apikey={KEY}&wait_s=0&prefix=T\u00fcr"
    answer, _ = said(
        service, f"GET {path} HTTP/1.1\nHost: x\nConnection: close\n\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 202 ")


def test_a_head_has_one_deadline_however_it_drips(service: Attacked) -> None:
    began = time.monotonic()
    with (
        Attack(service.port).connect() as idle,
        Attack(service.port).connect() as dripping,
    ):
        dripping.sendall(b"GET / HTTP/1.1\r\nX: ")

        def are_closed() -> bool:
            return not _still_there(dripping, b"x") and not _still_there(idle, b"")

        wait_until(are_closed, "both are closed", 20)
    assert time.monotonic() - began > 10  # not before a slow device is through


def test_one_address_has_a_share_of_the_connections(service: Attacked) -> None:
    held: list[socket.socket] = []
    try:
        for _ in range(60):
            held.append(Attack(service.port).connect())

        def left() -> int:
            return sum(_still_there(each, b"") for each in held)

        wait_until(lambda: left() == 50, "the others are refused")
    finally:
        for each in held:
            each.close()
    assert "127.0.0.3 has 50 connections" in service.served.output()


@pytest.mark.parametrize("length", [3_000_000, LARGE, 32 * 1024 * 1024])
def test_a_long_body_is_answered_to_pythons_own_client(
    service: Attacked, length: int
) -> None:
    url = f"{service.served.url}/webhook/{TOKEN}"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, bytes(length), timeout=30)
    with refused.value as answer:
        assert (answer.code, _code(answer.read())) == (413, "request_entity_too_large")


FETCH = """
const [url, length] = process.argv.slice(1);
fetch(url, {method: "POST", body: Buffer.alloc(Number(length))})
  .then(async answer => console.log(answer.status, await answer.text()));
"""


@pytest.mark.skipif(not shutil.which("node"), reason="no node: apt-get install nodejs")
@pytest.mark.parametrize("length", [3_000_000, 32 * 1024 * 1024])
def test_a_long_body_is_answered_to_fetch(service: Attacked, length: int) -> None:
    url = f"{service.served.url}/webhook/{TOKEN}"
    shown = subprocess.run(
        ["node", "-e", FETCH, url, str(length)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    status, _, body = shown.partition(" ")
    assert (status, _code(body)) == ("413", "request_entity_too_large")


def _code(body: str | bytes) -> str:
    code: str = json.loads(body)["error"]["code"]
    return code


def test_large_bodies_take_no_disk_but_for_a_known_token(service: Attacked) -> None:
    def files() -> int:
        return _files_without_a_name(service.served.pid)

    before = files()
    sent = bytes(1_900_000)
    with (
        Attack(service.port).connect() as stranger,
        Attack(service.port).connect() as known,
    ):
        for connection, path in (
            (stranger, "/login"),
            (known, f"/scanning/{SCANNING}"),
        ):
            connection.sendall(heads(path, "Transfer-Encoding: chunked", ""))
            connection.sendall(b"%x\r\n%s\r\n" % (len(sent), sent))
        assert files() == before
        known.sendall(b"%x\r\n%s\r\n" % (len(sent), sent))
        wait_until(lambda: files() == before + 1, "on disk")
    wait_until(lambda: files() == before, "given back")


def _files_without_a_name(pid: int) -> int:
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            target = os.readlink(entry)
            found += target.endswith(" (deleted)") and "/memfd" not in target
    return found


def test_the_service_ends_during_all_of_it(service: Attacked) -> None:
    """The last test: others need the service."""
    together = [
        ATTACKS[name]
        for name in (
            "idle",
            "a head by bytes",
            "a body by bytes",
            "slow readers of a table",
        )
    ]
    turn = iter(together)

    def attack(attack: Attack) -> None:
        next(turn)(attack)

    service.ends_while_attacked(attack, threads=len(together))
    assert "Traceback" not in service.served.output()
