"""Crowds while the service is killed again and again: each is posted, none is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mvsnap.domain import ZoneId
from mvsnap.simulator.meraki.counts import CountsPublisher, Crowd, zone_ids
from mvsnap.simulator.mqtt.broker import Mosquitto
from tests.gateway import Clouds, Gateway, clouds, gateway
from tests.servers.processes import wait_until

CROWDS, KILLS = 12, 10
REPEAT = "This message may be a duplicate."


@pytest.mark.slow
def test_every_crowd_at_qos_1_is_posted_although_the_service_is_killed(
    tmp_path: Path,
) -> None:
    with Mosquitto(tmp_path / "broker", max_inflight=0) as mqtt, clouds() as made:
        cameras = list(made.dashboard.cameras.values())
        zones = [(c.serial, zone) for c in cameras for zone in zone_ids(c, 3)]
        script = [
            Crowd(serial, ZoneId(zone), 2.0 + 1.5 * number, 6.0 + 1.5 * number, 5)
            for number, (serial, zone) in enumerate(zones[:CROWDS])
        ]
        sense = {
            "enabled": True,
            "port": mqtt.port,
            "people": 3,
            "dwell_s": 2,
            "dropout_s": 1,
            "full_frame": "always",
        }
        publisher = CountsPublisher(
            "127.0.0.1", mqtt.port, cameras, zones=3, script=script, seed=None, qos=1
        )
        with gateway(
            tmp_path, made.settings(sense=sense), roles="web,worker,sense"
        ) as running:
            wait_until(lambda: "connected to" in running.output(), "connected")
            with publisher:
                for _ in range(KILLS):
                    running.kill_after(1.2)
                    running.start()
                wait_for_end(publisher, script)
            wait_until(lambda: len(told(made)) == CROWDS, "told", 60)
            wait_until(lambda: not waiting(running), "no job waits", 60)
            # The listener may be behind: it stores an end when it has read that far.
            wait_until(lambda: kinds(running)["end"] >= CROWDS, "all are over", 60)
            wait_until(lambda: not waiting(running), "nor one about an end", 60)
            found = kinds(running)
    assert found == {"crowd": CROWDS, "end": CROWDS}
    assert set(told(made).values()) <= {0, 1}


def kinds(running: Gateway) -> Counter[str]:
    events = running.get("/api/v1.0/events", kind="crowd,end").json()["events"]
    return Counter(event["kind"] for event in events)


def wait_for_end(publisher: CountsPublisher, script: list[Crowd]) -> None:
    """Wait until the last crowd has been gone for longer than a drop-out."""
    over_s = max(crowd.ends_s for crowd in script) + 4
    messages = 3.5 * CROWDS * over_s
    wait_until(lambda: publisher.sent >= messages, "the script is over", 120)


def told(made: Clouds) -> Counter[str]:
    """Count the crowds in the messages by camera and zone, but for marked repeats.

    0: only a repeat came. The kill was between the note of the first try and its call.
    """
    found: Counter[str] = Counter()
    for message in list(made.webex.messages):
        text = message.markdown
        if "Crowd: " in text:
            found[text.splitlines()[0]] += REPEAT not in text
    return found


def waiting(running: Gateway) -> int:
    text = running.get("/metrics").text
    (line,) = [x for x in text.splitlines() if x.startswith("mvsnap_jobs_waiting ")]
    return int(float(line.split()[1]))
