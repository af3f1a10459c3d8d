"""The sender against a real receiver, and the command as a program."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mvsnap.simulator.ports import free_port
from mvsnap.simulator.scanning.command import accelerated, as_it_happens, at_once, paced
from mvsnap.simulator.scanning.posts import Post, posts
from mvsnap.simulator.scanning.sender import (
    HandshakeFailed,
    PostRefused,
    ScanningSender,
)
from mvsnap.simulator.scanning.world import INSIDE_DBM
from tests.servers.processes import running, wait_until
from tests.simulator.scanning.reader import a_minute, a_world, read, visits_of

VALIDATOR, SECRET = "validator-of-the-test", "secret-of-the-test"
POST = Post(a_minute(12), {"type": "WiFi", "data": {"observations": [{}, {}]}})


@dataclass
class Receiver:
    """answers: statuses of the next posts, then 200; body: of each of these answers.

    silent: answer nothing in time.
    """

    validator: str = VALIDATOR
    handshake_status: int = 200
    answers: list[int] = field(default_factory=list)
    body: str = ""
    silent: threading.Event = field(default_factory=threading.Event)
    got: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    def take(self, content: bytes) -> int:
        self.asked += 1
        if self.silent.is_set():
            wait_until(lambda: not self.silent.is_set(), "the test lets it answer")
        status = self.answers.pop(0) if self.answers else 200
        if status < 300:
            self.got.append(json.loads(content))
        return status


class Door(BaseHTTPRequestHandler):
    """Where a receiver is reached: thousands of posts come over one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    receiver: Receiver

    def do_GET(self) -> None:
        self._answer(self.receiver.handshake_status, self.receiver.validator)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/json"
        if self.headers["Content-Encoding"] == "gzip":
            content = gzip.decompress(content)
        self._answer(self.receiver.take(content), self.receiver.body)

    def _answer(self, status: int, text: str) -> None:
        assert self.path == "/scanning/token"
        with suppress(OSError):  # who asked may have given up
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Pair:
    receiver: Receiver
    url: str
    senders: list[ScanningSender] = field(default_factory=list)

    def sender(self, **options: Any) -> ScanningSender:
        made = ScanningSender(self.url, VALIDATOR, **{"wait_s": 0.01} | options)
        self.senders.append(made)
        return made

    def close(self) -> None:
        for sender in self.senders:
            sender.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    receiver = Receiver()
    door = type("OwnDoor", (Door,), {"receiver": receiver})
    with ThreadingHTTPServer(("127.0.0.1", 0), door) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made = Pair(receiver, f"http://127.0.0.1:{server.server_port}/scanning/token")
        yield made
        made.close()
        server.shutdown()


def test_hands_are_shaken_with_the_validator_alone(pair: Pair) -> None:
    pair.sender().shake_hands()
    pair.receiver.validator = f"{VALIDATOR}\n"
    with pytest.raises(HandshakeFailed, match="validator alone"):
        pair.sender().shake_hands()
    pair.receiver.handshake_status = 404
    with pytest.raises(HandshakeFailed, match="GET answered 404"):
        pair.sender().shake_hands()


def test_without_a_receiver_there_is_no_handshake() -> None:
    sender = ScanningSender(f"http://127.0.0.1:{free_port()}/scanning/token", VALIDATOR)
    with pytest.raises(HandshakeFailed, match="answered nothing"):
        sender.shake_hands()


@pytest.mark.parametrize(
    "url", ["127.0.0.1:5004/scanning", "ftp://host/x", "http:///x"]
)
def test_an_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url: expected"):
        ScanningSender(url, VALIDATOR)


def test_a_post_is_repeated_until_it_is_accepted(pair: Pair) -> None:
    pair.receiver.answers = [503, 500, 202]
    sender = pair.sender()
    assert sender.post(POST) == 202
    assert pair.receiver.got == [POST.body]
    assert (sender.accepted, sender.repeated, sender.observations) == (1, 2, 2)


def test_a_post_that_is_never_accepted_is_given_up(pair: Pair) -> None:
    pair.receiver.answers = [401] * 10
    with pytest.raises(PostRefused, match="answered 401$"):
        pair.sender(tries=3).post(POST)
    assert pair.receiver.asked == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": {"message": "Wrong secret:\\n bad"}}', "401: Wrong secret: bad$"),
        ('{"error": "no"}', "401$"),
        ("[" * 100_000, "401$"),
        ("<html>", "401$"),
    ],
)
def test_the_reason_for_a_refused_post_is_reported(
    pair: Pair, body: str, said: str
) -> None:
    pair.receiver.answers, pair.receiver.body = [401], body
    with pytest.raises(PostRefused, match=f"answered {said}"):
        pair.sender(tries=1).post(POST)


def test_a_receiver_that_does_not_answer_is_asked_again(pair: Pair) -> None:
    pair.receiver.silent.set()
    sender = pair.sender(timeout_s=0.3, tries=2)
    with pytest.raises(PostRefused, match="no answer in time"):
        sender.post(POST)
    pair.receiver.silent.clear()
    sender._connection.timeout = 20
    assert sender.post(POST) == 200


def test_who_is_to_stop_does_not_wait_for_the_next_try(pair: Pair) -> None:
    pair.receiver.answers = [503]
    sender = pair.sender(wait_s=60)
    sender.stopping.set()
    with pytest.raises(PostRefused):
        sender.post(POST)
    assert pair.receiver.asked == 1


