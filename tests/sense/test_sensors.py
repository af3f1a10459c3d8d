from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.core.sense_messages import parse_topic
from mvsnap.sense.sensors import Sensors, targets
from mvsnap.simulator.meraki.counts import sensor_says
from tests.core.build import GATE, NOON

BOT = {"bot_token": "a-token-of-a-bot"}


@pytest.mark.parametrize(
    ("webex", "room", "rooms"),
    [
        (BOT | {"room": "Alarms"}, None, ("Alarms",)),
        (BOT | {"room": "Alarms"}, "Gate", ("Gate",)),
        (BOT, "Gate", ("Gate",)),
        (BOT, None, ()),
        ({"room": "Alarms"}, "Gate", ()),
    ],
)
def test_a_sensor_posts_to_its_own_room_else_the_default(
    webex: dict[str, Any], room: str | None, rooms: tuple[str, ...]
) -> None:
    trigger = {"topic": "meraki/v1/mt/+/ble/+/door", "match": {"open": True}}
    settings = Settings.model_validate(
        {
            "webex": webex,
            "meraki": {"cameras": [GATE]},
            "sense": {"triggers": [trigger | {"room": room}]},
        }
    )
    organizations = CameraOrganizations(settings, SystemClock())
    assert targets(settings, organizations)[0].to().rooms == rooms


def test_a_door_above_the_limit_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    trigger = {"topic": "meraki/v1/mt/+/ble/+/door"}
    settings = Settings.model_validate(
        {"meraki": {"cameras": [GATE]}, "sense": {"triggers": [trigger]}}
    )
    sensors = Sensors(
        targets(settings, CameraOrganizations(settings, SystemClock())), 2
    )
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            at = NOON + timedelta(seconds=number)
            mac = f"38:84:79:00:00:{number:02X}"
            topic, payload = sensor_says("N_1", mac, "door", at, open=True)
            parsed = parse_topic(topic.encode())
            assert parsed is not None
            frame = (topic.encode(), payload.encode(), False, 0)
            assert len(sensors.jobs(parsed, frame, at)) == 1
    assert sensors.limit.refused == 3
    assert caplog.text.count("already watching 2 sensors") == 1
