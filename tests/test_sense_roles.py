"""Each role in a process of its own, on the same store."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from mvsnap.simulator.meraki.counts import CountsPublisher, zone_ids
from mvsnap.simulator.mqtt.broker import Mosquitto
from tests.gateway import clouds, gateway
from tests.servers.processes import wait_until
from tests.servers.relay import Relay


@pytest.mark.slow
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_a_crowd_received_by_one_process_is_posted_by_another_and_shown_by_a_third(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    with Mosquitto(tmp_path / "broker") as mqtt, clouds(cameras=2) as made:
        sense = {"enabled": True, "port": mqtt.port, "people": 3, "dwell_s": 1}
        settings = made.settings(sense=sense | {"dropout_s": 1})
        if database == "PostgreSQL":
            settings["database_url"] = request.getfixturevalue("postgres_url")
        cameras = list(made.dashboard.cameras.values())
        with (
            gateway(tmp_path, settings, roles="worker"),
            gateway(tmp_path, settings, roles="sense") as ears,
            gateway(tmp_path, settings, roles="web") as web,
            CountsPublisher("127.0.0.1", mqtt.port, cameras, seed=None) as counts,
        ):
            wait_until(lambda: "connected to" in ears.output(), "connected")
            counts.crowd_now(cameras[0].serial, zone_ids(cameras[0], 1)[1], 4, 4)
            wait_until(lambda: len(made.webex.messages) == 2, "both messages", 60)
            events = web.get("/api/v1.0/events").json()["events"]
            ready = web.get("/readyz").json()
    first, end = made.webex.messages
    assert end.parent_id == first.id
    assert len(first.files) == 1
    assert sorted(event["kind"] for event in events) == ["crowd", "end", "snapshot"]
    assert ready["parts"]["sense"] == "ok"


@pytest.mark.slow
def test_a_crowd_during_a_database_outage_is_posted_afterwards(
    tmp_path: Path, postgres_url: str
) -> None:
    with (
        Mosquitto(tmp_path / "broker") as mqtt,
        clouds(cameras=1) as made,
        Relay(make_url(postgres_url).port or 0) as relay,
    ):
        through = make_url(postgres_url).set(port=relay.port)
        settings = made.settings(
            database_url=through.render_as_string(hide_password=False),
            sense={"enabled": True, "port": mqtt.port, "people": 3, "dwell_s": 2},
        )
        cameras = list(made.dashboard.cameras.values())
        with (
            gateway(tmp_path, settings, roles="web,worker,sense") as running,
            CountsPublisher("127.0.0.1", mqtt.port, cameras, seed=None) as counts,
        ):
            wait_until(lambda: "connected to" in running.output(), "connected")
            relay.cut()
            wait_until(lambda: "listener: waiting" in running.output(), "it is noticed")
            counts.crowd_now(cameras[0].serial, zone_ids(cameras[0], 1)[1], 4, 600)
            sent = counts.sent
            # Twice the dwell, counted in messages of two topics.
            wait_until(lambda: counts.sent > sent + 28, "a crowd has gathered")
            relay.mend()
            wait_until(lambda: bool(made.webex.messages), "it is told", 90)
            crowds = running.get("/api/v1.0/events", kind="crowd").json()["events"]
    assert len(crowds) == 1
    assert len(made.webex.messages) == 1
