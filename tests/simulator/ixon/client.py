"""A caller of the simulated IXON Cloud, with all the headers it wants."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import requests

from mvsnap.simulator.ixon.ixon import COMPANY_ID, FakeIxon


@dataclass
class Client:
    ixon: FakeIxon
    origin: str

    def ask(
        self, method: str, path: str, *, version: int = 2, **given: Any
    ) -> requests.Response:
        """Ask the API with all headers; `headers` replaces some of them."""
        prefix = "IXapi" if version == 1 else "Api"
        headers = {
            f"{prefix}-Version": str(version),
            f"{prefix}-Application": self.ixon.application_id,
            f"{prefix}-Company": COMPANY_ID,
            "Authorization": f"Bearer {self.ixon.service_token}",
        }
        headers.update(given.pop("headers", {}))
        base = f"{self.origin}/{'v1' if version == 1 else 'api'}"
        return self.fetch(base + path, method, headers=headers, **given)

    def fetch(self, url: str, method: str = "GET", **given: Any) -> requests.Response:
        given.setdefault("timeout", 10)
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, url, allow_redirects=False, **given)

    def sign_in(
        self, otp: str = "", *, expires_in: Any = 60, version: int = 2
    ) -> requests.Response:
        text = f"{self.ixon.email}:{otp}:{self.ixon.password}"
        basic = "Basic " + base64.b64encode(text.encode()).decode()
        path = "/access/tokens" if version == 1 else "/access-tokens"
        return self.ask(
            "POST",
            path,
            version=version,
            headers={"Authorization": basic},
            params={"fields": "secretId"},
            json={"expiresIn": expires_in},
        )

    def open(self) -> dict[str, str]:
        """Open a web access and return the cookie header."""
        made = self.ask("POST", "/web-access", json=self.wanted())
        assert made.status_code == 201
        entered = self.fetch(made.json()["data"]["url"])
        assert (entered.status_code, entered.headers["Location"]) == (302, "/")
        return {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}

    def wanted(self) -> dict[str, Any]:
        return {"server": {"publicId": self.ixon.agents[0].servers[0].id}}


def words(answer: requests.Response) -> tuple[int, str | None, str]:
    """Return status, property and message of a refusal."""
    body = answer.json()
    assert (body["type"], body["status"]) == ("Error", "error")
    row = body["data"][0]
    return answer.status_code, row["propertyName"], row["message"]
