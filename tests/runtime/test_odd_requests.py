"""No operation gives an answer that its description does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from mvsnap.domain import EventId
from tests.core import build
from tests.core.build import NOON
from tests.runtime.secret_settings import SETTINGS, TOKEN
from tests.web.build import Web
from tests.web.described import described

EVENT = "11111111-1111-4111-8111-111111111111"
LARGE = b"x" * 1_200_000
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ODD: dict[str, dict[str, Any]] = {
    "as it should be": {},
    "large body": {"data": LARGE, "content_type": JSON},
    "large form": {"data": b"a=" + LARGE, "content_type": FORM},
    "parts": {"data": LARGE, "content_type": "multipart/form-data; boundary=x"},
    "no JSON": {"data": b"{", "content_type": JSON},
    "no text": {"data": b"\0\xff", "content_type": "text/plain; charset=nonsense"},
    "not packed": {"data": b"{}", "headers": {"Content-Encoding": "gzip"}},
    "packed strangely": {"data": b"{}", "headers": {"Content-Encoding": "br"}},
    "part of it": {"headers": {"Range": "bytes=0-1"}},
    "no such part": {"headers": {"Range": "bytes=9999-"}},
    "another file": {"headers": {"If-Match": '"x"'}},
    "any file": {"headers": {"If-None-Match": "*"}},
    "picture wanted": {"headers": {"Accept": "image/png"}},
    "long head": {"headers": {"X-Long": "x" * 20_000}},
    "wrong key": {"headers": {"X-API-Key": "a-wrong-key-of-somebody"}},
    "long id": {"headers": {"Idempotency-Key": "x" * 300}},
}
OPERATIONS = [
    (method, path)
    for path, operations in described()["paths"].items()
    for method in operations
]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    made = Web(tmp_path_factory.mktemp("data"), **SETTINGS)
    picture = made.files.save_snapshot(EventId(EVENT), NOON, bytes(1000))
    made.store.add_event(build.event(id=EventId(EVENT), snapshot_path=picture))
    yield made
    made.close()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_odd_request_gets_an_answer_of_the_description(
    web: Web, method: str, path: str
) -> None:
    responses = described()["paths"][path][method]["responses"]
    address = re.sub(r"{\w+}", EVENT, path.replace("{token}", TOKEN))
    if path.endswith("/getSnapshot"):
        address += "?wait_s=0"
    client = web.client()
    found = {
        name: client.open(address, method=method.upper(), buffered=True, **odd)
        for name, odd in ODD.items()
    }
    statuses = {name: str(answer.status_code) for name, answer in found.items()}
    assert {name: s for name, s in statuses.items() if s not in responses} == {}
    assert statuses["long head"] == "431"


def test_control_the_odd_requests_reach_the_rarer_answers(web: Web) -> None:
    client = web.client()
    statuses = {
        client.open(address, method=method, buffered=True, **ODD[odd]).status_code
        for method, address, odd in (
            ("GET", f"/api/v1.0/events/{EVENT}/snapshot.jpg", "part of it"),
            ("GET", f"/api/v1.0/events/{EVENT}/snapshot.jpg", "no such part"),
            ("GET", f"/api/v1.0/events/{EVENT}/snapshot.jpg", "another file"),
            ("GET", f"/api/v1.0/events/{EVENT}/snapshot.jpg", "any file"),
            ("GET", "/api/v1.0/events", "large form"),
            ("POST", "/webhook", "packed strangely"),
        )
    }
    assert statuses == {206, 416, 412, 304, 413, 415}
