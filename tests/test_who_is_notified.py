"""Grouping and escalation by a real gateway that is killed in between."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.gateway import ROOM, Clouds, clouds, gateway
from tests.servers.processes import wait_until

NIGHT = "Site B - Alarms"
TRIGGERS = 5
# All of them come within it, also on a busy machine.
SOON_S = 15


def texts(simulated: Clouds, room: str) -> list[str]:
    """Return the messages that a room has got, without replies."""
    ids = {one.id for one in simulated.webex.rooms if one.title == room}
    found = [m for m in list(simulated.webex.messages) if m.room_id in ids]
    return [m.markdown or "" for m in found if not m.parent_id]


def test_a_group_and_an_escalation_survive_a_power_cut(tmp_path: Path) -> None:
    with clouds() as simulated:
        webex = simulated.settings()["webex"] | {
            "group": {"messages": 1, "within_s": SOON_S},
            "escalation": {"after_s": SOON_S, "to": NIGHT},
        }
        url = {"public_url": "https://gateway.example"}
        settings = simulated.settings(webex=webex, site=url)
        with gateway(tmp_path, settings) as served:

            def press(number: int) -> None:
                answer = served.snapshot(prefix=f"#{number}")
                assert answer.status_code == 200, answer.text

            press(0)
            with ThreadPoolExecutor(TRIGGERS - 1) as pool:
                list(pool.map(press, range(1, TRIGGERS)))
            served.kill()
            served.start()
            wait_until(
                lambda: bool(texts(simulated, NIGHT)), "it escalated", limit_s=60
            )
            wait_until(
                lambda: len(texts(simulated, ROOM)) > 1, "the group is over", limit_s=60
            )
            expected = ["grouped"] * (TRIGGERS - 1) + ["notified"]

            def states() -> list[str]:
                events = served.get("/api/v1.0/events").json()["events"]
                return [event["state"] for event in events]

            wait_until(lambda: states() == expected, "the states are known")
    first, group = texts(simulated, ROOM)
    assert "#0" in first
    assert re.search(r"\[Seen\]\(https://gateway.example/evidence/\S+/seen\?", first)
    assert f"{TRIGGERS - 1} more messages" in group
    (escalated,) = texts(simulated, NIGHT)
    assert "#0" in escalated
    assert "Nobody else has confirmed this yet" in escalated
