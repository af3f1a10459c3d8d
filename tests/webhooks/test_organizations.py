"""Alerts of Meraki find their organization by its id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mvsnap.domain import Camera, Serial
from tests.clients.fakes import FakeClock
from tests.web.build import DOOR, GATE
from tests.webhooks.web_build import SHARED, HookWeb, accepted, alert, code

NEW = "Q2SM-0000-0051"
SENSOR = {"deviceModel": "MT20", "deviceSerial": "Q2MT-0000-0001"}


@pytest.fixture
def web(tmp_path: Path) -> HookWeb:
    north = {
        "name": "North",
        "api_key": "k2",
        "organization_id": "202",
        "cameras": [DOOR],
        "room": "North alarms",
    }
    return HookWeb(
        tmp_path,
        meraki={"api_key": "k1", "organization_id": "101", "cameras": [GATE]},
        organizations=[north],
        webex={"bot_token": "t", "room": "Alarms"},
    )


def send(web: HookWeb, **given: Any) -> Any:
    return web.client(None).post("/webhook", json=alert(sharedSecret=SHARED, **given))


@pytest.mark.parametrize(
    ("organization", "camera", "room"),
    [
        ("101", GATE, "Alarms"),
        ("202", DOOR, "North alarms"),
        (202, DOOR, "North alarms"),
    ],
)
def test_an_alert_without_a_camera_takes_those_of_its_organization(
    web: HookWeb, organization: object, camera: str, room: str
) -> None:
    accepted(send(web, organizationId=organization, **SENSOR))
    assert (web.job.serials, web.job.rooms) == ((camera,), (room,))


def test_a_camera_that_is_new_belongs_to_the_organization_that_alerts(
    web: HookWeb,
) -> None:
    accepted(send(web, organizationId="202", deviceSerial=NEW))
    assert (web.job.serials, web.job.rooms) == ((NEW,), ("North alarms",))


def test_what_the_inventory_says_of_a_camera_goes_first(web: HookWeb) -> None:
    camera = Camera(Serial(NEW), "Yard", "MV12", "N_1", "online", "North")
    web.site.keep_cameras([camera], FakeClock().now())
    accepted(send(web, organizationId="101", deviceSerial=NEW))
    assert web.job.rooms == ("North alarms",)


def test_an_organization_that_the_settings_do_not_have_is_refused(
    web: HookWeb,
) -> None:
    answer = send(web, organizationId="999", deviceSerial=GATE)
    assert code(answer)[0] == 400
    expected = "999 is not an organization of the settings (expected one of 101"
    assert expected in answer.text
    assert web.accepted == []


def test_without_organizations_any_id_is_accepted(tmp_path: Path) -> None:
    meraki = {"api_key": "k1", "organization_id": "101", "cameras": [GATE]}
    web = HookWeb(tmp_path, meraki=meraki, webex={"bot_token": "t", "room": "Alarms"})
    accepted(send(web, organizationId="999", deviceSerial=GATE))
    assert web.job.rooms == ("Alarms",)
