"""Meraki's own SDK works with the simulated Dashboard as with the real one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import meraki
import pytest
import requests
from PIL import Image

from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.cameras import NETWORKS, ORGANIZATION_ID
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve

FIRST, SECOND, SEVENTH = (f"Q2SM-0000-000{number}" for number in (1, 2, 7))
CAMERAS = [f"Q2SM-0000-000{number}" for number in range(1, 8)]
ACCESS_POINT = "Q2SM-WLAN-0001"
SITE_A, SITE_B = (network_id for network_id, _, _ in NETWORKS)


@dataclass
class World:
    fake: FakeDashboard
    url: str
    sdk: Any

    def serials(self, **query: Any) -> list[str]:
        found = self.sdk.organizations.getOrganizationDevices(ORGANIZATION_ID, **query)
        return [device["serial"] for device in found]

    def available(self, **query: Any) -> list[str]:
        ask = self.sdk.organizations.getOrganizationDevicesAvailabilities
        return [row["serial"] for row in ask(ORGANIZATION_ID, **query)]


def connect(url: str, api_key: str, **options: Any) -> Any:
    """Return the SDK; it follows links to Meraki only, so we are its proxy."""
    given = {
        "base_url": "http://api.meraki.com/api/v1",
        "requests_proxy": url,
        "single_request_timeout": 10,
        "maximum_retries": 3,
        "suppress_logging": True,
        "smart_flow_enabled": False,
        "caller": "tests example",
        "validate_kwargs": True,
    }
    return meraki.DashboardAPI(api_key, **{**given, **options})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeDashboard, str]]:
    fake = FakeDashboard(cameras=7)
    fake.cameras[SECOND].status = "offline"
    fake.cameras[SEVENTH].name = None
    with serve(dashboard_app(fake)) as url:
        yield fake, url


@pytest.fixture(scope="module")
def world(served: tuple[FakeDashboard, str]) -> World:
    fake, url = served
    return World(fake, url, connect(url, fake.api_key))


@pytest.fixture(autouse=True)
def unlimited(served: tuple[FakeDashboard, str]) -> Iterator[None]:
    served[0].rate_limit = None
    yield
    served[0].faults.clear()


def test_who_am_i_and_which_organization(world: World) -> None:
    me = world.sdk.administered.getAdministeredIdentitiesMe()
    assert me["authentication"]["api"]["key"]["created"] is True
    (listed,) = world.sdk.organizations.getOrganizations()
    assert listed["id"] == ORGANIZATION_ID
    assert world.sdk.organizations.getOrganization(ORGANIZATION_ID) == listed


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda sdk: sdk.organizations.getOrganization("1"), id="org"),
        pytest.param(lambda sdk: sdk.networks.getNetwork("N_1"), id="network"),
        pytest.param(
            lambda sdk: sdk.networks.getNetworkDevices("N_1"), id="devices of a network"
        ),
        pytest.param(lambda sdk: sdk.devices.getDevice("Q2SM-9999-9999"), id="device"),
        pytest.param(
            lambda sdk: sdk.camera.getDeviceCameraSense("Q2SM-9999-9999"), id="sense"
        ),
    ],
)
def test_what_does_not_exist_is_a_404(world: World, ask: Callable[[Any], Any]) -> None:
    with pytest.raises(meraki.APIError) as caught:
        ask(world.sdk)
    assert caught.value.status == 404


def test_networks(world: World) -> None:
    listed = world.sdk.organizations.getOrganizationNetworks(ORGANIZATION_ID)
    assert [network["id"] for network in listed] == [SITE_A, SITE_B]
    assert world.sdk.networks.getNetwork(SITE_B) == listed[1]
    found = world.sdk.networks.getNetworkDevices(SITE_B)
    assert {device["networkId"] for device in found} == {SITE_B}
    assert not any("productType" in device for device in found)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"productTypes": ["camera"]}, [SITE_A, SITE_B]),
        ({"productTypes": ["switch"]}, []),
        ({"tags": ["shop"], "tagsFilterType": "withAnyTags"}, []),
    ],
)
def test_networks_that_match(
    world: World, query: dict[str, Any], expected: list[str]
) -> None:
    ask = world.sdk.organizations.getOrganizationNetworks
    assert [row["id"] for row in ask(ORGANIZATION_ID, **query)] == expected


@pytest.mark.parametrize("direction", ["next", "prev"])
@pytest.mark.parametrize("as_iterator", [False, True], ids=["list", "iterator"])
def test_all_pages(
    served: tuple[FakeDashboard, str], direction: str, as_iterator: bool
) -> None:
    fake, url = served
    sdk = connect(url, fake.api_key, use_iterator_for_get_pages=as_iterator)
    start = {"endingBefore": "~"} if direction == "prev" else {}
    found = sdk.organizations.getOrganizationDevices(
        ORGANIZATION_ID, total_pages="all", direction=direction, perPage=3, **start
    )
    serials = [device["serial"] for device in found]
    assert sorted(serials) == [*CAMERAS, ACCESS_POINT]
    first = CAMERAS[:3] if direction == "next" else [*CAMERAS[5:], ACCESS_POINT]
    assert serials[:3] == first


def test_pages_one_by_one(world: World) -> None:
    assert world.serials(perPage=3, total_pages=1) == CAMERAS[:3]
    assert world.serials(perPage=3, total_pages=2) == CAMERAS[:6]
    assert world.serials(perPage=3, startingAfter=CAMERAS[3]) == CAMERAS[4:7]
    assert world.serials(perPage=3, endingBefore=CAMERAS[4]) == CAMERAS[1:4]
    assert world.serials(perPage=3, endingBefore=CAMERAS[1]) == CAMERAS[:1]
    assert world.serials(startingAfter="Q2ZZ-0000-0000") == []


def test_first_and_last_page_are_linked_from_each(
    served: tuple[FakeDashboard, str],
) -> None:
    fake, url = served
    headers = {"Authorization": f"Bearer {fake.api_key}"}

    def page(address: str) -> requests.Response:
        return requests.get(address, headers=headers, timeout=10)

    devices = f"{url}/api/v1/organizations/{ORGANIZATION_ID}/devices"
    start = page(f"{devices}?perPage=3&productTypes[]=camera")
    assert set(start.links) == {"first", "next", "last"}
    middle = page(start.links["next"]["url"])
    assert set(middle.links) == {"first", "prev", "next", "last"}
    last = page(middle.links["last"]["url"])
    assert [row["serial"] for row in last.json()] == CAMERAS[4:]
    assert set(last.links) == {"first", "prev", "last"}
    again = page(last.links["first"]["url"])
    assert again.json() == start.json()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"productTypes": ["camera"]}, CAMERAS),
        ({"productTypes": ["wireless", "camera"]}, [*CAMERAS, ACCESS_POINT]),
        ({"networkIds": [SITE_B]}, CAMERAS[1::2]),
        ({"serials": [FIRST, "Q2SM-9999-9999"]}, [FIRST]),
        ({"serial": "WLAN"}, [ACCESS_POINT]),
        ({"serial": "wlan"}, [ACCESS_POINT]),
        ({"models": ["MV32"]}, [CAMERAS[2], CAMERAS[6]]),
        ({"model": "MV"}, CAMERAS),
        ({"model": "MR46"}, [ACCESS_POINT]),
        ({"name": "Gate"}, [CAMERAS[0], CAMERAS[4]]),
        ({"name": "gate north (2)"}, [CAMERAS[4]]),
        ({"mac": "00:00:01"}, [FIRST]),
        ({"mac": "BC:FF"}, [ACCESS_POINT]),
        ({"macs": ["e0:cb:bc:00:00:03"]}, [CAMERAS[2]]),
        ({"tags": ["simulated"], "tagsFilterType": "withAllTags"}, CAMERAS),
        ({"tags": ["simulated", "x"], "tagsFilterType": "withAnyTags"}, CAMERAS),
        ({"tags": ["simulated", "x"], "tagsFilterType": "withAllTags"}, []),
        ({"tags": ["Simulated"]}, []),
        ({"networkIds": [SITE_A], "models": ["MV32"]}, [CAMERAS[2], CAMERAS[6]]),
    ],
    ids=str,
)
def test_devices_that_match(
    world: World, query: dict[str, Any], expected: list[str]
) -> None:
    assert world.serials(**query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [*CAMERAS, ACCESS_POINT]),
        ({"statuses": ["offline"]}, [SECOND]),
        (
            {"statuses": ["online"], "productTypes": ["camera"]},
            [FIRST, *CAMERAS[2:]],
        ),
        ({"statuses": ["dormant", "alerting"]}, []),
        ({"serials": [FIRST, SECOND]}, [FIRST, SECOND]),
        ({"tags": ["simulated"], "networkIds": [SITE_B]}, CAMERAS[1::2]),
    ],
    ids=str,
)
def test_availabilities_that_match(
    world: World, query: dict[str, Any], expected: list[str]
) -> None:
    assert world.available(**query) == expected


def test_one_device_and_its_camera(world: World) -> None:
    device = world.sdk.devices.getDevice(FIRST)
    assert (device["serial"], device["networkId"]) == (FIRST, SITE_A)
    settings = world.sdk.camera.getDeviceCameraVideoSettings(FIRST)
    assert settings == {"externalRtspEnabled": False}
    moment = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    link = world.sdk.camera.getDeviceCameraVideoLink(
        FIRST, timestamp=moment.isoformat()
    )
    assert f"timestamp={round(moment.timestamp() * 1000)}" in link["url"]


def test_mv_sense_is_read_and_changed(world: World) -> None:
    camera = world.sdk.camera
    before = camera.getDeviceCameraSense(FIRST)
    assert (before["senseEnabled"], len(before["mqttTopics"])) == (True, 2)
    models = camera.getDeviceCameraSenseObjectDetectionModels(FIRST)
    off = camera.updateDeviceCameraSense(
        FIRST,
        senseEnabled=False,
        audioDetection={"enabled": True},
        detectionModelId=models[1]["id"],
    )
    assert off == camera.getDeviceCameraSense(FIRST)
    assert (off["senseEnabled"], off["mqttTopics"]) == (False, [])
    assert off["audioDetection"] == {"enabled": True}
    with pytest.raises(meraki.APIError):
        camera.updateDeviceCameraSense(FIRST, detectionModelId="99")
    on = camera.updateDeviceCameraSense(
        FIRST, senseEnabled=True, audioDetection={"enabled": False}
    )
    assert on | {"detectionModelId": "0"} == before
    unheard = camera.updateDeviceCameraSense(FIRST, mqttBrokerId=None)
    assert unheard["mqttTopics"] == []
    camera.updateDeviceCameraSense(FIRST, mqttBrokerId="1234", detectionModelId="0")
    assert camera.getDeviceCameraSense(FIRST) == before


def test_counts(world: World) -> None:
    camera = world.sdk.camera
    zones = camera.getDeviceCameraAnalyticsZones(FIRST)
    assert [zone["label"] for zone in zones] == ["Full Frame", "Entrance"]
    assert camera.getDeviceCameraAnalyticsLive(FIRST)["zones"]
    assert camera.getDeviceCameraAnalyticsRecent(FIRST)
    assert camera.getDeviceCameraAnalyticsOverview(FIRST, timespan=3600)
    zone_id = zones[0]["id"]
    history = camera.getDeviceCameraAnalyticsZoneHistory(FIRST, zone_id, timespan=3600)
    assert len(history) in range(55, 62)
    areas = camera.getOrganizationCameraBoundariesAreasByDevice(
        ORGANIZATION_ID, serials=[FIRST]
    )
    assert [row["serial"] for row in areas] == [FIRST]
    lines = camera.getOrganizationCameraBoundariesLinesByDevice(ORGANIZATION_ID)
    assert len(lines) == len(CAMERAS)


def test_a_snapshot(world: World) -> None:
    answer = world.sdk.camera.generateDeviceCameraSnapshot(FIRST, fullframe=False)
    picture = requests.get(answer["url"], proxies={"http": world.url}, timeout=10)
    assert Image.open(io.BytesIO(picture.content)).format == "JPEG"
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    older = world.sdk.camera.generateDeviceCameraSnapshot(
        FIRST, timestamp=long_ago.isoformat()
    )
    assert older["url"] != answer["url"]


@pytest.mark.parametrize(
    ("serial", "options", "reason"),
    [
        (SECOND, {}, "offline"),
        (FIRST, {"timestamp": "yesterday"}, "ISO 8601"),
        (FIRST, {"timestamp": "2126-01-01T00:00:00Z"}, "No video"),
    ],
)
def test_a_snapshot_that_cannot_be_taken(
    world: World, serial: str, options: dict[str, str], reason: str
) -> None:
    with pytest.raises(meraki.APIError, match=reason) as caught:
        world.sdk.camera.generateDeviceCameraSnapshot(serial, **options)
    assert caught.value.status == 400


def test_a_wrong_key(served: tuple[FakeDashboard, str]) -> None:
    fake, url = served
    with pytest.raises(meraki.APIError) as caught:
        connect(url, f"{fake.api_key}x").organizations.getOrganizations()
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "kind", ["429", "502", "500-html", "429-no-retry-after"], ids=str
)
def test_a_fault_passes(served: tuple[FakeDashboard, str], kind: str) -> None:
    fake, url = served
    sdk = connect(url, fake.api_key, nginx_429_retry_wait_time=1)
    fake.faults.add(Fault(kind, path="/devices$"))
    assert len(sdk.organizations.getOrganizationDevices(ORGANIZATION_ID)) == 8


def test_calls_beyond_the_limit_wait(world: World) -> None:
    world.fake.rate_limit = (10, 2)
    for _ in range(4):
        assert world.serials(serials=[FIRST]) == [FIRST]


def test_a_call_is_sent_to_the_shard(
    served: tuple[FakeDashboard, str], tmp_path: Path
) -> None:
    fake = FakeDashboard(cameras=1)
    with serve(dashboard_app(fake)) as front, serve(dashboard_app(fake)) as shard:
        fake.redirect_to = shard
        sdk = connect(
            front, fake.api_key, base_url=f"{front}/api/v1", requests_proxy=""
        )
        (found,) = sdk.organizations.getOrganizations()
    assert found["id"] == ORGANIZATION_ID