def test_duplicates_and_compressed_posts_arrive(pair: Pair) -> None:
    world = a_world(1)
    sender = pair.sender()
    faults = ["duplicate", "gzip", "late", "disorder", "empty"]
    span = a_minute(11), a_minute(14)
    for _, leaving in posts(world, *span, secret=SECRET, faults=faults):
        for post in leaving:
            sender.post(post)
    usual = [p.body for _, batch in posts(world, *span) for p in batch]
    assert sender.accepted == len(pair.receiver.got) > len(usual)
    assert read(pair.receiver.got) == read(usual)


def test_a_minute_is_posted_when_it_is_over() -> None:
    now = datetime.now(UTC)
    assert 59 < as_it_happens(now) <= 60
    assert as_it_happens(now - timedelta(minutes=1, seconds=1)) < 0
    assert at_once(now) == 0


def test_accelerated_minutes_follow_each_other_at_the_speed() -> None:
    wait_s = accelerated(a_minute(9), 120)
    assert wait_s(a_minute(9)) <= 0
    assert 4.5 < wait_s(a_minute(9, 10)) <= 5 * 60


def test_posts_wait_until_they_are_due_and_end_when_it_is_to_stop() -> None:
    stopping = threading.Event()
    begun_s = time.monotonic()
    batches = iter([(a_minute(9, n), [POST]) for n in range(60)])
    found = []
    for minute, _ in paced(batches, lambda _: 0.02, stopping):
        found.append(minute)
        if len(found) == 5:
            stopping.set()
    assert found == [a_minute(9, n) for n in range(5)]
    assert time.monotonic() - begun_s >= 0.1


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "mvsnap.simulator.scanning", *args]


def common(url: str) -> list[str]:
    return ["--url", url, "--validator", VALIDATOR, "--secret", SECRET]


@pytest.mark.slow
@pytest.mark.parametrize("version", [2, 3])
def test_the_command_posts_days_that_are_over_and_says_the_truth(
    pair: Pair, version: int
) -> None:
    args = ["--days", "1", "--version", str(version), "--every", "0.2"]
    args += ["--fault", "duplicate", "--timezone", "UTC", "--access-points", "1"]
    days = {yesterday()}
    with running(command(*common(pair.url), *args)) as program:
        program.wait_for_output("presences", limit_s=120)
        program.wait_for(lambda: program.exit_code == 0, "ends")
        said = program.output()
    days.add(yesterday())  # midnight may have come
    assert {body["secret"] for body in pair.receiver.got} == {SECRET}
    seen = read(pair.receiver.got)
    (day,) = {one.at.date() for one in seen}
    assert day in days
    found = len(visits_of(seen, INSIDE_DBM, 300))
    assert f"  visits {found}, " in said
    assert f"Done: {len(pair.receiver.got)} posts" in said
    assert said.count("UTC: ") >= 1
    assert SECRET not in said


def test_the_command_replays_faster_than_time(pair: Pair) -> None:
    with running(command(*common(pair.url), "--speed", "600")) as program:
        begun_s = time.monotonic()
        wait_until(lambda: len(pair.receiver.got) > 60, "posts arrive")
        assert time.monotonic() - begun_s > 2
        assert program.stop(signal.SIGINT) == 0


def just_after_midnight() -> str:
    """Return a time zone whose day is young: there is little to catch up with."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT+{hour}" if hour <= 12 else f"Etc/GMT-{24 - hour}"


@pytest.mark.slow
def test_the_command_continues_in_real_time(pair: Pair, tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text(f"{SECRET}\n")
    args = ["--url", pair.url, "--validator", VALIDATOR, "--follow"]
    args += ["--secret-file", str(secret_file), "--visitors", "5"]
    args += ["--timezone", just_after_midnight(), "--access-points", "1"]
    with running(command(*args)) as program:
        wait_until(lambda: up_to_date(pair.receiver), "it has caught up", limit_s=120)
        assert program.stop(signal.SIGINT) == 0
    assert {body["secret"] for body in pair.receiver.got} == {SECRET}


def up_to_date(receiver: Receiver) -> bool:
    """Whether the last minutes were posted; phones rest for one now and then."""
    moments = [one.at for one in read(receiver.got[-8:])]
    return bool(moments) and datetime.now(UTC) - max(moments) < timedelta(minutes=4)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(["--speed", "2", "--follow"], "cannot be combined", id="two ways"),
        pytest.param(["--days", "0"], "invalid number above 0 value", id="no days"),
        pytest.param(["--timezone", "Mars/Base"], "unknown time zone", id="a zone"),
        pytest.param(["--days", "1", "--mqtt-host", "x"], "in real time", id="counts"),
        pytest.param(
            ["--secret-file", "x"], "not allowed with argument --secret", id="2 secrets"
        ),
    ],
)
def test_the_command_says_what_is_wrong_with_its_arguments(
    args: list[str], message: str
) -> None:
    done = run([*common("http://127.0.0.1:1/x"), *args])
    assert done.returncode == 2
    assert message in done.stderr


def test_a_command_that_cannot_continue_ends_with_one_line(pair: Pair) -> None:
    closed = f"http://127.0.0.1:{free_port()}/x"
    assert_one_line(run([*common(closed)]), "No handshake: GET answered nothing")
    mqtt = ["--mqtt-host", "127.0.0.1", "--mqtt-port", str(free_port())]
    assert_one_line(run([*common(pair.url), *mqtt]), "127.0.0.1:")
    missing = ["--url", pair.url, "--validator", "v", "--secret-file", "/nowhere/x"]
    assert_one_line(run(missing), "No such file")
    pair.receiver.answers = [403] * 100
    refused = run([*common(pair.url), "--days", "1", "--every", "60"])
    assert_one_line(refused, "A post was refused: answered 403")


def assert_one_line(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def run(args: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args), capture_output=True, text=True, timeout=60, check=False
    )
