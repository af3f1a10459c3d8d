"""While Webex is away: pictures are taken, and what waits goes on when it is back.

MVTEST_BACKLOG: how many jobs wait; thousands take some minutes.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from mvsnap.simulator.faults import Fault
from tests.cli.run import mvsnap
from tests.gateway import KEY, ROOM, Clouds, Gateway, clouds, gateway
from tests.servers.processes import wait_until

JOBS = int(os.environ.get("MVTEST_BACKLOG", "60"))
POST = "POST .*/messages"
# Of some jobs there is a thread: its head, then the pictures.
EVERY_FIFTH = 5
# So late the picture of now is taken for a request; later, that of its moment.
LIVE_S = 35.0

log = logging.getLogger(__name__)


def press(running: Gateway, prefix: str, serials: str) -> float:
    """Return when the trigger was accepted, in seconds since 1970."""
    answer = running.session().get(
        f"{running.url}/api/v1.0/getSnapshot",
        params={"prefix": prefix, "wait_s": "0", "mvSerial": serials},
        headers={"X-API-Key": KEY},
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    return time.time()


def told(simulated: Clouds) -> dict[str, int]:
    """Return how many messages there are of each prefix."""
    found: dict[str, int] = defaultdict(int)
    for message in list(simulated.webex.messages):
        for prefix in re.findall(r"Job-\d+-|Button", message.markdown or ""):
            found[prefix] += 1
    return found


def test_a_button_is_posted_at_once_and_the_others_in_order(tmp_path: Path) -> None:
    with clouds() as simulated:
        simulated.dashboard.rate_limit = None
        simulated.webex.faults.add(Fault("503-html", POST, times=-1))
        settings = simulated.settings(
            server={"queue_size": 3 * JOBS + 100, "rate_per_minute": 100_000}
        )
        one, several = simulated.serials[0], ",".join(simulated.serials[:2])
        with gateway(tmp_path, settings) as running:

            def trigger(number: int) -> float:
                serials = several if number % EVERY_FIFTH == 0 else one
                return press(running, f"Job-{number}-", serials)

            began_s = time.monotonic()
            with ThreadPoolExecutor(4) as pool:
                accepted = list(pool.map(trigger, range(JOBS)))
            pictures = JOBS + len(range(0, JOBS, EVERY_FIFTH))
            limit_s = 60 + pictures / 2
            wait_until(
                lambda: len(list(tmp_path.rglob("*.jpg"))) >= pictures,
                f"{pictures} pictures although Webex is away",
                limit_s,
            )
            taken_s = time.monotonic() - began_s
            assert told(simulated) == {}
            what_waits_is_listed(tmp_path)
            simulated.webex.faults.clear()
            back_s = time.monotonic()
            press(running, "Button", one)
            wait_until(lambda: told(simulated)["Button"] == 1, "the button", 60)
            button_s = time.monotonic() - back_s
            wait_until(
                lambda: len(told(simulated)) == JOBS + 1,
                "all others",
                60 + JOBS / 2,
            )
            wait_until(lambda: len(simulated.webex.messages) >= messages(), "all", 60)
            all_s = time.monotonic() - back_s
            events = running.get("/api/v1.0/events", limit="500").json()["events"]
    log.warning("%d: %.0f s, then %.1f s, %.0f s", JOBS, taken_s, button_s, all_s)
    threads_are_in_order(simulated)
    # Whatever a busy machine takes for each: it does not wait behind the others.
    came = [message.markdown or "" for message in simulated.webex.messages]
    assert [n for n, text in enumerate(came) if "Button" in text][0] < messages() / 2
    for event in events:
        number = re.fullmatch(r"Job-(\d+)-", event["title"])
        if number:
            at = datetime.fromisoformat(event["occurred_at"]).astimezone(UTC)
            assert abs(at.timestamp() - accepted[int(number[1])]) < LIVE_S


def what_waits_is_listed(folder: Path) -> None:
    said = mvsnap(folder, "jobs", "--json", "--limit", "10000")
    listed = json.loads(said.out)
    assert len(listed) == JOBS
    assert {job["state"] for job in listed} == {"waiting"}
    reasons = {job["reason"] for job in listed if job["waits_for"] == f"room {ROOM}"}
    assert any("503" in reason for reason in reasons)
    table = mvsnap(folder, "jobs", "--limit", "5", COLUMNS="80").out
    assert listed[0]["id"] in table
    again = mvsnap(folder, "jobs", "retry", listed[-1]["id"])
    assert (again.code, again.err) == (0, "")
    assert mvsnap(folder, "jobs", "retry", "nobody").code == 1


def messages() -> int:
    threads = len(range(0, JOBS, EVERY_FIFTH))
    return (JOBS - threads) + 3 * threads + 1


def threads_are_in_order(simulated: Clouds) -> None:
    """Every message is posted once, and none before the head of its thread."""
    found = list(simulated.webex.messages)
    assert len(found) == messages()
    ids = [message.id for message in found]
    for place, message in enumerate(found):
        assert "may be a duplicate" not in (message.markdown or "")
        if message.parent_id is not None:
            assert ids.index(message.parent_id) < place
