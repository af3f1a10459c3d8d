"""An alarm becomes a clip: a webhook, a real camera, the room, and a kill in between."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from mvsnap.simulator.webex import SimMessage
from tests.gateway import Clouds, Gateway, clouds, gateway
from tests.recorder.build import PICTURE_S, pictures_of
from tests.servers.processes import wait_until
from tests.servers.rtsp import GOP, RtspCamera, rtsp_camera

TOKEN = "a-token-of-the-robots"
PRE_ROLL_S, POST_ROLL_S = 3.0, 2.0
ALARM = {"systemLabel": "alarm-high", "shortContent": "Robot stopped", "id": 1}


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspCamera]:
    with rtsp_camera(tmp_path_factory.mktemp("films")) as made:
        yield made


def settings(made: Clouds, camera: RtspCamera, *names: str) -> dict[str, Any]:
    one = {"url": camera.url(), "pre_roll_s": PRE_ROLL_S, "post_roll_s": POST_ROLL_S}
    tokens = [{"name": "robots", "token": TOKEN, "actions": ["clip", "snapshot"]}]
    return made.settings(
        recorder={"cameras": dict.fromkeys(names, one), "min_free_mb": 1},
        webhooks={"tokens": tokens},
    )
