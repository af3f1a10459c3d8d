"""A few lines of Webex whose every answer a test can replace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from flask import Response, request

from mvsnap.clients.webex.client import Webex
from tests.clients.fakes import SECRET_TOKEN, answering

GROUP_A = {"id": "ROOM-A", "title": "Site A - Alarms", "type": "group"}
GROUP_B = {"id": "ROOM-B", "title": "Site B - Alarms", "type": "group"}


class StubWebex:
    """`pages` of rooms; `instead` answers (and is used up) before anything else."""

    def __init__(self) -> None:
        self.pages: list[list[dict[str, Any]]] = [[GROUP_A], [], [GROUP_B]]
        self.people: list[dict[str, Any]] = []  # whatever name is asked for
        self.instead: list[Response] = []
        self.asked: list[str] = []
        self.posted: list[dict[str, Any]] = []
        self.files: list[tuple[str | None, str, bytes]] = []
        self.tokens: set[str] = set()

    def answer(self, method: str, path: str) -> Response:
        self.asked.append(f"{method} {path}")
        self.tokens.add(request.headers["Authorization"])
        if self.instead:
            return self.instead.pop(0)
        if path == "/v1/people/me":
            me = {"displayName": "mvsnap", "emails": ["mvsnap@webex.bot"]}
            return as_json(me)
        if path.startswith("/v1/people?"):
            return as_json({"items": self.people})
        if path.startswith("/v1/rooms"):
            return self._page(int(request.args.get("cursor", 0)))
        self.posted.append(request.get_json(silent=True) or dict(request.form))
        self.files += [
            (f.filename, f.mimetype, f.read()) for f in request.files.values()
        ]
        return as_json({"id": f"MESSAGE-{len(self.posted)}"})

    def _page(self, number: int) -> Response:
        response = as_json({"items": self.pages[number]})
        if number + 1 < len(self.pages):
            url = f"{request.base_url}?max=1000&cursor={number + 1}"
            response.headers["Link"] = f'<{url}>; rel="next"'
        return response


def as_json(data: Any, status: int = 200, **headers: str) -> Response:
    return Response(
        json.dumps(data), status, content_type="application/json", headers=headers
    )


@contextmanager
def bot(origin: str, *, timeout_s: int = 5) -> Iterator[Webex]:
    with closing(Webex(f"{origin}/v1", f"{SECRET_TOKEN}\n", timeout_s=timeout_s)) as b:
        yield b


@contextmanager
def served(stub: StubWebex) -> Iterator[Webex]:
    with answering(stub.answer) as origin, bot(origin) as webex:
        yield webex
