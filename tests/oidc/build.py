"""A gateway whose people log in with a provider, honest or odd."""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from mvsnap.domain import Change
from mvsnap.store.audit import AuditFilter
from tests.changes import log_line
from tests.oidc.odd_provider import (
    CLIENT,
    SECRET,
    OddProvider,
    new_key,
    odd_provider,
)
from tests.web.build import Web

PUBLIC = "https://gate.example/mvsnap"
NUMBERS = itertools.count()
ROLES = {"admin": ["it"], "reviewer": ["guards"], "viewer": ["staff"]}
NOW = int(time.time())


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return new_key()


@pytest.fixture(scope="module")
def running(key: RSAKey) -> Iterator[OddProvider]:
    with odd_provider(key) as found:
        yield found


@pytest.fixture(scope="module")
def database(
    running: OddProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    made = web_of(running.url, tmp_path_factory.mktemp("web"))
    yield made
    made.close()


@pytest.fixture
def odd(running: OddProvider, key: RSAKey) -> OddProvider:
    """Return the provider as it is before a test makes it misbehave."""
    fresh = OddProvider(key, running.url, person("anna", "staff"))
    vars(running).update(vars(fresh))
    return running


@pytest.fixture
def web(odd: OddProvider, database: Web) -> Web:
    """Return a gateway that has not asked the provider yet, and knows nobody."""
    for user in database.users.users():
        database.users.remove(user.name, change(f"user {user.name}"))
    database.app = database.fresh_app()
    return database


def web_of(issuer: str, folder: Path, **more: Any) -> Web:
    ours = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET}
    oidc = {**ours, "roles": ROLES, **more}
    login = {"backend": "oidc", "oidc": oidc}
    return Web(folder, login=login, site={"public_url": PUBLIC})


def change(what: str) -> Change:
    return log_line(datetime.now(UTC), "tests", what, "", "")


def person(name: str, *groups: str, sub: str | None = None) -> dict[str, Any]:
    # A provider never gives the id of a session again.
    said = {"preferred_username": name, "groups": [*groups], "sid": f"s{next(NUMBERS)}"}
    return {"sub": sub or f"sub-{name}", **said}


def start(client: FlaskClient, next_page: str = "") -> str:
    """Return where the browser is sent to."""
    answer = client.get("/login/oidc", query_string={"next": next_page})
    assert answer.status_code == 303, answer.text
    return answer.location


def back(client: FlaskClient, **answer: str) -> TestResponse:
    return client.get("/login/oidc/callback", query_string=answer)


def come(odd: OddProvider, client: FlaskClient, next_page: str = "") -> TestResponse:
    """Go to the provider and come back with a code."""
    code, state = odd.code_for(start(client, next_page))
    return back(client, code=code, state=state)


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def audited(web: Web) -> list[tuple[str, str, str]]:
    lines = [line.change for line in web.audit.lines(AuditFilter(), 99)]
    return [(c.who, c.what, c.after) for c in lines]


def deep() -> str:
    """Return a part of a token with more brackets than a parser can open."""
    text = '{"alg":' + "[" * 4000
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def tell(web: Web, token: str) -> TestResponse:
    return web.app.test_client().post(
        "/login/oidc/logout", data={"logout_token": token}
    )
