"""What docs/crowds.md lets a newcomer try out raises the alert that it promises."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mvsnap.simulator.meraki.cameras import new_camera
from mvsnap.simulator.meraki.counts import arguments, people_at, zone_ids
from tests.sense.frames import count, detector, run

PAGE = Path(__file__).parents[2] / "docs/crowds.md"
PROGRAM = "mvsnap.simulator.meraki.counts "


@pytest.mark.parametrize(("until_s", "alerts"), [(69, 0), (71, 1)])
def test_the_crowd_of_the_simulated_cameras_alerts_at_second_70(
    until_s: int, alerts: int
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert "the alert is sent at second 70" in page
    (command,) = re.findall(rf"{PROGRAM}(.*?)\n```", page, re.DOTALL)
    asked = arguments().parse_args(shlex.split(command.replace("\\\n", " ")))
    camera = new_camera(1)
    frames = [
        count(
            second,
            people_at(asked.crowd, camera.serial, zone_id, second),
            zone=zone_id,
            serial=camera.serial,
        )
        for second in range(until_s)
        for zone_id in zone_ids(camera, asked.zones)
    ]
    found = run(detector(people=3, dwell_s=60), frames, now_s=until_s)
    assert len(found.events) == alerts
