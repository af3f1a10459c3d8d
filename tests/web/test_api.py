"""The API of a whole running service: real engine, simulated clouds over HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient

from mvsnap.clock import iso
from mvsnap.config.model import Settings
from mvsnap.runtime import Roles, Service
from mvsnap.serving.listening import listen
from mvsnap.serving.server import make_server
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.ports import free_port
from tests.conftest import Clouds, running_clouds
from tests.core.build import DOOR, GATE, HALL
from tests.servers.processes import answers, wait_until
from tests.web.build import KEY, KEYS

SNAPSHOT = "/api/v1.0/getSnapshot"
POST = "POST /v1/messages"


class Gateway:
    """The service with its clouds."""

    def __init__(self, service: Service, clouds: Clouds) -> None:
        self.clouds = clouds
        self.settings = service.parts.settings
        self.store = service.parts.store
        self.app = service.app()

    def client(self) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base["HTTP_X_API_KEY"] = KEY
        return client

    def get(self, status: int, **query: str) -> dict[str, Any]:
        """Ask for snapshots and return the answer, which must have this status."""
        answer = self.client().get(SNAPSHOT, query_string={"wait_s": "30"} | query)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.get_json()
        return body

    def job(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client().get(f"/api/v1.0/jobs/{body['job']['id']}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def wait_for(self, body: dict[str, Any], status: str) -> dict[str, Any]:
        wait_until(lambda: self.job(body)["status"] == status, f"job is {status}")
        return self.job(body)

    @property
    def outside_calls(self) -> int:
        """Those of a trigger: names, visitors and rooms are read in the background."""
        asked = [*self.clouds.dashboard.asked, *self.clouds.webex.asked]
        return sum(call.method == "POST" or "videoLink" in call.path for call in asked)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_clouds() as clouds:
        clouds.dashboard.rate_limit = None
        settings = Settings.model_validate(
            {
                "server": {
                    "host": "127.0.0.1",
                    "port": free_port(),
                    "rate_per_minute": 100_000,
                },
                "data_dir": tmp_path_factory.mktemp("data"),
                "api_keys": KEYS,
                "meraki": {
                    "base_url": clouds.dashboard_url,
                    "api_key": clouds.dashboard.api_key,
                    "cameras": [GATE],
                },
                "webex": {
                    "base_url": clouds.webex_url,
                    "bot_token": clouds.webex.bot_token,
                    "room": "Site A - Alarms",
                },
            }
        )
        service = Service(settings, Roles())
        service.start()
        try:
            # The housekeeper asks for the names first: later calls are ours.
            wait_until(
                lambda: any("/devices" in a.path for a in clouds.dashboard.asked),
                "the camera names are known",
            )
            yield Gateway(service, clouds)
        finally:
            service.stop()


@pytest.fixture
def gateway(running: Gateway) -> Iterator[Gateway]:
    """The running service, everything repaired and no message in any room."""
    running.clouds.webex.messages.clear()
    yield running
    running.clouds.webex.faults.clear()
    running.clouds.dashboard.faults.clear()
    running.clouds.dashboard.not_ready_s = 0
    for camera in running.clouds.dashboard.cameras.values():
        camera.status = "online"


def test_a_trigger_puts_a_picture_into_the_room(gateway: Gateway) -> None:
    body = gateway.get(200, prefix="Button")
    (camera,) = body["cameras"]
    assert body["status"] == "done"
    assert (camera["serial"], camera["status"]) == (GATE, "delivered")
    assert camera["error"] is None
    assert camera["video_link"].startswith("https://")
    (message,) = gateway.clouds.webex.messages
    picture = gateway.client().get(camera["snapshot_url"], buffered=True)
    assert picture.data == message.files[0].data
    assert body["job"]["url"].endswith(f"/api/v1.0/jobs/{body['job']['id']}")


def test_the_answer_names_the_job_in_its_headers(gateway: Gateway) -> None:
    answer = gateway.client().get(f"{SNAPSHOT}?wait_s=0")
    body: Any = answer.get_json()
    assert answer.headers["Location"] == body["job"]["url"]
    gateway.wait_for(body, "done")


def test_a_caller_that_does_not_wait_gets_202_and_the_job_continues(
    gateway: Gateway,
) -> None:
    gateway.clouds.dashboard.not_ready_s = 0.3
    body = gateway.get(202, wait_s="0", mvSerial=f"{GATE},{DOOR}", prefix="Door")
    assert body["status"] == "pending"
    assert [camera["status"] for camera in body["cameras"]] == ["pending", "pending"]
    job = gateway.wait_for(body, "done")
    assert (job["rooms"], job["at"]) == (["Site A - Alarms"], None)
    assert job["trigger"] == {"kind": "http", "by": "all"}
    assert len(gateway.clouds.webex.messages) == 3


def test_some_cameras_failed_is_207(gateway: Gateway) -> None:
    gateway.clouds.dashboard.cameras[DOOR].status = "offline"
    body = gateway.get(207, mvSerial=f"{GATE},{DOOR}")
    good, bad = body["cameras"]
    assert body["status"] == "partial"
    assert (good["status"], bad["status"]) == ("delivered", "failed")
    assert "offline" in bad["error"]
    assert bad["error_code"] == "camera_offline"
    assert bad["snapshot_url"] is None


def test_a_room_nobody_knows_is_207_and_says_so(gateway: Gateway) -> None:
    body = gateway.get(207, webexRoom="No such room")
    (camera,) = body["cameras"]
    assert body["status"] == "failed"
    assert "No such room" in camera["error"]
    assert camera["snapshot_url"]


def test_a_past_moment_is_shown(gateway: Gateway) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    body = gateway.get(200, at=iso(moment), mvSerial=HALL)
    url = body["cameras"][0]["snapshot_url"].removesuffix("/snapshot.jpg")
    event: Any = gateway.client().get(url).get_json()
    assert event["occurred_at"] == iso(moment)


def test_the_same_idempotency_key_is_one_job_and_one_message(
    gateway: Gateway,
) -> None:
    headers = {"Idempotency-Key": "press 1"}
    ids = set()
    for _ in range(3):
        answer = gateway.client().get(f"{SNAPSHOT}?wait_s=30", headers=headers)
        body: Any = answer.get_json()
        ids.add(body["job"]["id"])
        assert answer.status_code == 200
    assert len(ids) == 1
    assert len(gateway.clouds.webex.messages) == 1


def test_many_at_once_with_one_idempotency_key_are_one_message(
    gateway: Gateway,
) -> None:
    found: list[Any] = []

    def press() -> None:
        headers = {"Idempotency-Key": "press 2"}
        answer = gateway.client().get(f"{SNAPSHOT}?wait_s=0", headers=headers)
        found.append((answer.status_code, answer.get_json()["job"]["id"]))

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in found} <= {200, 202}
    assert len({job_id for _, job_id in found}) == 1
    gateway.wait_for({"job": {"id": found[0][1]}}, "done")
    assert len(gateway.clouds.webex.messages) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"mvSerial": "camera"},
        {"mvSerial": f"{GATE},camera"},
        {"at": "2999-01-01"},
        {"nonsense": "1"},
        {"wait_s": "ten"},
        {"prefix": "a\nb"},
    ],
    ids=["serial", "one of two serials", "time", "name", "wait", "prefix"],
)
def test_bad_input_makes_no_call_to_anybody(
    gateway: Gateway, query: dict[str, str]
) -> None:
    before = gateway.outside_calls
    gateway.get(400, **query)
    assert gateway.outside_calls == before


def test_a_wrong_key_makes_no_call_to_anybody(gateway: Gateway) -> None:
    before = gateway.outside_calls
    answer = gateway.app.test_client().get(f"{SNAPSHOT}?apikey=wrong-key-of-somebody")
    assert answer.status_code == 401
    assert gateway.outside_calls == before


def test_webex_down_for_a_moment_costs_nothing_but_time(gateway: Gateway) -> None:
    gateway.clouds.webex.faults.add(Fault("503-html", POST))
    gateway.get(200)
    (message,) = gateway.clouds.webex.messages
    assert "repeat" not in message.markdown


def test_events_of_a_job_are_in_the_store(gateway: Gateway) -> None:
    body = gateway.get(200, mvSerial=f"{GATE},{DOOR}")
    answer: Any = gateway.client().get("/api/v1.0/events?limit=2").get_json()
    assert {event["serial"] for event in answer["events"]} == {GATE, DOOR}
    assert {event["job_id"] for event in answer["events"]} == {body["job"]["id"]}


def test_a_running_service_is_alive_and_ready(gateway: Gateway) -> None:
    client = gateway.client()
    assert client.get("/healthz").get_json()["status"] == "ok"
    gateway.get(200)  # what failed for the test before works again

    def parts() -> set[str]:
        answer = client.get("/readyz")
        assert answer.status_code == 200, answer.text
        body: Any = answer.get_json()
        return set(body["parts"].values())

    wait_until(lambda: parts() == {"ok"}, "every part is ok")


def test_metrics_count_what_happened(gateway: Gateway) -> None:
    gateway.get(200)
    text = gateway.client().get("/metrics", headers={"X-API-Key": KEY}).text
    assert 'mvsnap_triggers_total{kind="http",outcome="accepted"}' in text
    assert 'mvsnap_job_parts_total{outcome="delivered"}' in text


@pytest.mark.parametrize(
    "query",
    [{"wait_s": "0"}, {}, {"mvSerial": f"{GATE},{DOOR}"}],
    ids=["pending", "done", "a thread"],
)
def test_answers_are_what_the_description_says(
    gateway: Gateway, query: dict[str, str]
) -> None:
    client = gateway.client()
    body: Any = client.get(SNAPSHOT, query_string={"wait_s": "30"} | query).get_json()
    gateway.wait_for(body, "done")
    events: Any = client.get("/api/v1.0/events?limit=1").get_json()
    for schema, told in (
        ("Snapshots", body),
        ("Job", gateway.job(body)),
        ("Events", events),
        ("Event", events["events"][0]),
        ("Error", client.get("/nothing").get_json()),
    ):
        assert against(client, schema, told) == []


def against(client: FlaskClient, schema: str, told: Any) -> list[str]:
    """Return what in `told` the description of the API does not allow."""
    document: Any = client.get("/api/v1.0/openapi.json").get_json()
    reference = {"$ref": f"#/components/schemas/{schema}"}
    validator = jsonschema.Draft202012Validator(
        reference | {"components": document["components"]}
    )
    return [error.message for error in validator.iter_errors(told)]


def test_control_an_answer_against_the_description_is_found(gateway: Gateway) -> None:
    assert against(gateway.client(), "Snapshots", {"status": "nonsense"})


@pytest.fixture(scope="module")
def address(running: Gateway) -> Iterator[tuple[str, int]]:
    """Where a server serves the gateway."""
    listening = listen("127.0.0.1", 0)
    server = make_server(running.app, running.settings, listening)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    host, port = listening.getsockname()
    wait_until(lambda: answers(f"http://{host}:{port}/healthz"), "the server answers")
    yield host, port
    server.close()


def spoken(address: tuple[str, int], request: bytes) -> tuple[bytes, bytes]:
    """Send these bytes; return head and body of everything that comes back."""
    with socket.create_connection(address, timeout=40) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    "request_line",
    [
        f"GET {SNAPSHOT}?apikey={KEY}&wait_s=30 HTTP/1.0\r\n\r\n",
        f"GET {SNAPSHOT}?apikey={KEY}&wait_s=30 HTTP/1.0\r\nHost: x\r\n\r\n",
        f"GET {SNAPSHOT}?apikey={KEY}&wait_s=30 HTTP/1.1\r\nHost: x\r\n"
        "Connection: close\r\n\r\n",
        f"POST {SNAPSHOT} HTTP/1.0\r\nContent-Length: {len(KEY) + 17}\r\n\r\n"
        f"apikey={KEY}&wait_s=30",
    ],
    ids=["1.0 without a host", "1.0", "1.1", "a form without a type"],
)
def test_an_old_device_speaks_its_own_http(
    gateway: Gateway, address: tuple[str, int], request_line: str
) -> None:
    head, body = spoken(address, request_line.encode())
    assert b" 200 OK" in head.splitlines()[0]
    assert b"transfer-encoding" not in head.lower()
    assert b'"status":"done"' in body
    assert b"invalid" not in head + body  # a link to nowhere
    assert len(gateway.clouds.webex.messages) == 1


def test_the_server_does_not_reveal_its_software(
    address: tuple[str, int],
) -> None:
    head, _ = spoken(address, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert b"server: mvsnap" in head.lower()
    assert b"uvicorn" not in head.lower()
