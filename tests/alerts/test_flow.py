"""From a broker that dies to the room, with a real broker, and a watcher that is real.

The site is killed between the end of the trouble and its message.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Response

from mvsnap.simulator.faults import Fault
from mvsnap.simulator.mqtt.broker import Mosquitto
from tests.clients.fakes import answering
from tests.gateway import Clouds, Gateway, clouds, gateway, write_config
from tests.servers.processes import wait_until

SECRET = "a1b2c3d4-secret-of-the-watcher"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path / "broker")
    made.start()
    yield made
    made.stop()


def texts(simulated: Clouds, head: str) -> list[str]:
    found = [one.markdown for one in simulated.webex.messages]
    # The advice about a listener names the broker, too.
    return [text for text in found if head in text and "**MQTT broker**" in text]


def names(served: Gateway) -> set[str]:
    rows = served.get("/api/v1.0/status").json()["rows"]
    return {str(row["name"]) for row in rows}


def broker_is(served: Gateway, health: str) -> bool:
    rows = served.get("/api/v1.0/status").json()["rows"]
    (found,) = (row["health"] for row in rows if row["name"] == "MQTT broker")
    return bool(found == health)


def test_a_broker_in_trouble_is_reported_and_its_end(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    pinged = threading.Event()

    def watcher(_method: str, path: str) -> Response:
        assert path == f"/{SECRET}"
        pinged.set()
        return Response("OK")

    with clouds() as simulated, answering(watcher) as origin:
        settings = simulated.settings(
            sense={"enabled": True, "port": mosquitto.port},
            alerts={"channel": "Site B - Alarms", "after_s": 2, "kinds": ["disk"]},
        )

        def reload() -> None:
            write_config(tmp_path, settings)
            os.kill(served.pid, signal.SIGHUP)

        with gateway(tmp_path, settings, roles="web,worker,sense") as served:
            wait_until(lambda: broker_is(served, "ok"), "the broker is connected")
            settings["heartbeat_url"] = f"{origin}/{SECRET}"  # a reload is followed
            reload()
            wait_until(pinged.is_set, "the watcher of a reload hears")
            wait_until(lambda: "Heartbeat" in names(served), "it is on the status")
            pinged.clear()
            mosquitto.stop()
            wait_until(lambda: broker_is(served, "trouble"), "the broker is away")
            del settings["alerts"]["kinds"]
            reload()
            wait_until(lambda: bool(texts(simulated, "In trouble")), "it is reported")
            assert "needs a restart" not in served.output()
            simulated.webex.faults.add(Fault("503-html", "/messages", times=-1))
            mosquitto.start()
            wait_until(lambda: broker_is(served, "ok"), "the broker is back")
            served.kill_after(0.1)
            served.start()
            simulated.webex.faults.clear()
            wait_until(lambda: bool(texts(simulated, "Over")), "its end is reported")
            wait_until(pinged.is_set, "the watcher hears that all is well")
            said = served.output()
    assert len(texts(simulated, "In trouble")) == 1
    assert len(texts(simulated, "Over")) == 1
    assert all(one.parent_id is None for one in simulated.webex.messages)
    assert SECRET not in said
    assert "Traceback" not in said
