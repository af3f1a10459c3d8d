"""A bot that calls the simulated Webex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from mvsnap.simulator.webex.webex import FakeWebex


@dataclass
class Bot:
    webex: FakeWebex
    url: str

    @property
    def room_id(self) -> str:
        return self.webex.rooms[0].id

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Authorization"] = f"Bearer {self.webex.bot_token}"
            return session.request(method, self.url + path, timeout=10, **given)

    def post(self, **body: Any) -> requests.Response:
        return self.ask("POST", "/v1/messages", json=body)

    def post_url(self, *urls: str) -> requests.Response:
        return self.post(roomId=self.room_id, files=list(urls))

    def upload(self, name: str, data: bytes, kind: str) -> str:
        """Post a file and return its id."""
        self.ask(
            "POST",
            "/v1/messages",
            data={"roomId": self.room_id},
            files={"files": (name, data, kind)},
        )
        return self.webex.messages[-1].files[0].id
