"""Messages of one camera that become few, while the service is killed.

Counted is what the receiver kept: each trigger is a message of its own or in a number.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.channels import MESSAGES, SECRET, trigger
from benchmarks.line import Line
from mvsnap.simulator.picture import draw_picture
from tests.gateway import clouds, gateway
from tests.servers.receivers import Post, receiver

KILLS = 5
MOST, WITHIN_S = 3, 10
PATIENCE_S = 300.0
_GROUP = re.compile(r"(\d+) more messages?\b")


def groups() -> list[Line]:
    """200 triggers of one camera, three messages in ten seconds at most."""
    with ExitStack() as stack:
        program = stack.enter_context(receiver())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulated = stack.enter_context(clouds())
        simulated.dashboard.rate_limit = None
        now = datetime.now(UTC)
        simulated.dashboard.picture_bytes = draw_picture("gate", "", "", 1, now)
        channel = {
            "name": "program",
            "kind": "webhook",
            "url": f"http://127.0.0.1:{program.port}/",
            "secret": SECRET,
            "group": {"messages": MOST, "within_s": WITHIN_S},
        }
        settings = simulated.settings(
            server={"rate_per_minute": 100_000}, channels=[channel]
        )
        served = stack.enter_context(gateway(folder, settings))
        sender = threading.Thread(target=trigger, args=(served.url, ["program"]))
        sender.start()
        moments = random.Random(16)
        for _ in range(KILLS):
            served.kill_after(moments.uniform(0.5, 4.0))
            served.start()
        sender.join()
        deadline = time.monotonic() + PATIENCE_S
        while sum(_counted(program.kept)) < MESSAGES and time.monotonic() < deadline:
            time.sleep(0.5)
        time.sleep(2 * WITHIN_S)  # what would be too many
        return [_line(program.kept)]


def _line(kept: list[Post]) -> Line:
    alone, grouped = _counted(kept)
    lost, messages = MESSAGES - alone - grouped, len(_texts(kept))
    return Line(
        f"{MESSAGES} messages in groups, {KILLS} kills",
        "-",
        "0 lost, each counted once",
        lost,
        "lost",
        f"{alone} by themselves, {grouped} in {messages - alone} others",
    )


def _counted(kept: list[Post]) -> tuple[int, int]:
    """Return how many came by themselves, and the sum of the numbers."""
    texts = _texts(kept)
    found = [int(group[1]) for text in texts if (group := _GROUP.search(text))]
    return len(texts) - len(found), sum(found)


def _texts(kept: list[Post]) -> list[str]:
    """Return the text of each message; a repeat has the id of the first."""
    by_id = {
        post.headers["webhook-id"]: str(json.loads(post.body)["data"]["text"])
        for post in list(kept)
    }
    return list(by_id.values())
