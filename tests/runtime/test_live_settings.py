"""What is made on a page holds in other processes, without a restart."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from mvsnap.config.entries import Entry, judge
from mvsnap.config.model import Settings
from mvsnap.domain import EventId, EventKind
from mvsnap.errors import MvsnapError, UpstreamError
from mvsnap.runtime import Parts
from mvsnap.runtime.entry_trial import try_entry
from mvsnap.runtime.in_force import settings_in_force
from mvsnap.runtime.reporting import status_sources
from mvsnap.runtime.worker import schedules
from mvsnap.status.read import used_services
from mvsnap.store.events.alarm_messages import StoredMessage, add_alarm
from mvsnap.upstreams import Upstream, service_name
from tests.core import build
from tests.recorder.conftest import steady_camera as steady_camera
from tests.servers.rtsp import RtspCamera
from tests.store.fixtures import url as url

GATE = "Q2SM-0000-0001"
NOW = datetime(2026, 11, 29, tzinfo=UTC)
TILL = Entry(
    "channels",
    "Till",
    {
        "kind": "webhook",
        "url": "http://127.0.0.1:9/hook",
        "secret": "whsec_" + base64.b64encode(b"s" * 32).decode(),
        "when": [{"days": "mon", "from": "08:00", "to": "18:00"}],
    },
    NOW,
    "anna",
)
NOON = Entry("schedules", "Noon", {"cron": "0 12 * * *", "room": "till"}, NOW, "anna")


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return Settings.model_validate(
        {
            "site": {"timezone": "Europe/Berlin"},
            "data_dir": tmp_path,
            "database_url": url,
            "meraki": {"api_key": "a-dashboard-key", "cameras": [GATE]},
            "schedules": [{"cron": "0 8 * * *"}],
        }
    )


@pytest.fixture
def here(settings: Settings) -> Iterator[Parts]:
    parts = Parts(settings)
    yield parts
    parts.store.close()


@pytest.fixture
def other(here: Parts) -> Iterator[Parts]:
    """Yield another process, which began before anything was made."""
    parts = Parts(here.live.file)
    yield parts
    parts.store.close()


def test_entries_hold_in_another_process(here: Parts, other: Parts) -> None:
    channels, rules = other.channels(), other.notice_rules()
    with pytest.raises(UpstreamError):
        channels.find("Till")
    assert [one.cron for one in schedules(other)] == ["0 8 * * *"]
    assert here.entries.put(TILL, None, [])
    assert here.entries.put(NOON, None, [])
    other.live.look()
    assert channels.find("till")[0] is channels.find("Till")[0]
    assert rules.of_room("Till").hours
    assert [(one.cron, one.rooms) for one in schedules(other)] == [
        ("0 8 * * *", ()),
        ("0 12 * * *", ("Till",)),
    ]
    before = schedules(other)[1].name
    later = Entry(*("schedules", "Noon", {"cron": "5 12 * * *"}, NOW.replace(hour=1)))
    assert not here.entries.put(later, NOW.replace(hour=2), [])
    assert here.entries.put(later, NOW, [])
    other.live.look()
    assert schedules(other)[1].name != before
    # A start, and a command beside the service, see them, too.
    again = Parts(here.live.file)
    assert [one.cron for one in again.settings.schedules] == ["0 8 * * *", "5 12 * * *"]
    again.store.close()
    assert settings_in_force(here.live.file).settings.recipients.is_channel("Till")


def test_a_channel_is_watched_by_a_process_that_began_before(
    here: Parts, other: Parts
) -> None:
    sources = status_sources(other, Mock(), Mock())
    till = service_name(Upstream.CHANNEL, "Till")
    assert till not in used_services(sources.settings, listens=False)
    assert here.entries.put(TILL, None, [])
    other.live.look()
    assert till in used_services(sources.settings, listens=False)


def test_a_start_without_a_database_has_those_of_the_file(tmp_path: Path) -> None:
    file = Settings.model_validate({"data_dir": tmp_path})
    assert settings_in_force(file).settings is file
    assert list(tmp_path.iterdir()) == []


def test_a_schedule_is_tried_in_the_sites_time(here: Parts) -> None:
    first, *runs = try_entry(here, here.live.now(), NOON).lines
    assert first == "The next runs:"
    assert len(runs) == 5
    assert all(run.endswith(" 12:00:00") for run in runs)


def test_a_channel_that_nobody_answers_is_said(here: Parts) -> None:
    assert here.entries.put(TILL, None, [])
    here.live.look()
    with pytest.raises(UpstreamError):
        try_entry(here, here.live.now(), TILL)


def test_a_rule_is_tried_on_the_messages_that_came(here: Parts) -> None:
    rule = {"match": {"title": ["Gripper*"]}, "actions": ["snapshot"]}
    entry = Entry("webhook-rules", "Gripper", rule, NOW, "anna")
    assert here.entries.put(entry, None, [])
    here.live.look()
    (waits,) = try_entry(here, here.live.now(), entry).lines
    assert waits.startswith("No message has come yet.")
    for title in ("Gripper lost its carton", "Door open"):
        message = StoredMessage.of(f'{{"title": "{title}"}}', "Line 4", [])
        alarm = build.event(
            id=EventId(title), kind=EventKind.ALARM, recorded_at=NOW, occurred_at=NOW
        )
        add_alarm(here.store, alarm, message)
    assert try_entry(here, here.live.now(), entry).lines == (
        "It matches 1 of the last 2 messages.",
        "Sun 2026-11-29 01:00:00 from Line 4",
        "For each: snapshot; of the token's cameras.",
    )


def test_a_camera_is_recorded_after_a_restart(here: Parts, other: Parts) -> None:
    line = {"url": "rtsp://127.0.0.1:9/line", "post_roll_s": "5"}
    assert here.entries.put(
        Entry("recording-cameras", "line", line, NOW, "anna"), None, []
    )
    other.live.look()
    assert list(other.live.now().recorder.cameras) == []
    # Of a reload of the file, too: what runs does not record it yet.
    reloaded = other.following(other.live.file, other.live)
    assert list(reloaded.now().recorder.cameras) == []
    again = Parts(here.live.file)
    assert list(again.settings.recorder.cameras) == ["line"]
    again.store.close()


def test_a_camera_is_tried(here: Parts, steady_camera: RtspCamera) -> None:
    entry = Entry("recording-cameras", "line", {"url": steady_camera.url()})
    settings, wrong = judge(here.live.now(), entry)
    assert wrong == {}
    tried = try_entry(here, settings, entry)
    assert tried.lines == ("A clip was recorded: h264, 320x240, 15 fps.",)
    assert tried.picture.startswith(b"\xff\xd8")
    assert len(tried.picture) < 100_000
    refused = Entry("recording-cameras", "line", {"url": "rtsp://127.0.0.1:9/line"})
    settings, wrong = judge(here.live.now(), refused)
    assert wrong == {}
    with pytest.raises(MvsnapError):
        try_entry(here, settings, refused)
