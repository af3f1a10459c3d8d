from __future__ import annotations

from typing import Any

import pytest

from mvsnap.config.model import Settings
from mvsnap.sense.sensors import targets
from tests.core.build import GATE

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
    assert targets(settings)[0].rooms == rooms
