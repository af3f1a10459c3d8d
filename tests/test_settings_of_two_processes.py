"""What an admin makes on a page of one process holds in another, without a restart."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from tests.cli.run import mvsnap
from tests.gateway import KEY, Gateway, clouds, gateway
from tests.servers.processes import wait_until
from tests.servers.receivers import Receiver, receiver

PASSWORD = "a-password-for-the-tests"
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


class Admin:
    """Fills in forms, as a browser does."""

    def __init__(self, gateway: Gateway) -> None:
        self._session = gateway.session()
        self._url = gateway.url
        self.send("/login", name="adam", password=PASSWORD)

    def send(self, path: str, **fields: str) -> None:
        page = self._session.get(f"{self._url}{path}", timeout=30).text
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        known = re.search(r'name="known_at" value="([^"]*)"', page)
        assert token, page
        form = {"csrf_token": token[1], "known_at": known[1] if known else ""}
        to = f"{self._url}{path.removesuffix('/add').partition('/of/')[0]}"
        answer = self._session.post(
            to, data=form | fields, timeout=30, allow_redirects=False
        )
        assert answer.status_code == 303, answer.text


def titles(till: Receiver) -> list[str]:
    return [str(json.loads(post.body)) for post in list(till.kept)]


def test_entries_of_one_process_hold_in_another(tmp_path: Path) -> None:
    with clouds() as made, receiver() as till:
        settings = made.settings()
        with (
            gateway(tmp_path, settings, roles="web") as one,
            gateway(tmp_path, settings, roles="web,worker") as two,
        ):
            add = ("users", "add", "adam", "--role", "admin", "--password-file", "-")
            assert mvsnap(tmp_path, *add, stdin=f"{PASSWORD}\n").code == 0
            admin, entries = Admin(one), "/settings/entries"
            url = f"http://127.0.0.1:{till.port}/till"
            channel = {"kind": "webhook", "name": "Till", "url": url, "secret": SECRET}
            admin.send(f"{entries}/channels/add", **channel)
            rule = {"name": "Jam", "match": "title: Jam*", "room": "Till"}
            admin.send(f"{entries}/webhook-rules/add", **rule, cameras=made.serials[0])
            rounds = {"name": "Rounds", "cron": "*/5 * * * * *", "prefix": "Rounds"}
            admin.send(f"{entries}/schedules/add", **rounds, room="Till")
            wait_until(lambda: "Rounds" in str(titles(till)), "a picture", limit_s=90)

            alarm = requests.post(
                f"{two.url}/webhook",
                json={"title": "Jam of line 4"},
                headers={"X-API-Key": KEY},
                timeout=30,
            )
            assert alarm.status_code == 202, alarm.text
            wait_until(lambda: "Jam of" in str(titles(till)), "the rule", limit_s=60)

            other_day = datetime.now(UTC) + timedelta(days=3)
            hours = {"when": f"{other_day:%a}".lower(), "outside": "never"}
            changed = channel | hours | {"url": "", "secret": ""}
            admin.send(f"{entries}/channels/of/Till", **changed)

            def states() -> set[str]:
                found = one.get("/api/v1.0/events", limit="3").json()["events"]
                return {event["state"] for event in found}

            wait_until(lambda: "quiet" in states(), "quiet hours", limit_s=60)
