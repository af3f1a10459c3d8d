"""A person with an authenticator app, for the tests of the second factor."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import pyotp
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.clients.fakes import FakeClock
from tests.web.build import PASSWORD, token_of

PAGE = "/account/second-factor"


@dataclass
class App:
    """The app on a phone, whose clock may be off."""

    secret: str
    clock: FakeClock
    recovery_codes: list[str]

    def code(self, later_s: float = 0) -> str:
        return pyotp.TOTP(self.secret).at(int(self.clock.now().timestamp() + later_s))


def submit(client: FlaskClient, url: str, **fields: str) -> TestResponse:
    """Send a form with the token of the account's own pages."""
    token = token_of(client.get(PAGE))
    return client.post(url, data={"csrf_token": token} | fields)


def begin(client: FlaskClient, clock: FakeClock, **fields: str) -> App:
    """Enter the password again and read the key."""
    asked = {"action": "app", "password": PASSWORD} | fields
    page = submit(client, PAGE, **asked)
    assert page.status_code == 200, page.text
    found = re.search(r'<code class="user-select-all">([A-Z2-7 ]+)</code>', page.text)
    assert found, page.text
    return App(found[1].replace(" ", ""), clock, [])


def codes_on(page: TestResponse) -> list[str]:
    found = re.findall(r'<li><code class="user-select-all">([^<]+)<', page.text)
    return [html.unescape(code) for code in found]


def enrol(client: FlaskClient, clock: FakeClock) -> App:
    """Set up an app; time passes, so that its next code is a new one."""
    app = begin(client, clock)
    page = submit(client, f"{PAGE}/confirm", code=app.code())
    assert page.status_code == 200, page.text
    app.recovery_codes = codes_on(page)
    clock.pass_time(60)
    return app


def send_code(client: FlaskClient, code: str) -> TestResponse:
    """Answer the page that asks for a code after the password."""
    token = token_of(client.get("/login/code"))
    return client.post("/login/code", data={"csrf_token": token, "code": code})
