from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mvsnap.clients.meraki.dashboard import Dashboard, SnapshotTicket
from mvsnap.domain import Organization, Zone, parse_serial
from mvsnap.errors import NoPicture, UpstreamError
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from tests.clients.fakes import SERIAL, SteppedClock

STRANGER = parse_serial("Q2ZZ-ZZZZ-ZZZZ")
SNAPSHOT_PATH = f"/api/v1/devices/{SERIAL}/camera/generateSnapshot"


def test_a_snapshot_of_now_sends_an_empty_object_and_no_timestamp(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    ticket = dashboard.request_snapshot(SERIAL)
    (asked,) = fake_dashboard.asked
    assert (asked.method, asked.path, asked.json) == ("POST", SNAPSHOT_PATH, {})
    assert asked.headers["Authorization"] == f"Bearer {fake_dashboard.api_key}"
    assert asked.headers["User-Agent"].startswith("mvsnap/")
    assert asked.headers["User-Agent"].endswith(" mvsnap")
    assert [ticket.url] == fake_dashboard.picture_secrets
    assert ticket.expires_at is not None
    assert ticket.expires_at > datetime.now(UTC)


def test_a_snapshot_of_a_moment_sends_it_in_utc(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    berlin = timezone(timedelta(hours=1))
    dashboard.request_snapshot(SERIAL, datetime(2026, 1, 2, 13, 4, 5, tzinfo=berlin))
    assert fake_dashboard.asked[0].json == {"timestamp": "2026-01-02T12:04:05.000Z"}


def test_the_picture_is_fetched_whole_and_without_the_key(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    jpeg = dashboard.fetch_picture(dashboard.request_snapshot(SERIAL))
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    assert "Authorization" not in fake_dashboard.asked[-1].headers


@pytest.mark.parametrize(
    ("age", "retry"),
    [
        pytest.param(timedelta(seconds=10), True, id="not uploaded yet"),
        pytest.param(timedelta(days=400), False, id="no longer kept"),
    ],
)
def test_no_video_is_worth_a_retry_only_while_it_is_young(
    dashboard: Dashboard, fake_dashboard: FakeDashboard, age: timedelta, retry: bool
) -> None:
    now = datetime.now(UTC)
    fake_dashboard.cameras[SERIAL].video_since = now - timedelta(days=30)
    with pytest.raises(NoPicture, match="No video for specified timestamp") as caught:
        dashboard.request_snapshot(SERIAL, now - age)
    assert caught.value.retry is retry


@pytest.mark.parametrize(
    ("hours", "age", "retry"),
    [
        pytest.param(1, timedelta(seconds=10), True, id="not uploaded yet"),
        pytest.param(-1, timedelta(minutes=30), False, id="no longer kept"),
    ],
)
def test_a_clock_that_was_set_makes_no_video_older_or_younger(
    fake_dashboard: FakeDashboard, hours: float, age: timedelta, retry: bool
) -> None:
    fake_dashboard.cameras[SERIAL].video_since = datetime.now(UTC)
    clock = SteppedClock()
    clock.passed_since_start()  # looks at it first
    wanted = clock.now() - age
    clock.by = timedelta(hours=hours)
    with serve(dashboard_app(fake_dashboard)) as url:
        asked = Dashboard(f"{url}/api/v1", fake_dashboard.api_key, clock=clock)
        with pytest.raises(NoPicture) as caught:
            asked.request_snapshot(SERIAL, wanted)
    assert caught.value.retry is retry


def test_an_offline_camera_gives_no_picture_and_is_not_asked_again(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    fake_dashboard.cameras[SERIAL].status = "offline"
    with pytest.raises(NoPicture, match="camera is offline") as caught:
        dashboard.request_snapshot(SERIAL)
    assert not caught.value.retry


@pytest.mark.parametrize(
    ("kind", "retry", "retry_after_s", "words"),
    [
        pytest.param("429", True, 3.0, "too busy", id="429"),
        pytest.param("429-no-retry-after", True, None, "too busy", id="429 without"),
        pytest.param(
            "429-garbage-retry-after", True, None, "too busy", id="429 with garbage"
        ),
        pytest.param("500-html", True, None, "reports an error", id="500"),
        pytest.param("502", True, None, "reports an error", id="502"),
        pytest.param("503-html", True, None, "reports an error", id="503"),
        pytest.param("html-200", True, None, "without JSON", id="login page"),
        pytest.param("reset", True, None, "connection broke", id="reset"),
        pytest.param("empty-404", False, None, "does not know", id="empty 404"),
        pytest.param("401", False, None, "meraki.api_key", id="401"),
    ],
)
def test_a_refusal_says_whether_to_retry_and_is_not_repeated(
    dashboard: Dashboard,
    fake_dashboard: FakeDashboard,
    kind: str,
    retry: bool,
    retry_after_s: float | None,
    words: str,
) -> None:
    fake_dashboard.faults.add(Fault(kind, seconds=3))
    with pytest.raises(UpstreamError, match=words) as caught:
        dashboard.request_snapshot(SERIAL)
    assert caught.value.retry is retry
    assert caught.value.retry_after_s == retry_after_s
    assert len(fake_dashboard.asked) == 1


def test_a_wrong_key_is_reported_in_words(dashboard_origin: str) -> None:
    from mvsnap.clock import SystemClock

    stranger = Dashboard(dashboard_origin + "/api/v1", "wrong", clock=SystemClock())
    with pytest.raises(UpstreamError, match="refused the API key") as caught:
        stranger.whoami()
    stranger.close()
    assert not caught.value.retry


def test_an_unknown_camera_is_reported_in_words(dashboard: Dashboard) -> None:
    with pytest.raises(UpstreamError, match="does not know this camera"):
        dashboard.camera(STRANGER)


def test_the_video_link_is_of_the_right_moment(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    link = dashboard.video_link(SERIAL, at)
    assert link.startswith("https://n1.meraki.com/")
    assert link.endswith(f"timestamp={int(at.timestamp() * 1000)}")
    assert fake_dashboard.asked[0].query == {"timestamp": "2026-01-02T03:04:05.000Z"}


def test_cameras_have_their_status_and_a_name(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    (organization,) = dashboard.organizations()
    simulated = list(fake_dashboard.cameras.values())
    simulated[0].name = None
    simulated[1].status = "offline"
    cameras = {c.serial: c for c in dashboard.cameras(organization.id)}
    assert set(cameras) == set(fake_dashboard.cameras)
    nameless, offline = (cameras[camera.serial] for camera in simulated[:2])
    assert nameless.name == nameless.serial
    assert nameless.status == "online"
    assert (offline.status, offline.model) == ("offline", simulated[1].model)
    device_calls = [a for a in fake_dashboard.asked if "/devices" in a.path]
    assert all(a.query["productTypes[]"] == ["camera"] for a in device_calls)


def test_cameras_of_one_network_are_asked_for_by_array_parameter(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    (organization,) = dashboard.organizations()
    network = dashboard.networks(organization.id)[0]
    dashboard.cameras(organization.id, network.id)
    assert fake_dashboard.asked[-1].query["networkIds[]"] == [network.id]


@pytest.mark.parametrize(
    ("said", "url"),
    [
        pytest.param(
            "rtsp://10.9.8.7:9000/live", "rtsp://10.9.8.7:9000/live", id="url"
        ),
        pytest.param("", "rtsp://10.0.0.2:9000/live", id="the flag alone"),
    ],
)
def test_a_camera_says_where_its_own_stream_is(
    dashboard: Dashboard, fake_dashboard: FakeDashboard, said: str, url: str
) -> None:
    fake_dashboard.cameras[SERIAL].rtsp_url = said
    assert dashboard.stream_url(SERIAL) == url


def test_a_disabled_stream_is_reported_with_how_to_enable_it(
    dashboard: Dashboard,
) -> None:
    with pytest.raises(UpstreamError, match="turn it on in the Dashboard") as caught:
        dashboard.stream_url(SERIAL)
    assert not caught.value.retry


def test_the_small_questions_are_answered(dashboard: Dashboard) -> None:
    assert dashboard.whoami() == "Simulated Administrator <admin@example.com>"
    assert dashboard.organizations() == [Organization("707512", "Simulated Works")]
    assert dashboard.networks("707512")[0].timezone == "Europe/Berlin"
    assert dashboard.zones(SERIAL)[0] == Zone("0", "Full Frame")
    assert dashboard.camera(SERIAL).name == "Gate North"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_shard_is_followed_with_method_body_and_key_and_remembered(
    dashboard: Dashboard, fake_dashboard: FakeDashboard, status: int
) -> None:
    fake_dashboard.redirect_status = status
    with serve(dashboard_app(fake_dashboard)) as shard:
        fake_dashboard.redirect_to = shard
        for _ in range(2):
            dashboard.request_snapshot(SERIAL)
    hosts = [asked.headers["Host"] for asked in fake_dashboard.asked]
    assert [f"http://{host}" == shard for host in hosts] == [False, True, True]
    assert [asked.method for asked in fake_dashboard.asked] == ["POST"] * 3
    assert [asked.json for asked in fake_dashboard.asked] == [{}] * 3


def test_a_shard_that_is_gone_is_forgotten(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    with serve(dashboard_app(fake_dashboard)) as shard:
        fake_dashboard.redirect_to = shard
        dashboard.whoami()
    fake_dashboard.redirect_to = None
    with pytest.raises(UpstreamError, match="refused"):
        dashboard.whoami()
    assert dashboard.whoami()


def test_ten_requests_a_second_never_meet_a_limit_of_ten(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    began = fake_dashboard.asked
    for _ in range(21):
        dashboard.request_snapshot(SERIAL)
    took_s = began[-1].at - began[0].at
    assert 0.35 <= took_s < 10  # a second for each would be twenty


def test_a_ticket_does_not_show_its_url() -> None:
    assert "secret" not in repr(SnapshotTicket("https://spn4.meraki.com/secret"))
