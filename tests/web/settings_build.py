"""A gateway with MV Sense in its file, and what people see and change of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.sense import Sense
from mvsnap.config.setting_overrides import with_overrides
from mvsnap.domain import Camera, Serial, Zone
from tests.web.build import GATE, Web

PAGE = "/settings"
ZONE = "582653201791058186"
IN_FILE: dict[str, Any] = {
    "host": "mqtt.shop.example",
    "username": "mvsnap",
    "password": "the-password-of-the-broker",
    "people": 3,
}


def open_web(folder: Path, **sections: Any) -> Web:
    made = Web(folder, **({"site": {"timezone": "Europe/Berlin"}} | sections))
    now = datetime.now(UTC)
    made.site.keep_cameras([Camera(Serial(GATE), "Gate north", "MV12", "N_1")], now)
    made.site.keep_zones(Serial(GATE), [Zone(ZONE, "Waiting area")])
    return made


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = open_web(tmp_path, sense=IN_FILE)
    yield made
    made.close()


def sense(web: Web) -> Sense:
    """Return the settings that hold."""
    return with_overrides(web.settings.sense, web.site.setting_overrides())


def audited(web: Web) -> list[tuple[str, str, str]]:
    """Return the audit lines about settings as (what, before, after), newest first."""
    changes = web.site.changes(50)
    return [
        (c.what, c.before, c.after) for c in changes if not c.what.startswith("user ")
    ]


def field(html: str, name: str) -> str:
    found = re.search(f'<input [^>]*name="{re.escape(name)}"[^>]*value="([^"]*)"', html)
    assert found, html
    return found[1]
