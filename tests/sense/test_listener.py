"""The listener between a real mosquitto and a real store; jobs are only noted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish
from sqlalchemy.exc import OperationalError

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.core.mutes import new_mute
from mvsnap.domain import (
    FULL_FRAME,
    Event,
    EventId,
    EventKind,
    Job,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.errors import OverShare, QueueFull
from mvsnap.metrics import Metrics
from mvsnap.sense.broker_connection import broker_of
from mvsnap.sense.listener import ListenerLoop
from mvsnap.sense.outbox import Outbox
from mvsnap.sense.rules import SenseRules
from mvsnap.sense.stores import Stores
from mvsnap.simulator.meraki.counts import CountsPublisher, camera_says, sensor_says
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.store import database
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.store.sharing.identities import renewed_ids
from mvsnap.store.site import SiteStore
from tests.core.build import GATE
from tests.sense.mqtt import receiving
from tests.servers.processes import wait_until

MAC = "38:84:79:00:C3:BA"
DOOR_KEY = Serial(MAC), ZoneId("door")
Row = tuple[Serial, ZoneId, int, int]


class Office:
    """Notes which jobs were submitted; may be full."""

    def __init__(self) -> None:
        self.jobs: dict[JobId, Job] = {}
        self.is_full = False
        self.is_over: Callable[[Job], bool] = lambda _: False
        self.asked = 0

    def submit(self, job: Job) -> None:
        self.asked += 1
        if self.is_full:
            raise QueueFull("full")
        if self.is_over(job):
            raise OverShare("enough")
        self.jobs[job.id] = job

    def known(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)


class Site:
    """One data_dir with its settings; listeners come and go."""

    def __init__(self, folder: Path, mosquitto: Mosquitto, **sense: Any) -> None:
        plain = {"enabled": True, "port": mosquitto.port, "people": 3, "dwell_s": 10}
        self.settings = Settings.model_validate(
            {
                "data_dir": folder,
                "meraki": {"cameras": [GATE]},
                "webex": {"bot_token": "token", "room": "Alarms"},
                "sense": plain | {"dropout_s": 2, "cooldown_s": 0} | sense,
            }
        )
        self.mosquitto = mosquitto
        engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(engine)
        db = database.Database(engine)
        self.store, self.sense, self.site = Store(db), SenseStore(db), SiteStore(db)
        self.office = Office()

    @contextmanager
    def listening(self, *, connected: bool = True) -> Iterator[ListenerLoop]:
        clock = SystemClock()
        stores = Stores(self.store, self.sense, self.site)
        organizations = CameraOrganizations(self.settings, clock)
        loop = ListenerLoop(
            self.settings, stores, self.office, clock, Metrics(), organizations
        )
        loop.start()
        try:
            if connected:
                wait_until(lambda: self.is_connected, "connected")
            yield loop
        finally:
            clock.stop()
            loop.stop()

    @property
    def is_connected(self) -> bool:
        return any(listener.connected for listener in self.sense.listeners())

    @contextmanager
    def publisher(self, qos: int = 0) -> Iterator[CountsPublisher]:
        login = self.settings.sense
        password = login.password.get_secret_value() if login.password else None
        with CountsPublisher(
            "127.0.0.1",
            self.mosquitto.port,
            username=login.username,
            password=password,
            ca_file=self.mosquitto.ca_file,
            qos=qos,
        ) as made:
            yield made

    def publish(self, rows: list[Row], qos: int = 0) -> None:
        with self.publisher(qos) as publisher:
            publisher.publish_replay(rows)

    def events(self, *kinds: EventKind) -> list[Event]:
        return self.store.events(EventFilter(kinds=kinds or None), 100)

    def wait_for_events(self, number: int) -> None:
        wait_until(lambda: len(self.events()) >= number, f"{number} events", 30)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Site]:
    made = Site(tmp_path, mosquitto)
    yield made
    made.store.close()


def crowd(begin_s: int, end_s: int, people: int = 4) -> list[Row]:
    """Return a count each second; second 0 was half a minute ago."""
    began_ms = round(time.time() * 1000) - 30_000
    seconds = range(begin_s, end_s + 1)
    return [(GATE, FULL_FRAME, began_ms + 1000 * s, people) for s in seconds]


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
        site.store.close()
    assert (event.kind, event.serial, event.job_id) == (EventKind.CROWD, GATE, job.id)
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


def sensor_site(folder: Path, mosquitto: Mosquitto) -> Site:
    return Site(
        folder,
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


def test_a_door_that_opens_and_a_button_take_a_snapshot(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
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
    site.store.close()


def test_a_retained_message_of_a_sensor_is_no_trigger(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
    with site.publisher() as publisher:
        publisher.publish([says("buttonReleased", action="longPress")], retain=True)
        publisher.publish([says("door", open=True)], retain=True)
    with site.listening(), site.publisher() as publisher:
        publisher.publish([says("buttonReleased", action="longPress", pressDuration=3)])
        wait_until(lambda: bool(site.office.jobs), "a job")
    assert [job.prefix for job in site.office.jobs.values()] == ["Panic"]
    site.store.close()


def test_a_full_queue_holds_the_sensor_s_job_until_there_is_room(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
    site.office.is_full = True
    with site.listening(), site.publisher(qos=1) as publisher:
        publisher.publish([says("door", open=True)])
        site.office.is_full = False
        wait_until(lambda: bool(site.office.jobs), "a job")
    site.store.close()


def test_a_job_nobody_accepted_is_not_acknowledged_at_the_end(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
    site.office.is_full = True
    with site.listening(), site.publisher(qos=1) as publisher:
        publisher.publish([says("door", open=True)])
        wait_until(lambda: site.office.asked > 0, "it was asked for")
    site.sense.save(Findings(states={DOOR_KEY: {"sensor": {}}}), now())
    site.office.is_full = False
    with site.listening(connected=False):
        wait_until(lambda: bool(site.office.jobs), "a job")
    site.store.close()


def test_counts_go_on_while_a_job_waits_for_room_in_the_queue(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
    site.office.is_full = True
    with site.listening():
        with site.publisher(qos=1) as publisher:
            publisher.publish([says("door", open=True)])
        wait_until(lambda: site.office.asked > 0, "it was asked for")
        site.publish(crowd(0, 40), qos=1)
        site.wait_for_events(1)
    site.store.close()


def test_a_door_that_is_open_still_after_a_restart_is_no_news(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
    with site.listening(), site.publisher() as publisher:
        publisher.publish([says("door", open=True)])
        wait_until(lambda: bool(site.office.jobs), "a job")
    with site.listening(), site.publisher() as publisher:
        publisher.publish([says("door", open=True)])
        publisher.publish([says("buttonReleased", action="longPress")])
        wait_until(lambda: len(site.office.jobs) == 2, "the button")
    assert [job.prefix for job in site.office.jobs.values()] == ["Door open", "Panic"]
    site.store.close()


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


def test_messages_published_while_switched_off_are_never_posted(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
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
    site.store.close()


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
    site.store.close()


def state_of(site: Site) -> str:
    return " ".join(listener.state for listener in site.sense.listeners())


def now() -> datetime:
    return datetime.now(UTC)


def now_ms() -> int:
    return round(time.time() * 1000)


def long_ago() -> datetime:
    return now() - timedelta(days=1)


def moment(row: Row) -> datetime:
    return datetime.fromtimestamp(row[2] / 1000, UTC)


def test_a_zone_or_sensor_over_its_share_holds_up_no_other(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = sensor_site(tmp_path, mosquitto)
    site.office.is_over = lambda job: job.prefix == "Door open"
    with site.listening(), site.publisher(qos=1) as publisher:
        publisher.publish([says("door", open=True)])
        publisher.publish([says("buttonReleased", action="longPress")])
        wait_until(lambda: bool(site.office.jobs), "the button has a job")
        assert [job.prefix for job in site.office.jobs.values()] == ["Panic"]
        site.office.is_over = lambda _: False
        wait_until(lambda: len(site.office.jobs) == 2, "so has the door")
    site.store.close()


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
