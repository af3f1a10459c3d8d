"""The listener between a real mosquitto and a real store; jobs are only noted."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish
from sqlalchemy.exc import OperationalError

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import SystemClock
from mvsnap.core.mutes import new_mute
from mvsnap.domain import (
    FULL_FRAME,
    Event,
    EventId,
    EventKind,
    JobId,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.errors import OverShare
from mvsnap.metrics import Metrics
from mvsnap.sense.broker_connection import broker_of
from mvsnap.sense.listener import ListenerLoop
from mvsnap.sense.outbox import Outbox
from mvsnap.sense.rules import SenseRules
from mvsnap.sense.stores import Stores
from mvsnap.simulator.meraki.counts import camera_says
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.store.sharing.identities import renewed_ids
from tests.core.build import GATE
from tests.sense.listener_site import Row, Site, crowd, now, state_of
from tests.sense.listener_site import mosquitto as mosquitto
from tests.sense.listener_site import site as site
from tests.sense.mqtt import receiving
from tests.servers.processes import wait_until


@pytest.mark.parametrize(
    ("options", "sense"),
    [
        pytest.param({}, {}, id="plain"),
        pytest.param({}, {"protocol": "5"}, id="MQTT 5"),
        pytest.param({"tls": True}, {"tls": True}, id="TLS"),
        pytest.param(
            {"username": "mv", "password": "geheim"},
            {"username": "mv", "password": "geheim"},
            id="password",
        ),
    ],
)
def test_a_crowd_becomes_an_event_and_a_job(
    tmp_path: Path, options: dict[str, Any], sense: dict[str, Any]
) -> None:
    with Mosquitto(tmp_path / "broker", **options) as mosquitto:
        if mosquitto.ca_file is not None:
            sense = sense | {"ca_file": mosquitto.ca_file}
        site = Site(tmp_path, mosquitto, **sense)
        with site.listening():
            site.publish(crowd(0, 10))
            wait_until(lambda: bool(site.office.jobs), "a job")
        (event,) = site.events()
        (job,) = site.office.jobs.values()
        assert (event.kind, event.serial, event.job_id) == (
            EventKind.CROWD,
            GATE,
            job.id,
        )
    assert (job.about, job.serials, job.rooms) == (event.id, (GATE,), ("Alarms",))
    assert (job.trigger.kind, job.prefix) == (TriggerKind.SENSE, "Crowd: 4 people")


def test_a_message_that_is_too_long_is_logged(
    site: Site, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    with site.listening():
        publish.single(
            f"/merakimv/{GATE}/0",
            "x" * 1_000_001,
            hostname="127.0.0.1",
            port=mosquitto.port,
        )
        reported = "1 messages dropped: longer than 1,000,000 bytes"
        wait_until(lambda: reported in caplog.text, "the log says so", 40)


def test_a_broker_that_dies_amid_a_crowd_costs_no_event_and_no_second_one(
    site: Site, mosquitto: Mosquitto
) -> None:
    with site.listening():
        site.publish(crowd(0, 5))
        wait_until(lambda: bool(site.sense.states(long_ago())), "the crowd is noted")
        mosquitto.kill()
        wait_until(lambda: not site.is_connected, "gone")
        mosquitto.start()
        wait_until(lambda: site.is_connected, "back again", 60)
        site.publish(crowd(6, 20))
        site.wait_for_events(1)
        site.publish([(GATE, FULL_FRAME, now_ms(), 0)])
        site.wait_for_events(2)
    assert [event.kind for event in site.events()] == [EventKind.END, EventKind.CROWD]
    (began,) = site.events(EventKind.CROWD)
    assert began.details["people"] == 4


def test_what_was_published_at_qos_1_while_nobody_listened_is_not_lost(
    site: Site,
) -> None:
    with site.listening():
        pass
    site.publish(crowd(0, 20), qos=1)
    with site.listening(connected=False):
        site.wait_for_events(1)
        wait_until(lambda: bool(site.office.jobs), "a job")


def test_a_listener_resumes_where_the_last_one_was(site: Site) -> None:
    rows = crowd(0, 10)
    with site.listening():
        site.publish(rows[:6])
        wait_until(lambda: bool(site.sense.states(long_ago())), "the crowd is noted")
    with site.listening():
        site.publish(rows[6:])
        site.wait_for_events(1)
    (event,) = site.events()
    assert event.occurred_at == moment(rows[0])


def test_a_muted_event_is_stored_but_never_posted(site: Site) -> None:
    now = datetime.now(UTC)
    site.site.mute(*new_mute(GATE, None, "5", "anna", now, UTC))
    with site.listening():
        site.publish(crowd(0, 10))
        site.wait_for_events(1)
    (event,) = site.events()
    assert event.details["muted_by"] == "anna"
    site.site.purge(now + timedelta(days=1))
    with site.listening():
        site.publish(crowd(20, 27, 0))
        site.wait_for_events(2)
    (job,) = site.office.jobs.values()
    assert (job.about, job.rooms) == (event.id, ())  # the picture is kept


def test_what_is_chosen_on_the_page_counts_within_two_seconds(site: Site) -> None:
    with site.listening():
        site.site.choose({"sense.people": 9, "sense.dwell_s": 0}, "anna", now(), [])
        rows = [(GATE, FULL_FRAME, 9)]

        def raised() -> bool:
            site.publish([(s, z, now_ms(), people) for s, z, people in rows])
            return bool(site.events())

        wait_until(raised, "a crowd of nine")
        assert site.events()[-1].details["limit"] == 9


def test_an_invalid_override_is_logged_once_and_the_file_applies(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.site.choose({"sense.people": -1}, "anna", now(), [])
    with site.listening():
        site.publish(crowd(0, 10))
        site.wait_for_events(1)
        site.site.choose({"sense.dwell_s": 9}, "anna", now(), [])
        wait_until(lambda: site.sense.last_seen() != {}, "some rounds later", 30)
    said = [r for r in caplog.records if "is not usable" in r.message]
    assert len(said) == 1


def test_sense_can_be_switched_off_and_on_again(site: Site) -> None:
    with site.listening():
        site.site.choose({"sense.enabled": False}, "anna", now(), [])
        wait_until(lambda: not site.is_connected, "switched off")
        site.publish(crowd(0, 20))
        site.site.choose({"sense.enabled": None}, "anna", now(), [])
        wait_until(lambda: site.is_connected, "on again")
        began_ms = now_ms()
        rows = [(GATE, FULL_FRAME, began_ms + 500 * n, 5) for n in range(22)]
        site.publish(rows)
        site.wait_for_events(1)
    (event,) = site.events()
    assert event.details["people"] == 5


def test_an_event_whose_job_was_not_submitted_gets_it_at_the_next_start(
    site: Site,
) -> None:
    site.office.is_full = True
    with site.listening():
        site.publish(crowd(0, 10))
        site.wait_for_events(1)
    assert site.office.jobs == {}
    site.office.is_full = False
    with site.listening(connected=False):
        wait_until(lambda: bool(site.office.jobs), "a job")
    (event,) = site.events()
    assert list(site.office.jobs) == [event.job_id]


def test_the_end_gets_a_job_of_its_own_for_the_same_rooms(site: Site) -> None:
    with site.listening():
        site.publish([*crowd(0, 20), *crowd(21, 25, 0)])
        wait_until(lambda: len(site.office.jobs) == 2, "two jobs")
    first, second = site.office.jobs.values()
    (end,) = site.events(EventKind.END)
    assert (second.about, second.serials) == (end.id, ())
    assert second.rooms == first.rooms
    assert second.rule == first.rule
    assert first.rule.startswith(f"sense {first.serials[0]} ")


def test_the_end_of_a_crowd_is_not_posted_while_it_is_muted(site: Site) -> None:
    with site.listening():
        site.publish(crowd(0, 10))
        wait_until(lambda: bool(site.office.jobs), "a job")
        site.site.mute(*new_mute(GATE, None, "5", "anna", now(), UTC))
        site.publish(crowd(20, 24, 0))
        site.wait_for_events(2)
    with site.listening():
        pass
    assert len(site.office.jobs) == 1


def test_switching_off_ends_what_is_under_way(site: Site) -> None:
    with site.listening():
        site.publish(crowd(0, 10))
        site.wait_for_events(1)
        site.site.choose({"sense.enabled": False}, "anna", now(), [])
        site.wait_for_events(2)
    assert site.events()[0].kind is EventKind.END


def test_a_second_listener_waits_and_takes_over(site: Site) -> None:
    with site.listening() as first, site.listening(connected=False):
        first._clock.stop()
        first.stop()
        assert not site.is_connected
        wait_until(lambda: site.is_connected, "taken over")
        site.publish(crowd(0, 10))
        site.wait_for_events(1)


def test_the_state_for_people_says_why_there_is_no_connection(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    site = Site(tmp_path, mosquitto)
    with site.listening(connected=False):
        wait_until(lambda: "refused" in state_of(site), "the reason")
    (listener,) = site.sense.listeners()
    assert not listener.connected


def now_ms() -> int:
    return round(time.time() * 1000)


def long_ago() -> datetime:
    return now() - timedelta(days=1)


def moment(row: Row) -> datetime:
    return datetime.fromtimestamp(row[2] / 1000, UTC)


def test_a_crowd_over_its_share_keeps_its_place(site: Site) -> None:
    zones = iter((True, False, False))
    site.office.is_over = lambda _: next(zones)
    outbox = Outbox(site.office, site.store, site.site, SystemClock(), rules_of(site))
    for number in range(2):
        outbox.put(raised(f"{number}"))
    with pytest.raises(OverShare):
        outbox._submit_all()
    assert [job.about for job in site.office.jobs.values()] == ["1"]
    outbox._submit_all()
    assert [job.about for job in site.office.jobs.values()] == ["1", "0"]


def rules_of(site: Site) -> SenseRules:
    return SenseRules(site.settings.sense, site.settings.recipients)


def raised(event_id: str) -> Event:
    return Event(
        id=EventId(event_id),
        kind=EventKind.CROWD,
        occurred_at=now(),
        recorded_at=now(),
        serial=GATE,
        job_id=JobId(f"job {event_id}"),
        trigger=Trigger(TriggerKind.SENSE, "Door"),
        zone_id=ZoneId("1"),
        details={"raised_at": now().isoformat()},
    )


def test_a_copy_of_this_machine_at_the_broker_leads_to_a_new_id(
    site: Site, mosquitto: Mosquitto
) -> None:
    with site.listening():
        data_dir = site.settings.data_dir
        before = (data_dir / "listener-id").read_text()
        copy = broker_of(site.settings.sense, before)
        with receiving(copy, connected=False):
            wait_until(
                lambda: (data_dir / "listener-id").read_text() != before, "a new id"
            )
            after = (data_dir / "listener-id").read_text()
            wait_until(
                lambda: any(
                    one.listener_id == after and one.connected
                    for one in site.sense.listeners()
                ),
                "connected with it",
            )
        assert f"another machine had the id {before}" in renewed_ids(data_dir)
        assert after in renewed_ids(data_dir)


def test_what_an_outage_holds_up_does_not_put_off_what_is_due_after_it(
    site: Site,
) -> None:
    """As of zones that are taken over while the store is away: see `_take_over`."""
    clock = SystemClock()
    loop = ListenerLoop(
        site.settings,
        Stores(site.store, site.sense, site.site),
        site.office,
        clock,
        Metrics(),
        CameraOrganizations(site.settings, clock),
    )
    first_ms = now_ms() - 2000

    def count(ts_ms: int) -> None:
        topic, body = camera_says(
            GATE, FULL_FRAME, {"ts": ts_ms, "counts": {"person": 1}}
        )
        loop._detector.process([(topic.encode(), body.encode(), False, False)], now())

    engine = site.store._db.engine
    count(first_ms)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE watches RENAME TO away")
    with pytest.raises(OperationalError):
        loop._save_if_due()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO watches")
    count(first_ms + 1000)
    for what, put_off_s in (("save", 3600), ("checkpoint", 0)):
        loop._every[what].put_off(put_off_s)
    loop._save_if_due()
    state = site.sense.states(long_ago())[GATE, FULL_FRAME]
    assert state["presence"][1] == first_ms + 1000
