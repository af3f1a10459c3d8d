"""Guard: no request of a usual size takes long, whatever is in its head and body.

Measured in this process on every address, as a stranger and as somebody who may use it:
processor time alone, so that other programs do not count.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from mvsnap.runtime.web_app import create_app
from mvsnap.web import auth, context
from tests.attacks.pathological import slowness
from tests.attacks.requests_of import BODY, HEAD, Shape, bodies, headers, queries
from tests.web.build import KEY, Web, token_of

TOKEN = "a-token-of-the-line-3"
_BADGE = {"timestamp": "timestamp", "user_id": "user_id", "reader": "reader"}
_RULES: list[dict[str, Any]] = [
    *({"name": f"{n}", "match": {"extraInfo.Name": f"Robot {n}*"}} for n in range(5)),
    {"name": "door", "match": {"reader": "*"}, "badge": _BADGE},
]
LIMIT_S = 0.1
_MOST_GROWTH = 8  # for four times as much; 4 is linear, 16 quadratic
_PROGRAMS = ("/api/", "/webhook", "/metrics", "/healthz", "/readyz")
# What a stranger reaches, each in another way.
_OPEN = ("/login", "/webhook", "/api/v1.0/getSnapshot", "/api/v1.0/badges", "/audit")
_WITH_HEADERS = ("/login", "/api/v1.0/getSnapshot", "/static/x", "/audit")


@dataclass(frozen=True, slots=True)
class Place:
    """An address with a method; `head` admits the caller, {} for a stranger."""

    method: str
    path: str
    head: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'' if self.head else ' (stranger)'}"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    made = Web(
        tmp_path_factory.mktemp("routes"),
        server={"rate_per_minute": 1_000_000},
        webhooks={"tokens": [{"name": "line", "token": TOKEN}], "rules": _RULES},
    )
    logging.disable(logging.CRITICAL)
    yield made
    logging.disable(logging.NOTSET)
    made.close()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    # Without what holds its answers against the description, which takes longer.
    return create_app(web.app.extensions[context.EXTENSION])


@pytest.fixture(scope="module")
def places(web: Web, app: Flask) -> list[Place]:
    browser = web.log_in()
    crumb = browser.get_cookie("mvsnap")
    assert crumb is not None
    person = {
        "Cookie": f"mvsnap={crumb.value}",
        "X-CSRFToken": token_of(browser.get("/")),
        "Accept": "text/html",
    }
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/scanning"):
            continue
        path = re.sub("<[^>]+>", "x", rule.rule.replace("<string:token>", TOKEN))
        head = {"X-API-Key": KEY} if path.startswith(_PROGRAMS) else person
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            found.append(Place(method, path, head))
            if path in _OPEN:
                found.append(Place(method, path, {}))
    return found


@pytest.mark.slow
def test_no_query_takes_long(app: Flask, places: list[Place]) -> None:
    # A page that is sent reads its form, not its query.
    these = [
        place
        for place in places
        if place.method == "GET" or place.path.startswith(_PROGRAMS)
    ]
    assert slow(app, these, list(queries()), HEAD) == []


def test_no_header_takes_long(app: Flask, places: list[Place]) -> None:
    these = [
        place
        for place in places
        if place.path in _WITH_HEADERS and place.method == "GET" and place.head
    ]
    these.append(Place("GET", "/static/mvsnap.css", {}))
    assert slow(app, these, list(headers()), HEAD) == []


def test_no_body_takes_long(app: Flask, places: list[Place]) -> None:
    these = [place for place in places if place.method == "POST"]
    assert slow(app, these, list(bodies()), BODY) == []


def test_control_a_slow_address_is_found(web: Web) -> None:
    app = create_app(web.app.extensions[context.EXTENSION])

    def busy() -> str:
        until = time.thread_time() + 2 * LIMIT_S * slowness()
        while time.thread_time() < until:
            pass
        return ""

    app.view_functions["ops.healthz"] = auth.public(busy)
    place = Place("GET", "/healthz", {})
    assert slow(app, [place], [Shape("nothing", lambda _: ("", {}, b""))], 1)


def slow(
    app: Flask, places: Iterable[Place], shapes: list[Shape], size: int
) -> list[str]:
    """Return the requests that took too long, or much longer than a quarter of them."""
    made = [(shape, shape.made(size)) for shape in shapes]
    return [
        f"{place} {shape.name}: {why}"
        for place in places
        for shape, content in made
        if (why := _why(app, place, shape, content, size))
    ]


def _why(app: Flask, place: Place, shape: Shape, content: Any, size: int) -> str:
    """Return what it took; measured again if it was slow, as a machine may be busy."""
    most_s, why = LIMIT_S * slowness(), ""
    for _ in range(3):
        took_s, status = _spent(app, place, content)
        assert not status.startswith("500"), f"{place} {shape.name}: {status}"
        if took_s < most_s / 5:
            return ""
        small_s, _ = _spent(app, place, shape.made(size // 4))
        if took_s < most_s and took_s < _MOST_GROWTH * small_s:
            return ""
        why = f"{1000 * small_s:.0f} ms for a quarter, {1000 * took_s:.0f} ms, {status}"
    return why


def _spent(app: Flask, place: Place, content: Any) -> tuple[float, str]:
    """Return the processor time of the answer, and its status."""
    query, head, body = content
    # Triggers do not wait for their job here.
    query = query or ("wait_s=0" if place.path.endswith("getSnapshot") else "")
    environ = EnvironBuilder(
        place.path, method=place.method, query_string=query, data=body
    ).get_environ()
    for name, value in (*head.items(), *place.head.items()):
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        joined = key == "HTTP_COOKIE" and key in environ
        environ[key] = f"{environ[key]}; {value}" if joined else value
    said = []

    def start_response(status: str, *_: object) -> Any:
        said.append(status)
        return lambda _: None

    began = time.thread_time()
    answer = app(environ, start_response)
    for _ in answer:
        pass
    if hasattr(answer, "close"):
        answer.close()
    return time.thread_time() - began, said[0]
