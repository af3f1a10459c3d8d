"""Dashboard routes: the endpoints of the simulated Dashboard."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from mvsnap.simulator.meraki import analytics_routes
from mvsnap.simulator.meraki.cameras import (
    NETWORKS,
    SimulatedCamera,
    as_availability,
    parse_moment,
)
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.meraki.errors import DashboardError, refusal
from mvsnap.simulator.meraki.rows import Row, filtered, page

_AVAILABILITY_FILTERS = ("networkIds", "productTypes", "serials", "statuses", "tags")
_DEVICE_FILTERS = (
    *("networkIds", "productTypes", "serials", "macs", "models", "tags"),
    *("name", "mac", "serial", "model"),
)


def add(app: Flask, dashboard: FakeDashboard) -> None:
    _add_organization(app, dashboard)
    _add_networks(app, dashboard)
    _add_devices(app, dashboard)
    _add_pictures(app, dashboard)
    analytics_routes.add(app, dashboard)

    @app.errorhandler(HTTPException)
    def unknown_path(error: HTTPException) -> ResponseReturnValue:
        return refusal(DashboardError(error.code or 500))


def _add_organization(app: Flask, dashboard: FakeDashboard) -> None:
    prefix = "/api/v1/organizations/<organization_id>"

    @app.get("/api/v1/administered/identities/me")
    def identity() -> ResponseReturnValue:
        return jsonify(_IDENTITY)

    @app.get("/api/v1/organizations")
    def organizations() -> ResponseReturnValue:
        return page([_organization_row(dashboard)], "id", per_page=(3, 9000, 9000))

    @app.get(prefix)
    def organization(organization_id: str) -> ResponseReturnValue:
        _check_organization(dashboard, organization_id)
        return jsonify(_organization_row(dashboard))

    @app.get(f"{prefix}/networks")
    def networks(organization_id: str) -> ResponseReturnValue:
        _check_organization(dashboard, organization_id)
        rows = filtered(_networks(dashboard), "productTypes", "tags")
        return page(rows, "id", per_page=(3, 100_000, 1000))

    @app.get(f"{prefix}/devices")
    def devices(organization_id: str) -> ResponseReturnValue:
        _check_organization(dashboard, organization_id)
        rows = filtered(dashboard.devices(), *_DEVICE_FILTERS)
        rows = [_without_status(row) for row in rows]
        return page(rows, "serial", per_page=(3, 5000, 1000))

    @app.get(f"{prefix}/devices/availabilities")
    def availabilities(organization_id: str) -> ResponseReturnValue:
        _check_organization(dashboard, organization_id)
        rows = filtered(dashboard.devices(), *_AVAILABILITY_FILTERS)
        rows = [as_availability(device) for device in rows]
        return page(rows, "serial", per_page=(3, 1000, 1000))


def _add_networks(app: Flask, dashboard: FakeDashboard) -> None:
    prefix = "/api/v1/networks/<network_id>"

    @app.get(prefix)
    def network(network_id: str) -> ResponseReturnValue:
        return jsonify(_one_network(dashboard, network_id))

    @app.get(f"{prefix}/devices")
    def network_devices(network_id: str) -> ResponseReturnValue:
        _one_network(dashboard, network_id)
        return jsonify(
            [
                _without_kind(row)
                for row in dashboard.devices()
                if row["networkId"] == network_id
            ]
        )


def _add_devices(app: Flask, dashboard: FakeDashboard) -> None:
    @app.get("/api/v1/devices/<serial>")
    def device(serial: str) -> ResponseReturnValue:
        for row in dashboard.devices():
            if row["serial"] == serial:
                return jsonify(_without_kind(row))
        raise DashboardError(404)

    @app.get("/api/v1/devices/<serial>/camera/video/settings")
    def video_settings(serial: str) -> ResponseReturnValue:
        url = _camera(dashboard, serial).rtsp_url
        shown = {"rtspUrl": url} if url else {}
        return jsonify({"externalRtspEnabled": url is not None} | shown)

    @app.get("/api/v1/devices/<serial>/camera/videoLink")
    def video_link(serial: str) -> ResponseReturnValue:
        camera = _camera(dashboard, serial)
        text = request.args.get("timestamp")
        moment = _moment(text) if text else None
        return jsonify(_video_link(camera, moment))


def _add_pictures(app: Flask, dashboard: FakeDashboard) -> None:
    @app.post("/api/v1/devices/<serial>/camera/generateSnapshot")
    def generate_snapshot(serial: str) -> ResponseReturnValue:
        camera = _camera(dashboard, serial)
        body = _snapshot_body()
        text = body.get("timestamp")
        wanted = _moment(text) if text is not None else None
        path, expires_at = dashboard.request_snapshot(
            camera, wanted, fullframe=body.get("fullframe") is True
        )
        url = request.host_url.rstrip("/") + path
        dashboard.remember_secret(url)
        expiry = f"Access to the image will expire at {expires_at:%Y-%m-%dT%H:%M:%SZ}."
        return jsonify(url=url, expiry=expiry), 202

    @app.get("/stream/jpeg/snapshot/<token>")
    def picture(token: str) -> ResponseReturnValue:
        return dashboard.picture(token)


def _camera(dashboard: FakeDashboard, serial: str) -> SimulatedCamera:
    camera = dashboard.cameras.get(serial)
    if camera is None:
        raise DashboardError(404)
    return camera


def _organization_row(dashboard: FakeDashboard) -> Row:
    return _ORGANIZATION | {"id": dashboard.organization_id}


def _check_organization(dashboard: FakeDashboard, organization_id: str) -> None:
    if organization_id != dashboard.organization_id:
        raise DashboardError(404)


def _snapshot_body() -> dict[str, Any]:
    """Return the JSON body; forms are ignored, as by the cloud."""
    if not request.is_json:
        return {}
    try:
        body = json.loads(request.get_data())
    except ValueError as exc:
        raise DashboardError(400, "The request body is not valid JSON") from exc
    if not isinstance(body, dict):
        raise DashboardError(400, "The request body must be a JSON object")
    return body


def _moment(text: object) -> datetime:
    try:
        return parse_moment(str(text))
    except ValueError as exc:
        raise DashboardError(400, "'timestamp' must be in ISO 8601 format") from exc


def _without_status(device: Row) -> Row:
    return {key: value for key, value in device.items() if key != "status"}


def _without_kind(device: Row) -> Row:
    """Only the organization's own list includes the kind of product."""
    plain = _without_status(device)
    del plain["productType"]
    return plain


