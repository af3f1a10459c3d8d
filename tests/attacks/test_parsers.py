"""Pathological text in every part of a request, sent to the running service."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator

import pytest

from tests.attacks.harness import KEY, TOKEN, Attacked, Attacking, attacked
from tests.attacks.harness import again_and_again as sends

SNAPSHOT, BADGES = "/api/v1.0/getSnapshot", "/api/v1.0/badges"
HOOK = f"/webhook/{TOKEN}"
RULE = {"name": "robots", "match": {"extraInfo.Device name": "Robot *"}}
BADGE = {
    "name": "door",
    "match": {"kind": "door"},
    "badge": {"timestamp": "when", "user_id": "who", "reader": "where"},
}
JSON = {"Content-Type": "application/json"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
BLANKS = " " * 800_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("parsers")
    hooks = {"tokens": [{"name": "line", "token": TOKEN}], "rules": [RULE, BADGE]}
    with attacked(folder, webhooks=hooks) as running:
        yield running


def posts(path: str, content: object, *, key: str = KEY) -> Attacking:
    return sends("POST", path, json.dumps(content).encode(), JSON | {"X-API-Key": key})


def swipe(time: str) -> dict[str, str]:
    return {"timestamp": time, "user_id": "1", "reader": "Gate"}


# Large texts, made only where they are sent.
ATTACKS: dict[str, Callable[[], Attacking]] = {
    "query names without a key": lambda: sends(
        "GET", f"{SNAPSHOT}?{'&'.join(f'a{n}=1' for n in range(2000))}"
    ),
    "an Accept header of blanks": lambda: sends(
        "GET", SNAPSHOT, None, {"Accept": " " * 15_000}
    ),
    "cookies": lambda: sends("GET", "/login", None, {"Cookie": "a=1; " * 3000}),
    "ranges": lambda: sends(
        "GET", "/static/mvsnap.css", None, {"Range": "bytes=" + "0-," * 5000}
    ),
    "a badge time of blanks": lambda: posts(BADGES, swipe(f"2026-03-04{BLANKS}x")),
    "a badge time of line ends": lambda: posts(BADGES, swipe("\n" * 800_000)),
    "a badge number of marks": lambda: posts(
        BADGES,
        swipe("2026-03-04T12:00:00Z")
        | {"user_id": "\u0301" * 60_000 + "\u0327" * 60_000},
    ),
    "a badge time of blanks by a rule": lambda: posts(
        HOOK,
        {"kind": "door", "who": "1", "where": "Gate"}
        | {"when": f"2026-03-04{' ' * 200_000}x"},
    ),
    "a value for a rule": lambda: posts(
        HOOK, {"extraInfo": {"Device name": "robot " * 40_000}, "title": "a"}
    ),
    "a camera's name in a room": lambda: posts(
        SNAPSHOT, {"webexRoom": "\u0327\u0301" * 20_000}
    ),
    "lists of lists without a key": lambda: sends(
        "POST", SNAPSHOT, b"[" + b"[]," * 300_000 + b"[]]", JSON
    ),
    "deep JSON without a key": lambda: sends(
        "POST", "/webhook", b'{"a":' * 50_000, JSON
    ),
    "flat JSON": lambda: sends(
        "POST",
        BADGES,
        b"{%s}" % b",".join(b'"a%d":1' % n for n in range(90_000)),
        JSON | {"X-API-Key": KEY},
    ),
    "a long number": lambda: sends(
        "POST", HOOK, b'{"a":' + b"9" * 200_000 + b"}", JSON
    ),
    "parts": lambda: sends("POST", HOOK, PART * 4000 + b"--x--\r\n", MULTIPART),
    "parts without a key": lambda: sends("POST", SNAPSHOT, PART * 15_000, MULTIPART),
    "a compressed body": lambda: sends(
        "POST",
        HOOK,
        gzip.compress(b'{"a": "' + b" " * 50_000_000),
        JSON | {"Content-Encoding": "gzip"},
    ),
}
REFUSED = {400, 401, 413, 416, 429, 431}
# What is slow keeps the first of them waiting that come after it, and all others.
TRIGGERS = 8


@pytest.mark.parametrize("name", ATTACKS)
def test_a_device_is_answered_meanwhile(service: Attacked, name: str) -> None:
    attack = service.while_attacked(ATTACKS[name](), threads=2, triggers=TRIGGERS)
    answered = {status for status in attack.statuses if status}
    assert answered <= REFUSED | {200, 202}, attack.statuses


def test_it_ends_in_time_under_attack(service: Attacked) -> None:
    service.ends_while_attacked(ATTACKS["a badge time of blanks"]())
