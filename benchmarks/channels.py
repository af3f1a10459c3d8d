"""Messages by every kind of channel, with receivers in trouble and a service killed.

Each trigger goes to all channels. Counted is what their receivers kept.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import requests
from standardwebhooks import Webhook

from benchmarks.line import Line
from mvsnap.simulator.picture import draw_picture
from tests.gateway import KEY, Gateway, clouds, gateway
from tests.servers.certificates import make_pair
from tests.servers.mail import mail_server, text_of
from tests.servers.receivers import Post, receiver

MESSAGES = 200
KILLS = 10
PATIENCE_S = 900.0
SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
REPEAT = "may be a duplicate"
_NUMBER = re.compile(r"#(\d{3})")
# Of all attempts: away, too many, kept without an answer, a file refused.
_SHARES = {"away": 0.06, "429": 0.02, "silent": 0.04, "file": 0.05}
_OUTAGE = 12  # attempts in a row that find nobody


@dataclass(frozen=True)
class Counted:
    """entry: of the settings. texts: returns what the receiver kept, until now."""

    entry: dict[str, Any]
    texts: Callable[[], list[str]]

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    def by_number(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for text in self.texts():
            if number := _NUMBER.search(text):
                found.setdefault(int(number[1]), []).append(text)
        return found

    def line(self) -> Line:
        came = self.by_number()
        every = [text for texts in came.values() for text in texts]
        repeats = len(every) - len(came)
        marked = sum(REPEAT in text for text in every)
        unmarked = sum(
            max(sum(REPEAT not in text for text in texts) - 1, 0)
            for texts in came.values()
        )
        lost = MESSAGES - len(came)
        return Line(
            f"{MESSAGES} messages by {self.name}, {KILLS} kills",
            "-",
            "0 lost, 0 repeats unmarked",
            lost,
            "lost",
            f"{repeats} repeats, {unmarked} of them unmarked; {marked} say they may be"
            " one",
            unmarked == 0,
        )


def channels() -> list[Line]:
    """200 triggers, each to a mail server, ntfy, Teams and a program."""
    with ExitStack() as stack:
        receivers = list(stack.enter_context(_receivers()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulated = stack.enter_context(clouds())
        simulated.dashboard.rate_limit = None
        now = datetime.now(UTC)
        simulated.dashboard.picture_bytes = draw_picture("gate", "", "", 1, now)
        settings = simulated.settings(
            server={"rate_per_minute": 100_000},
            channels=[one.entry for one in receivers],
        )
        served = stack.enter_context(gateway(folder, settings))
        sender = threading.Thread(
            target=trigger, args=(served.url, [one.name for one in receivers])
        )
        sender.start()
        moments = random.Random(15)
        for _ in range(KILLS):
            served.kill_after(moments.uniform(1.0, 10.0))
            served.start()
        sender.join()
        deadline = time.monotonic() + PATIENCE_S
        while not _all_over(served, receivers) and time.monotonic() < deadline:
            time.sleep(0.5)
    return [one.line() for one in receivers]


def _all_over(served: Gateway, receivers: list[Counted]) -> bool:
    if any(len(one.by_number()) < MESSAGES for one in receivers):
        return False
    return "mvsnap_jobs_waiting 0.0" in served.get("/metrics").text


def trigger(url: str, rooms: list[str]) -> None:
    """Send each trigger until it is accepted, as a device would."""
    session = Gateway.session()
    for number in range(MESSAGES):
        asked = {"prefix": f"#{number:03d}", "wait_s": "0", "webexRoom": rooms}
        headers = {"X-API-Key": KEY, "Idempotency-Key": f"trigger {number}"}
        while not _is_accepted(session, url, asked, headers):
            time.sleep(0.2)


def _is_accepted(
    session: requests.Session, url: str, asked: dict[str, Any], headers: dict[str, str]
) -> bool:
    try:
        address = f"{url}/api/v1.0/getSnapshot"
        answer = session.get(address, params=asked, headers=headers, timeout=20)
    except requests.RequestException:
        return False
    return answer.status_code // 100 == 2


@contextmanager
def _receivers() -> Iterator[list[Counted]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mail = stack.enter_context(mail_server())
        ntfy, mes = (stack.enter_context(receiver()) for _ in range(2))
        teams = stack.enter_context(receiver(tls=make_pair(folder)))
        mail.troubles = _troubles(1, away="451", too_many="421")
        for seed, one in enumerate((ntfy, mes, teams), 2):
            one.troubles = _troubles(seed, away="503", too_many="429")
        to = "from=cam@site.example&to=guard@site.example"
        flow = f"127.0.0.1:{teams.port}/3f6b0c1d2e/3f6b0c1d2e?verify=no"
        yield [
            Counted(
                _apprise("mail", f"mailto://127.0.0.1:{mail.port}/?{to}"),
                lambda: [f"{one['Subject']}\n{text_of(one)}" for one in mail.kept],
            ),
            Counted(
                _apprise("ntfy", f"ntfy://127.0.0.1:{ntfy.port}/topic-1"),
                lambda: [_of_ntfy(post) for post in ntfy.kept],
            ),
            Counted(
                _apprise("teams", f"workflows://{flow}"),
                lambda: [post.body.decode() for post in teams.kept],
            ),
            Counted(
                {
                    "name": "webhook",
                    "kind": "webhook",
                    "url": f"http://127.0.0.1:{mes.port}/",
                    "secret": SECRET,
                },
                lambda: [_of_program(post) for post in mes.kept],
            ),
        ]


def _apprise(name: str, url: str) -> dict[str, Any]:
    return {"name": name, "kind": "apprise", "url": url}


def _of_ntfy(post: Post) -> str:
    """With a file, the words are in the address."""
    return unquote_plus(post.path) if post.has_file else post.body.decode()


def _of_program(post: Post) -> str:
    # Those of the beginning are too old for the library by now.
    headers = post.headers
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    signed = Webhook(SECRET).sign(headers["webhook-id"], sent_at, post.body.decode())
    assert signed == headers["webhook-signature"]
    return str(json.loads(post.body)["data"]["text"])


def _troubles(seed: int, *, away: str, too_many: str) -> list[str]:
    chosen = random.Random(seed)
    words = {"away": away, "429": too_many}
    kinds, weights = [*_SHARES, ""], [*_SHARES.values(), 1 - sum(_SHARES.values())]
    found = [words.get(k, k) for k in chosen.choices(kinds, weights, k=10 * MESSAGES)]
    found[MESSAGES // 3 : MESSAGES // 3] = [away] * _OUTAGE
    return found
