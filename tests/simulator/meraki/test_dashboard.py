"""The simulated Dashboard behaves as clients of the real one found it to."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from PIL import Image

from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.cameras import ORGANIZATION_ID
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve

SERIAL = "Q2SM-0000-0001"
DEVICES = f"/organizations/{ORGANIZATION_ID}/devices"
SNAPSHOT = f"/devices/{SERIAL}/camera/generateSnapshot"


@dataclass
class Client:
    dashboard: FakeDashboard
    origin: str

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        given.setdefault("headers", {})
        given["headers"].setdefault("Authorization", f"Bearer {self.dashboard.api_key}")
        return self.fetch(f"{self.origin}/api/v1{path}", method, **given)

    def fetch(self, url: str, method: str = "GET", **given: Any) -> requests.Response:
        """Ask without any key."""
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, url, timeout=10, allow_redirects=False, **given
            )

    def snapshot_url(self) -> str:
        answer = self.ask("POST", SNAPSHOT)
        assert answer.status_code == 202
        url: str = answer.json()["url"]
        return url


@pytest.fixture
def client() -> Iterator[Client]:
    dashboard = FakeDashboard(cameras=7)
    with serve(dashboard_app(dashboard)) as url:
        yield Client(dashboard, url)


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": "Bearer wrong"}, id="wrong bearer"),
        pytest.param({"Authorization": ""}, id="no key"),
        pytest.param({"Authorization": "simulated-dashboard-key"}, id="no scheme"),
        pytest.param({"X-Cisco-Meraki-API-Key": "wrong"}, id="wrong old header"),
    ],
)
def test_a_wrong_key_is_refused(client: Client, headers: dict[str, str]) -> None:
    answer = client.ask("GET", "/organizations", headers=headers)
    assert answer.status_code == 401
    assert list(answer.json()) == ["errors"]


def test_the_old_key_header_works(client: Client) -> None:
    headers = {"X-Cisco-Meraki-API-Key": client.dashboard.api_key, "Authorization": ""}
    assert client.ask("GET", "/organizations", headers=headers).status_code == 200


def test_an_unknown_device_is_404_without_a_body(client: Client) -> None:
    answer = client.ask("GET", "/devices/Q2SM-9999-9999")
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("list_path", [DEVICES, f"{DEVICES}/availabilities"])
def test_a_list_comes_in_pages_linked_without_quotes(
    client: Client, list_path: str
) -> None:
    query = {"perPage": "3", "productTypes[]": "camera"}
    answer = client.ask("GET", list_path, params=query)
    assert "; rel=first, <" in answer.headers["Link"]
    serials = [row["serial"] for row in answer.json()]
    while "next" in answer.links:
        key = {"Authorization": f"Bearer {client.dashboard.api_key}"}
        answer = client.fetch(answer.links["next"]["url"], headers=key)
        serials += [row["serial"] for row in answer.json()]
    assert serials == list(client.dashboard.cameras)


@pytest.mark.parametrize("rest", ["", "/availabilities"], ids=["devices", "states"])
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param({"networkIds[]": ["N_70751202"]}, [2, 4, 6], id="one network"),
        pytest.param(
            {"networkIds[]": ["N_70751201", "N_70751202"]},
            [1, 2, 3, 4, 5, 6, 7],
            id="two networks",
        ),
        pytest.param(
            {"networkIds[]": ["N_70751202"], "serials[]": [SERIAL]}, [], id="no device"
        ),
        pytest.param(
            {"networkIds": ["N_70751202"]}, [1, 2, 3, 4, 5, 6, 7], id="no brackets"
        ),
    ],
)
def test_arrays_in_the_query_filter_when_they_have_brackets(
    client: Client, rest: str, query: dict[str, list[str]], numbers: list[int]
) -> None:
    query = query | {"productTypes[]": ["camera"]}
    rows = client.ask("GET", DEVICES + rest, params=query).json()
    assert [int(row["serial"][-4:]) for row in rows] == numbers


@pytest.mark.parametrize(("kind", "found"), [("camera", 2), ("switch", 0)])
def test_networks_are_filtered_by_what_they_can_hold(
    client: Client, kind: str, found: int
) -> None:
    path = f"/organizations/{ORGANIZATION_ID}/networks"
    query = {"productTypes[]": kind}
    assert len(client.ask("GET", path, params=query).json()) == found


def test_without_a_filter_there_are_devices_that_are_no_cameras(client: Client) -> None:
    kinds = {row["productType"] for row in client.ask("GET", DEVICES).json()}
    assert kinds == {"camera", "wireless"}


def test_a_camera_without_a_name_has_no_name_key(client: Client) -> None:
    client.dashboard.cameras[SERIAL].name = None
    query = {"serials[]": SERIAL}
    (row,) = client.ask("GET", f"{DEVICES}/availabilities", params=query).json()
    assert "name" not in row
    assert "name" not in client.ask("GET", f"/devices/{SERIAL}").json()


def test_a_picture_needs_no_key_and_shows_another_scene_per_camera(
    client: Client,
) -> None:
    seen = set()
    for serial in list(client.dashboard.cameras)[:4]:
        made = client.ask("POST", f"/devices/{serial}/camera/generateSnapshot").json()
        answer = client.fetch(made["url"])
        assert answer.headers["Content-Type"] == "image/jpeg"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert (image.format, image.size) == ("JPEG", (960, 540))
            # The middle, without what is written at the edges.
            seen.add(image.crop((0, 60, 960, 480)).resize((8, 4)).tobytes())
    assert len(seen) == 4
    assert len(client.dashboard.picture_secrets) == 4


def test_a_picture_is_404_until_it_is_ready(client: Client) -> None:
    client.dashboard.cameras[SERIAL].not_ready_s = 0.3
    url = client.snapshot_url()
    began_s = time.monotonic()
    answer = client.fetch(url)
    assert (answer.status_code, answer.content) == (404, b"")
    while client.fetch(url).status_code != 200:
        assert time.monotonic() - began_s < 30
    assert time.monotonic() - began_s > 0.2


def test_a_picture_expires(client: Client) -> None:
    client.dashboard.picture_lifetime_s = 0
    assert client.fetch(client.snapshot_url()).status_code == 404


@pytest.mark.parametrize(
    ("kind", "status", "starts", "ends"),
    [
        pytest.param("truncated", 200, b"\xff\xd8", b"", id="truncated"),
        pytest.param("html", 200, b"<html>", b"</html>", id="html"),
        pytest.param("never", 404, b"", b"", id="never"),
    ],
)
def test_a_picture_can_be_bad(
    client: Client, kind: str, status: int, starts: bytes, ends: bytes
) -> None:
    client.dashboard.cameras[SERIAL].picture = kind
    answer = client.fetch(client.snapshot_url())
    assert answer.status_code == status
    assert answer.content.startswith(starts)
    assert answer.content.endswith(ends)
    assert not answer.content.endswith(b"\xff\xd9")


def test_pictures_can_have_a_size_and_still_open(client: Client) -> None:
    client.dashboard.picture_bytes = 400_001
    jpeg = client.fetch(client.snapshot_url()).content
    assert len(jpeg) == 400_001
    with Image.open(io.BytesIO(jpeg)) as image:
        image.load()


def test_a_moment_with_video_can_be_asked_for(client: Client) -> None:
    body = {"timestamp": iso(datetime.now(UTC) - timedelta(minutes=5))}
    assert client.ask("POST", SNAPSHOT, json=body).status_code == 202


@pytest.mark.parametrize(
    ("ago", "fullframe", "words"),
    [
        pytest.param(timedelta(seconds=20), False, "No video", id="too near"),
        pytest.param(timedelta(seconds=-60), False, "No video", id="in the future"),
        pytest.param(timedelta(days=9), False, "No video", id="before all video"),
        pytest.param(
            timedelta(hours=1), True, "fullframe", id="full frame of the past"
        ),
    ],
)
def test_a_moment_without_video_is_refused(
    client: Client, ago: timedelta, fullframe: bool, words: str
) -> None:
    now = datetime.now(UTC)
    client.dashboard.cameras[SERIAL].video_since = now - timedelta(days=7)
    body = {"timestamp": iso(now - ago), "fullframe": fullframe}
    answer = client.ask("POST", SNAPSHOT, json=body)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(
            {"headers": {"Content-Type": "application/json"}}, id="empty JSON"
        ),
        pytest.param({"json": ["x"]}, id="a list"),
        pytest.param({"json": {"timestamp": "yesterday"}}, id="not ISO 8601"),
    ],
)
def test_a_body_that_says_nothing_useful_is_400(
    client: Client, given: dict[str, Any]
) -> None:
    assert client.ask("POST", SNAPSHOT, **given).status_code == 400


def test_an_offline_camera_gives_no_snapshot(client: Client) -> None:
    client.dashboard.cameras[SERIAL].status = "offline"
    assert client.ask("POST", SNAPSHOT).status_code == 400
    query = {"serials[]": SERIAL}
    (row,) = client.ask("GET", f"{DEVICES}/availabilities", params=query).json()
    assert row["status"] == "offline"


@pytest.mark.parametrize(
    ("timestamp", "ts_ms"),
    [
        pytest.param("2026-01-02T03:04:05Z", 1767323045000, id="UTC"),
        pytest.param("2026-01-02T03:04:05", 1767351845000, id="naive means Pacific"),
    ],
)
def test_a_video_link_holds_the_moment_in_milliseconds(
    client: Client, timestamp: str, ts_ms: int
) -> None:
    path = f"/devices/{SERIAL}/camera/videoLink"
    links = client.ask("GET", path, params={"timestamp": timestamp}).json()
    assert links["url"].endswith(f"?timestamp={ts_ms}")
    assert links["visionUrl"].endswith(f"?ts={ts_ms}")


def test_a_call_can_be_sent_to_a_shard(client: Client) -> None:
    with serve(dashboard_app(client.dashboard)) as shard:
        client.dashboard.redirect_to = shard
        answer = client.ask("POST", f"{SNAPSHOT}?a=b")
        assert answer.status_code == 308
        assert answer.headers["Location"] == f"{shard}/api/v1{SNAPSHOT}?a=b"
        there = Client(client.dashboard, shard)
        assert there.ask("POST", SNAPSHOT).status_code == 202


def test_more_calls_than_the_limit_are_refused_with_a_time_to_wait() -> None:
    dashboard = FakeDashboard()
    dashboard.rate_limit = (1, 2)
    # Without a socket: on a busy machine each call might come in a second of its own.
    asking = dashboard_app(dashboard).test_client()
    headers = {"Authorization": f"Bearer {dashboard.api_key}"}
    path = f"/api/v1{DEVICES}?serials[]=x"
    answers = [asking.get(path, headers=headers) for _ in range(5)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 1
    assert refused[0].headers["Retry-After"] == "1"
    body: Any = refused[0].get_json()
    assert body["errors"] == ["API rate limit exceeded for organization"]


def test_twenty_calls_pass_in_the_first_second_and_thirty_in_two() -> None:
    """Meraki's own sum. Without a socket, so that a slow machine asks often enough."""
    dashboard = FakeDashboard()
    asking = dashboard_app(dashboard).test_client()
    headers = {"Authorization": f"Bearer {dashboard.api_key}"}
    passed_at_s: list[float] = []
    began_s = time.monotonic()
    while (now_s := time.monotonic() - began_s) < 1.9:
        answer = asking.get(f"/api/v1{DEVICES}?serials[]=x", headers=headers)
        if answer.status_code == 200:
            passed_at_s.append(now_s)
    assert sum(at_s < 0.9 for at_s in passed_at_s) == 20
    assert len(passed_at_s) == 30


def test_what_was_asked_is_written_down(client: Client) -> None:
    client.ask("POST", SNAPSHOT, json={"fullframe": True})
    client.ask("GET", DEVICES, params={"perPage": "5", "serials[]": ["a", "b"]})
    posted, listed = client.dashboard.asked
    assert (posted.method, posted.path) == ("POST", f"/api/v1{SNAPSHOT}")
    assert posted.json == {"fullframe": True}
    assert listed.query == {"perPage": "5", "serials[]": ["a", "b"]}
    assert posted.at <= listed.at
