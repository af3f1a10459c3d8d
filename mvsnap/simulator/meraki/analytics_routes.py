"""Analytics routes: the counts of the simulated Dashboard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from mvsnap.domain import FULL_FRAME, ZoneId
from mvsnap.simulator.meraki.cameras import (
    DETECTION_MODELS,
    SimulatedCamera,
    area_of,
    as_area,
    as_line,
    as_sense,
    line_of,
    parse_moment,
    set_sense,
    zone_of,
    zones,
)
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.meraki.errors import DashboardError
from mvsnap.simulator.meraki.people import MINUTE, SimulatedMinute, minutes

_Rows = list[dict[str, Any]]

_LOOKBACK = timedelta(days=365)
_HOUR = timedelta(hours=1)
_OVERVIEW, _HISTORY = timedelta(days=7), timedelta(hours=14)


def add(app: Flask, dashboard: FakeDashboard) -> None:
    _add_zones(app, dashboard)
    _add_states(app, dashboard)
    _add_boundaries(app, dashboard)
    _add_detections(app, dashboard)


def _add_zones(app: Flask, dashboard: FakeDashboard) -> None:
    prefix = "/api/v1/devices/<serial>/camera"

    @app.get(f"{prefix}/sense")
    def sense(serial: str) -> ResponseReturnValue:
        return jsonify(as_sense(_camera(dashboard, serial)))

    @app.put(f"{prefix}/sense")
    def change_sense(serial: str) -> ResponseReturnValue:
        camera, body = _camera(dashboard, serial), request.get_json(silent=True)
        if not isinstance(body, dict):
            raise DashboardError(400, "The request body must be a JSON object")
        try:
            set_sense(camera, body)
        except ValueError as exc:
            raise DashboardError(400, str(exc)) from exc
        return jsonify(as_sense(camera))

    @app.get(f"{prefix}/sense/objectDetectionModels")
    def detection_models(serial: str) -> ResponseReturnValue:
        _camera(dashboard, serial)
        return jsonify(DETECTION_MODELS)

    @app.get(f"{prefix}/analytics/zones")
    def analytics_zones(serial: str) -> ResponseReturnValue:
        return jsonify(zones(_analysed(dashboard, serial)))

    @app.get(f"{prefix}/analytics/overview")
    def overview(serial: str) -> ResponseReturnValue:
        camera = _analysed(dashboard, serial)
        since, until = _asked_span(_OVERVIEW)
        return jsonify(
            [
                _summed(_minutes(dashboard, camera, zone_id, since, until))
                | {
                    "startTs": _iso(since),
                    "endTs": _iso(until),
                    "zoneId": int(zone_id),
                }
                for zone_id in _zone_ids(camera)
            ]
        )

    @app.get(f"{prefix}/analytics/zones/<zone_id>/history")
    def history(serial: str, zone_id: str) -> ResponseReturnValue:
        camera = _analysed(dashboard, serial)
        if zone_id not in _zone_ids(camera):
            raise DashboardError(404)
        if request.args.get("resolution", "60") != "60":
            raise DashboardError(400, "'resolution' must be one of: 60")
        since, until = _asked_span(_HISTORY)
        rows = _minutes(dashboard, camera, ZoneId(zone_id), since, until)
        return jsonify([_minute(row) for row in rows])


def _add_states(app: Flask, dashboard: FakeDashboard) -> None:
    prefix = "/api/v1/devices/<serial>/camera/analytics"

    @app.get(f"{prefix}/recent")
    def recent(serial: str) -> ResponseReturnValue:
        camera = _analysed(dashboard, serial)
        rows = []
        for zone_id in _zone_ids(camera):
            (last,) = _last_minute(dashboard, camera, zone_id)
            rows.append(_minute(last) | {"zoneId": int(zone_id)})
        return jsonify(rows)

    @app.get(f"{prefix}/live")
    def live(serial: str) -> ResponseReturnValue:
        camera, found = _analysed(dashboard, serial), {}
        for zone_id in _zone_ids(camera):
            (last,) = _last_minute(dashboard, camera, zone_id)
            found[zone_id] = {"person": round(last.average_people)}
        return jsonify(ts=_iso(datetime.now(UTC)), zones=found)


def _add_boundaries(app: Flask, dashboard: FakeDashboard) -> None:
    prefix = "/api/v1/organizations/<organization_id>/camera/boundaries"

    @app.get(f"{prefix}/areas/byDevice")
    def areas(organization_id: str) -> ResponseReturnValue:
        return jsonify([as_area(c) for c in _wanted(dashboard, organization_id)])

    @app.get(f"{prefix}/lines/byDevice")
    def lines(organization_id: str) -> ResponseReturnValue:
        return jsonify([as_line(c) for c in _wanted(dashboard, organization_id)])


def _add_detections(app: Flask, dashboard: FakeDashboard) -> None:
    @app.get(
        "/api/v1/organizations/<organization_id>"
        "/camera/detections/history/byBoundary/byInterval"
    )
    def detections(organization_id: str) -> ResponseReturnValue:
        known = {
            zone_id: (camera, kind)
            for camera in _wanted(dashboard, organization_id)
            for zone_id, kind in ((area_of(camera), "area"), (line_of(camera), "line"))
        }
        asked = request.args.getlist("boundaryIds[]")
        if not asked:
            raise DashboardError(400, "'boundaryIds' is required")
        since, until, interval = _asked_range(dashboard.finest_interval_s)
        rows: _Rows = []
        for zone_id in map(ZoneId, asked):
            if zone_id in known:
                camera, kind = known[zone_id]
                came = _minutes(dashboard, camera, zone_id, since, until)
                rows += _detected(zone_id, kind, came, since, interval)
        # No parameter requests the rows after these.
        return jsonify(rows[: request.args.get("perPage", 1000, type=int)])


def _detected(
    zone_id: ZoneId,
    kind: str,
    came: Sequence[SimulatedMinute],
    since: datetime,
    interval: timedelta,
) -> Iterator[dict[str, Any]]:
    for number, rows in groupby(came, lambda row: (row.began_at - since) // interval):
        begin = since + number * interval
        people = sum(row.entrances for row in rows)
        yield {
            "boundaryId": zone_id,
            "type": kind,
            "results": {
                "startTime": _iso(begin),
                "endTime": _iso(begin + interval),
                "objectType": "person",
                "in": people,
                "out": people - people // 8,
            },
        }


def _camera(dashboard: FakeDashboard, serial: str) -> SimulatedCamera:
    camera = dashboard.cameras.get(serial)
    if camera is None:
        raise DashboardError(404)
    return camera


def _analysed(dashboard: FakeDashboard, serial: str) -> SimulatedCamera:
    if dashboard.zones_retired:
        raise DashboardError(404)
    return _camera(dashboard, serial)


def _zone_ids(camera: SimulatedCamera) -> list[ZoneId]:
    return [FULL_FRAME, zone_of(camera)] if camera.sense else []


def _wanted(dashboard: FakeDashboard, organization_id: str) -> list[SimulatedCamera]:
    if organization_id != dashboard.organization_id:
        raise DashboardError(404)
    serials = request.args.getlist("serials[]")
    found = [camera for camera in list(dashboard.cameras.values()) if camera.sense]
    return [camera for camera in found if not serials or camera.serial in serials]


def _minutes(
    dashboard: FakeDashboard,
    camera: SimulatedCamera,
    zone_id: ZoneId,
    since: datetime,
    until: datetime,
) -> list[SimulatedMinute]:
    # The current minute has no row yet.
    until = min(until, datetime.now(UTC) - MINUTE)
    return list(minutes(camera, zone_id, since, until, dashboard.people_at))


def _last_minute(
    dashboard: FakeDashboard, camera: SimulatedCamera, zone_id: ZoneId
) -> list[SimulatedMinute]:
    now = datetime.now(UTC)
    return _minutes(dashboard, camera, zone_id, now - 3 * MINUTE, now)[-1:]


def _asked_span(longest: timedelta) -> tuple[datetime, datetime]:
    """Return the requested t0 and t1. Raises DashboardError like the cloud."""
    now = datetime.now(UTC)
    t0, t1 = (_moment(name, request.args.get(name)) for name in ("t0", "t1"))
    timespan_s = request.args.get("timespan", type=float)
    if timespan_s is not None and (t0 or t1):
        raise DashboardError(400, "'timespan' cannot be used with 't0' or 't1'")
    length = _HOUR if timespan_s is None else timedelta(seconds=timespan_s)
    until = t1 or (now if t0 is None else min(now, t0 + longest))
    since = t0 or until - length
    if not timedelta() < until - since <= longest:
        raise DashboardError(400, f"The time span must be at most {longest}")
    if since < now - _LOOKBACK:
        raise DashboardError(400, "'t0' must be within the last 365 days")
    if request.args.get("objectType", "person") not in ("person", "vehicle"):
        raise DashboardError(400, "'objectType' must be one of: person, vehicle")
    return since, until


def _asked_range(finest_s: int) -> tuple[datetime, datetime, timedelta]:
    since = _moment("startTime", request.args.get("ranges[]startTime"))
    until = _moment("endTime", request.args.get("ranges[]endTime"))
    interval_s = request.args.get("ranges[]interval", type=int)
    if since is None or until is None or not interval_s:
        raise DashboardError(400, "'ranges' is required")
    if interval_s < finest_s or since >= until:
        raise DashboardError(400, "'ranges' has an invalid range or interval")
    return since, until, timedelta(seconds=interval_s)


def _moment(name: str, text: str | None) -> datetime | None:
    try:
        return parse_moment(text) if text else None
    except ValueError as exc:
        raise DashboardError(400, f"'{name}' must be in ISO 8601 format") from exc


def _minute(row: SimulatedMinute) -> dict[str, Any]:
    return {
        "startTs": _iso(row.began_at),
        "endTs": _iso(row.began_at + MINUTE),
        "entrances": row.entrances,
        "averageCount": row.average_people,
    }


def _summed(rows: Sequence[SimulatedMinute]) -> dict[str, Any]:
    people = sum(row.average_people for row in rows)
    return {
        "entrances": sum(row.entrances for row in rows),
        "averageCount": round(people / max(1, len(rows)), 2),
    }


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