def _networks(dashboard: FakeDashboard) -> list[Row]:
    return [
        _network(*network) | {"organizationId": dashboard.organization_id}
        for network in NETWORKS
    ]


def _one_network(dashboard: FakeDashboard, network_id: str) -> Row:
    for row in _networks(dashboard):
        if row["id"] == network_id:
            return row
    raise DashboardError(404)


def _video_link(camera: SimulatedCamera, moment: datetime | None) -> dict[str, str]:
    node_id = camera.node_id
    url = f"https://n1.meraki.com/site/n/sim/manage/nodes/new_list/{node_id}"
    vision_url = (
        f"https://vision.meraki.com/n/{camera.network_id[2:]}/cameras/{node_id}"
    )
    if moment is not None:
        ts_ms = round(moment.astimezone(UTC).timestamp() * 1000)
        url, vision_url = f"{url}?timestamp={ts_ms}", f"{vision_url}?ts={ts_ms}"
    return {"url": url, "visionUrl": vision_url}


def _network(network_id: str, name: str, timezone: str) -> Row:
    return {
        "id": network_id,
        "name": name,
        "productTypes": ["camera", "wireless"],
        "timeZone": timezone,
        "tags": [],
        "enrollmentString": "",
        "url": f"https://n1.meraki.com/site/n/{network_id}/manage/nodes/list",
        "notes": "",
        "isBoundToConfigTemplate": False,
    }


_IDENTITY = {
    "name": "Simulated Administrator",
    "email": "admin@example.com",
    "lastUsedDashboardAt": "2026-01-02T03:04:05Z",
    "authentication": {
        "mode": "email",
        "api": {"key": {"created": True}},
        "twoFactor": {"enabled": True},
        "saml": {"enabled": False},
    },
}

_ORGANIZATION: Row = {
    "name": "Simulated Works",
    "url": "https://dashboard.meraki.com/o/sim/manage/organization/overview",
    "api": {"enabled": True},
    "licensing": {"model": "co-term"},
    "cloud": {
        "region": {"name": "Europe", "host": {"name": "Germany"}},
    },
    "management": {"details": []},
}
