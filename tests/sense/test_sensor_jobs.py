"""Jobs of sensors, between a real mosquitto and a real store; they are only noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mvsnap.domain import (
    Serial,
    TriggerKind,
    ZoneId,
)
from mvsnap.simulator.meraki.counts import sensor_says
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.store.sense import Findings
from tests.core.build import GATE
from tests.sense.listener_site import MAC, Site, crowd, now, state_of
from tests.sense.listener_site import mosquitto as mosquitto
from tests.servers.processes import wait_until

DOOR_KEY = Serial(MAC), ZoneId("door")


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Site:
    return Site(
        tmp_path,
        mosquitto,
        triggers=[
            {
                "topic": f"meraki/v1/mt/+/ble/{MAC}/door",
                "match": {"open": True},
                "title": "Door open",
            },
            {
                "topic": "meraki/v1/mt/+/ble/+/buttonReleased",
                "match": {"action": "longPress"},
                "title": "Panic",
            },
        ],
    )


def says(metric: str, **values: Any) -> tuple[str, str]:
    return sensor_says("N_123456789012345678", MAC, metric, now(), **values)


def test_a_door_that_opens_and_a_button_take_a_snapshot(site: Site) -> None:
    with site.listening(), site.publisher() as publisher:
        publisher.publish(
            [
                says("door", open=True),
                says("door", open=True),
                says("door", open=False),
                says("buttonReleased", action="short press"),
                says("buttonReleased", action="long press"),
                says("temperature", celsius=21.5),
            ]
        )
        wait_until(lambda: len(site.office.jobs) == 2, "two jobs")
    assert [job.prefix for job in site.office.jobs.values()] == ["Door open", "Panic"]
    names = [job.rule for job in site.office.jobs.values()]
    assert names == ["sense.triggers 0", "sense.triggers 1"]
    jobs = list(site.office.jobs.values())
    assert {(job.trigger.kind, job.serials, job.rooms) for job in jobs} == {
        (TriggerKind.SENSOR, (GATE,), ("Alarms",))
    }
    assert jobs[0].trigger.by == f"{MAC}/door"


def test_a_retained_message_of_a_sensor_is_no_trigger(site: Site) -> None:
    with site.publisher() as publisher:
        publisher.publish([says("buttonReleased", action="longPress")], retain=True)
        publisher.publish([says("door", open=True)], retain=True)
    with site.listening(), site.publisher() as publisher:
        publisher.publish([says("buttonReleased", action="longPress", pressDuration=3)])
        wait_until(lambda: bool(site.office.jobs), "a job")
    assert [job.prefix for job in site.office.jobs.values()] == ["Panic"]


def test_a_full_queue_holds_the_sensor_s_job_until_there_is_room(site: Site) -> None:
    site.office.is_full = True
    with site.listening(), site.publisher(qos=1) as publisher:
        publisher.publish([says("door", open=True)])
        site.office.is_full = False
        wait_until(lambda: bool(site.office.jobs), "a job")


def test_a_job_nobody_accepted_is_not_acknowledged_at_the_end(site: Site) -> None:
    site.office.is_full = True
    with site.listening(), site.publisher(qos=1) as publisher:
        publisher.publish([says("door", open=True)])
        wait_until(lambda: site.office.asked > 0, "it was asked for")
    site.sense.save(Findings(states={DOOR_KEY: {"sensor": {}}}), now())
    site.office.is_full = False
    with site.listening(connected=False):
        wait_until(lambda: bool(site.office.jobs), "a job")


def test_counts_go_on_while_a_job_waits_for_room_in_the_queue(site: Site) -> None:
    site.office.is_full = True
    with site.listening():
        with site.publisher(qos=1) as publisher:
            publisher.publish([says("door", open=True)])
        wait_until(lambda: site.office.asked > 0, "it was asked for")
        site.publish(crowd(0, 40), qos=1)
        site.wait_for_events(1)


def test_a_door_that_is_open_still_after_a_restart_is_no_news(site: Site) -> None:
    with site.listening(), site.publisher() as publisher:
        publisher.publish([says("door", open=True)])
        wait_until(lambda: bool(site.office.jobs), "a job")
    with site.listening(), site.publisher() as publisher:
        publisher.publish([says("door", open=True)])
        publisher.publish([says("buttonReleased", action="longPress")])
        wait_until(lambda: len(site.office.jobs) == 2, "the button")
    assert [job.prefix for job in site.office.jobs.values()] == ["Door open", "Panic"]


def test_a_zone_or_sensor_over_its_share_holds_up_no_other(site: Site) -> None:
    site.office.is_over = lambda job: job.prefix == "Door open"
    with site.listening(), site.publisher(qos=1) as publisher:
        publisher.publish([says("door", open=True)])
        publisher.publish([says("buttonReleased", action="longPress")])
        wait_until(lambda: bool(site.office.jobs), "the button has a job")
        assert [job.prefix for job in site.office.jobs.values()] == ["Panic"]
        site.office.is_over = lambda _: False
        wait_until(lambda: len(site.office.jobs) == 2, "so has the door")


def test_messages_published_while_switched_off_are_never_posted(site: Site) -> None:
    with site.listening():
        site.site.choose({"sense.enabled": False}, "anna", now(), [])
        wait_until(lambda: "switched off" in state_of(site), "switched off")
        with site.publisher(qos=1) as publisher:
            publisher.publish([says("buttonReleased", action="longPress")])
        site.site.choose({"sense.enabled": None}, "anna", now(), [])
        wait_until(lambda: site.is_connected, "on again")
        with site.publisher() as publisher:
            publisher.publish([says("door", open=True)])
        wait_until(lambda: bool(site.office.jobs), "the door")
    assert [job.prefix for job in site.office.jobs.values()] == ["Door open"]
