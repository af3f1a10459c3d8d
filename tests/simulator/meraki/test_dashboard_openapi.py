"""The simulated Dashboard answers what Meraki's own description allows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.cameras import NETWORKS
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve

_BESIDE = (
    Path(__file__).parents[4] / "shared" / "contracts" / "meraki-camera-openapi.json"
)
SPECIFICATION = Path(os.environ.get("MVSNAP_MERAKI_OPENAPI", _BESIDE))
ORGANIZATION = "/organizations/{organizationId}"
CAMERA = "/devices/{serial}/camera"
HISTORY = f"{CAMERA}/analytics/zones/{{zoneId}}/history"
DETECTIONS = f"{ORGANIZATION}/camera/detections/history/byBoundary/byInterval"

needs_specification = pytest.mark.skipif(
    not SPECIFICATION.exists(),
    reason="left out: Meraki's OpenAPI document is not beside this checkout; "
    "name it in MVSNAP_MERAKI_OPENAPI",
)
CALLS = [
    ("get", "/administered/identities/me"),
    ("get", "/organizations"),
    ("get", ORGANIZATION),
    ("get", f"{ORGANIZATION}/networks"),
    ("get", "/networks/{networkId}"),
    ("get", "/networks/{networkId}/devices"),
    ("get", f"{ORGANIZATION}/devices"),
    ("get", f"{ORGANIZATION}/devices/availabilities"),
    ("get", "/devices/{serial}"),
    ("get", f"{CAMERA}/sense"),
    ("put", f"{CAMERA}/sense"),
    ("get", f"{CAMERA}/sense/objectDetectionModels"),
    ("get", f"{CAMERA}/analytics/zones"),
    ("get", f"{CAMERA}/video/settings"),
    ("get", HISTORY),
    ("get", f"{CAMERA}/analytics/overview"),
    ("get", f"{CAMERA}/analytics/recent"),
    ("get", f"{CAMERA}/analytics/live"),
    ("get", f"{ORGANIZATION}/camera/boundaries/areas/byDevice"),
    ("get", f"{ORGANIZATION}/camera/boundaries/lines/byDevice"),
    ("get", DETECTIONS),
    ("get", f"{CAMERA}/videoLink"),
    ("post", f"{CAMERA}/generateSnapshot"),
]
QUERIES = {
    DETECTIONS: {
        "boundaryIds[]": "l204100000000001",
        "ranges[]startTime": "2026-03-04T12:00:00Z",
        "ranges[]endTime": "2026-03-04T13:00:00Z",
        "ranges[]interval": "300",
    }
}
NAMED, NAMELESS = "Q2SM-0000-0001", "Q2SM-0000-0002"


@lru_cache(maxsize=1)
def specification() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    return found


def answers(method: str, path: str) -> dict[str, Any]:
    """Return the described answers, by status."""
    found: dict[str, Any] = specification()["paths"][path][method]["responses"]
    return found


def closed(schema: Any) -> Any:
    """Return the schema without room for keys that Meraki does not describe.

    Meraki requires no key and forbids none: a misspelt one would pass.
    """
    if not isinstance(schema, dict):
        return schema
    inner = dict(schema)
    if isinstance(schema.get("properties"), dict):
        named = {name: closed(part) for name, part in schema["properties"].items()}
        # Such a name stands for any: that of a zone, or of what is counted.
        is_open = any(
            "dynamic" in part.get("description", "")
            for part in schema["properties"].values()
        )
        inner |= {"properties": named, "additionalProperties": is_open}
    if "items" in schema:
        inner["items"] = closed(schema["items"])
    return inner


def mistakes(method: str, path: str, status: int, body: Any) -> list[str]:
    described = answers(method, path)
    if str(status) not in described:
        return [f"status {status} is not one of {list(described)}"]
    schema = closed(described[str(status)]["content"]["application/json"]["schema"])
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(body)]


@pytest.fixture(scope="module")
def dashboard() -> Iterator[tuple[FakeDashboard, str]]:
    fake = FakeDashboard(cameras=3)
    fake.rate_limit = None
    fake.cameras[NAMELESS].name = None
    fake.cameras[NAMELESS].rtsp_url = "rtsp://10.0.0.1:9000/live"
    with serve(dashboard_app(fake)) as url:
        yield fake, f"{url}/api/v1"


def call(
    dashboard: tuple[FakeDashboard, str], method: str, path: str, serial: str
) -> Any:
    fake, url = dashboard
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {fake.api_key}"
        organizations = session.get(f"{url}/organizations", timeout=10).json()
        place = path.format(
            organizationId=organizations[0]["id"],
            networkId=NETWORKS[0][0],
            serial=serial,
            zoneId="0",
        )
        query = QUERIES.get(path)
        body: dict[str, Any] | None = {} if method == "put" else None
        return session.request(method, url + place, params=query, json=body, timeout=10)


@needs_specification
@pytest.mark.parametrize("serial", [NAMED, NAMELESS], ids=["named", "nameless"])
@pytest.mark.parametrize(("method", "path"), CALLS, ids=[path for _, path in CALLS])
def test_an_answer_is_as_meraki_describes_it(
    dashboard: tuple[FakeDashboard, str], method: str, path: str, serial: str
) -> None:
    answer = call(dashboard, method, path, serial)
    assert mistakes(method, path, answer.status_code, answer.json()) == []
    assert answer.json()


@needs_specification
def test_control_a_wrong_answer_is_found() -> None:
    assert mistakes("get", "/organizations", 200, [{"id": 5}])
    assert mistakes("get", "/organizations", 200, [{"nmae": "Works"}])
    assert mistakes("get", "/devices/{serial}", 200, {"name": None})
    assert mistakes("get", f"{ORGANIZATION}/networks", 200, [{"tags": [1]}])
    assert mistakes("post", f"{CAMERA}/generateSnapshot", 200, {})


@needs_specification
def test_every_simulated_path_is_one_of_merakis() -> None:
    rules = dashboard_app(FakeDashboard()).url_map.iter_rules()
    served = [rule.rule for rule in rules if rule.rule.startswith("/api/v1")]
    names = {
        "<organization_id>": "{organizationId}",
        "<network_id>": "{networkId}",
        "<serial>": "{serial}",
        "<zone_id>": "{zoneId}",
    }
    for rule in served:
        path = rule.removeprefix("/api/v1")
        for ours, theirs in names.items():
            path = path.replace(ours, theirs)
        assert path in specification()["paths"], rule


@needs_specification
@pytest.mark.parametrize(
    ("method", "path", "names"),
    [
        ("get", "/organizations", "perPage startingAfter endingBefore"),
        (
            "get",
            f"{ORGANIZATION}/networks",
            "organizationId productTypes tags tagsFilterType perPage startingAfter "
            "endingBefore",
        ),
        (
            "get",
            f"{ORGANIZATION}/devices",
            "organizationId networkIds productTypes serials macs models tags "
            "tagsFilterType name mac serial model perPage startingAfter endingBefore",
        ),
        (
            "get",
            f"{ORGANIZATION}/devices/availabilities",
            "organizationId networkIds productTypes serials statuses tags "
            "tagsFilterType perPage startingAfter endingBefore",
        ),
        (
            "put",
            f"{CAMERA}/sense",
            "serial senseEnabled mqttBrokerId audioDetection detectionModelId",
        ),
        ("get", f"{CAMERA}/videoLink", "serial timestamp"),
        ("post", f"{CAMERA}/generateSnapshot", "serial timestamp fullframe"),
        ("get", f"{CAMERA}/analytics/overview", "serial t0 t1 timespan objectType"),
        ("get", HISTORY, "serial zoneId t0 t1 timespan resolution objectType"),
        (
            "get",
            f"{ORGANIZATION}/camera/boundaries/areas/byDevice",
            "organizationId serials",
        ),
        (
            "get",
            f"{ORGANIZATION}/camera/boundaries/lines/byDevice",
            "organizationId serials",
        ),
        ("get", DETECTIONS, "organizationId boundaryIds ranges perPage"),
    ],
    ids=lambda value: value if str(value).startswith("/") else "",
)
def test_what_the_simulator_reads_is_called_as_meraki_calls_it(
    method: str, path: str, names: str
) -> None:
    operation = specification()["paths"][path][method]
    known = {parameter["name"] for parameter in operation.get("parameters", [])}
    body = operation.get("requestBody", {}).get("content", {})
    known |= set(
        body.get("application/json", {}).get("schema", {}).get("properties", {})
    )
    assert set(names.split()) <= known
