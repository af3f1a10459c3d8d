"""The demo at the terminal. What it starts is tested where it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from paho.mqtt import client as mqtt

from mvsnap.cli import demo_phones
from mvsnap.cli.demo import show_message
from mvsnap.cli.demo_triggers import show_curl
from mvsnap.cli.demo_visitors import seed
from mvsnap.cli.demo_world import SENSOR, sense_settings, soon_due
from mvsnap.domain import FULL_FRAME
from mvsnap.simulator.meraki.counts import sensor_says
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.webex.model import SimFile, SimMessage
from mvsnap.store import database
from mvsnap.visitors.rules import CountedSpans, hours_of, last_days
from mvsnap.visitors.store import VisitorStore

BEGAN = datetime(2026, 11, 29, 23, 58, tzinfo=UTC)


@pytest.mark.parametrize("second", range(0, 180, 7))
def test_the_schedule_is_due_soon_but_not_before_the_gateway_is_up(second: int) -> None:
    began = BEGAN + timedelta(seconds=second)
    ready = began + timedelta(seconds=20)
    due = croniter(soon_due(began), ready).get_next(datetime)
    assert due - began <= timedelta(seconds=80)


def test_what_the_sensor_of_the_demo_says_is_a_trigger() -> None:
    (trigger,) = sense_settings(1883)["triggers"]
    topic, payload = sensor_says("N_1", SENSOR, "door", BEGAN, open=True)
    assert mqtt.topic_matches_sub(trigger["topic"], topic)
    assert json.loads(payload).items() >= trigger["match"].items()


@pytest.mark.parametrize("hour", [0, 23])
def test_a_week_of_the_demo_has_another_one_before_it(
    tmp_path: Path, hour: int
) -> None:
    now = datetime(2026, 11, 30, hour, 5, tzinfo=UTC)
    url = database.sqlite_url(tmp_path / "db")
    engine = database.open_database(url)
    database.upgrade(engine)
    db = database.Database(engine)
    store, zone = VisitorStore(db), ZoneInfo("UTC")
    (camera,) = FakeDashboard(cameras=1).cameras.values()
    seed(store, [camera], zone, now)
    today, key = now.date(), (camera.serial, FULL_FRAME)
    week = last_days(today - timedelta(days=7), zone, 7)
    assert store.totals(week)[key].entrances > 0
    hours = hours_of(last_days(today - timedelta(days=7), zone, 1)[0], zone)
    assert store.hour_totals(hours)[key].entrances > 0
    assert key in store.totals(last_days(today - timedelta(days=1), zone, 1))
    assert key not in store.totals(last_days(today, zone, 1))  # the gateway asks
    so_far = hours_of(last_days(today, zone, 1)[0], zone)[:hour]
    whole = store.sums.whole(CountedSpans((), tuple(so_far)))
    assert (key in whole) is bool(hour)


def test_phones_come_on_each_of_two_weeks_and_again() -> None:
    cameras = [*FakeDashboard(cameras=2).cameras.values()]
    days = [*demo_phones.earlier(cameras)]
    assert [day.end for day in days[:-1]] == [day.begin for day in days[1:]]
    oldest = datetime.now(UTC) - days[0].begin
    # A week is compared with the one before it; what is older is refused.
    kept = timedelta(days=demo_phones.SETTINGS["keep_observations_days"])
    assert timedelta(days=14) <= oldest <= kept
    first, last = (
        {walk.phone.mac for walk in day.walks if walk.phone}
        for day in (days[0], days[-1])
    )
    assert first & last
    assert first - last


def test_a_message_is_shown_line_by_line_and_without_links(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (
        "**Crowd: 5 people** · Gate North · Entrance  \n3 or more people  \n"
        "[Video of the crowd](https://n1.meraki.com/a/very/long/address)"
    )
    show_message(
        SimMessage(
            *("id", "room", "", text, "thread", None),
            files=[SimFile("file", "a.jpg", "image/jpeg", b"." * 80_123)],
            created=BEGAN,
        )
    )
    assert capsys.readouterr().out.splitlines() == [
        "    Crowd: 5 people · Gate North · Entrance",
        "      3 or more people",
        "      image/jpeg, 80 kB",
    ]


def test_a_command_can_be_copied_from_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "http://127.0.0.1:65535/api/v1.0/getSnapshot"
    show_curl(
        url, {"mvSerial": ",".join(["Q2SM-0000-0001"] * 3), "prefix": "Door open"}
    )
    *others, last = capsys.readouterr().out.splitlines()
    assert all(line.endswith(" \\") for line in others)
    assert last.strip() == url
    assert max(map(len, (*others, last))) <= 80
