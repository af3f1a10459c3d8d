"""Dashboard simulator: the part of the Meraki Dashboard API that a gateway uses."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, request
from msgspec import Struct

from mvsnap.simulator.calls import RecordedCall, bearer_of
from mvsnap.simulator.faults import Faults, html_answer
from mvsnap.simulator.limit import CallLimit
from mvsnap.simulator.meraki.cameras import (
    ORGANIZATION_ID,
    SimulatedCamera,
    access_point,
    as_device,
    new_camera,
)
from mvsnap.simulator.meraki.errors import DashboardError, bad_key, too_many
from mvsnap.simulator.meraki.people import PeopleAt
from mvsnap.simulator.picture import draw_picture, pad_jpeg


class _Snapshot(Struct, frozen=True):
    """An issued picture URL; the two *_at_s are time.monotonic()."""

    camera: SimulatedCamera
    at: datetime
    ready_at_s: float
    expires_at_s: float


class FakeDashboard:
    """A Dashboard with one organization, two networks and `cameras` cameras.

    Attributes may be changed while it is served.

    not_ready_s: seconds a picture URL answers 404, for cameras without their own.
    picture_lifetime_s: seconds a picture URL works.
    video_delay_s: seconds until a moment is available by timestamp.
    redirect_to: origin of a shard; calls that reach it are served, others redirected.
    zones_retired: the deprecated analytics of zones answer 404.
    finest_interval_s: shorter intervals of detections are refused.
    people_at: how many are in view at a moment, for minutes with published counts.
    rate_limit: (calls per second, burst) of each organization, None for no limit.
    """

    def __init__(
        self,
        *,
        api_key: str = "simulated-dashboard-key",
        cameras: int = 3,
        not_ready_s: float = 0.0,
        picture_bytes: bytes | int | None = None,
        organization_id: str = ORGANIZATION_ID,
    ) -> None:
        """picture_bytes: one JPEG for all, or the size drawn ones are padded to."""
        self.api_key = api_key
        self.organization_id = organization_id
        self.faults = Faults({"401": bad_key, "429": too_many})
        self.asked: list[RecordedCall] = []
        numbered = (new_camera(number) for number in range(1, cameras + 1))
        self.cameras: dict[str, SimulatedCamera] = {c.serial: c for c in numbered}
        self.not_ready_s = not_ready_s
        self.picture_bytes = picture_bytes
        self.picture_lifetime_s = 1800.0
        self.video_delay_s = 60.0
        self.redirect_to: str | None = None
        self.redirect_status = 308
        self.zones_retired = False
        self.finest_interval_s = 60
        self.people_at: PeopleAt | None = None
        self.rate_limit: tuple[float, float] | None = (10, 10)
        self._picture_secrets: list[str] = []
        self._snapshots: dict[str, _Snapshot] = {}
        self.refused_calls = 0  # answered 429 because of that limit
        self._limits: dict[str, CallLimit] = {}
        self._lock = threading.Lock()

    @property
    def picture_secrets(self) -> list[str]:
        """Every issued snapshot URL: whoever has one sees the picture."""
        with self._lock:
            return list(self._picture_secrets)

    def devices(self) -> list[dict[str, Any]]:
        """Return all devices, including those that are not cameras, in serial order."""
        devices = [as_device(camera) for camera in list(self.cameras.values())]
        return sorted([*devices, access_point()], key=lambda device: device["serial"])

    def request_snapshot(
        self, camera: SimulatedCamera, wanted: datetime | None, fullframe: bool
    ) -> tuple[str, datetime]:
        """Return the path of the picture and when it expires.

        Raises:
            DashboardError: the camera has no such picture.
        """
        now = datetime.now(UTC)
        if camera.is_away:
            raise DashboardError(400, "The camera is offline")
        if wanted is not None:
            self._check_wanted(camera, wanted, fullframe, now)
        delay = self.not_ready_s if camera.not_ready_s is None else camera.not_ready_s
        made_at_s = time.monotonic()
        token = secrets.token_urlsafe(16)
        snapshot = _Snapshot(
            camera,
            wanted or now,
            made_at_s + delay,
            made_at_s + self.picture_lifetime_s,
        )
        with self._lock:
            self._snapshots[token] = snapshot
        return (
            f"/stream/jpeg/snapshot/{token}",
            now + timedelta(seconds=self.picture_lifetime_s),
        )

    def remember_secret(self, url: str) -> None:
        with self._lock:
            self._picture_secrets.append(url)

    def picture(self, token: str) -> Response:
        """Return the current answer of a picture URL."""
        snapshot = self._snapshots.get(token)
        now_s = time.monotonic()
        if snapshot is None or not snapshot.ready_at_s <= now_s < snapshot.expires_at_s:
            return Response(b"", 404, content_type="text/plain")
        kind = snapshot.camera.picture
        if kind == "never":
            return Response(b"", 404, content_type="text/plain")
        if kind == "html":
            return html_answer(200, "The image is being prepared")
        jpeg = self._jpeg(snapshot)
        if kind == "truncated":
            jpeg = jpeg[: len(jpeg) // 2]
        return Response(jpeg, 200, content_type="image/jpeg")

    def _jpeg(self, snapshot: _Snapshot) -> bytes:
        if isinstance(self.picture_bytes, bytes):
            return self.picture_bytes
        camera = snapshot.camera
        jpeg = draw_picture(
            camera.scene, camera.name or "", camera.serial, camera.number, snapshot.at
        )
        return (
            jpeg if self.picture_bytes is None else pad_jpeg(jpeg, self.picture_bytes)
        )

    def _check_wanted(
        self, camera: SimulatedCamera, wanted: datetime, fullframe: bool, now: datetime
    ) -> None:
        if fullframe:
            raise DashboardError(400, "'fullframe' cannot be used with 'timestamp'")
        too_new = wanted > now - timedelta(seconds=self.video_delay_s)
        too_old = camera.video_since is not None and wanted < camera.video_since
        if too_new or too_old:
            raise DashboardError(400, "No video for specified timestamp")

    def admit(self) -> Response | None:
        """Redirect the call to the shard, refuse it, or let it pass (None)."""
        if not request.path.startswith("/api/v1/"):
            return None
        if self.redirect_to and request.host_url.rstrip("/") != self.redirect_to:
            query = request.query_string.decode()
            target = self.redirect_to + request.path + (f"?{query}" if query else "")
            return Response(status=self.redirect_status, headers={"Location": target})
        bearer = bearer_of(request.headers)
        key = request.headers.get("X-Cisco-Meraki-API-Key", bearer)
        if not secrets.compare_digest(key.encode(), self.api_key.encode()):
            return bad_key()
        if self._over_limit():
            response = too_many()
            response.headers["Retry-After"] = "1"
            return response
        return None

    def _over_limit(self) -> bool:
        place = request.view_args or {}
        if self.rate_limit is None or not place:
            return False
        # Every device is in the only organization.
        organization_id = str(place.get("organization_id", self.organization_id))
        with self._lock:
            limit = self._limits.get(organization_id)
            if limit is None or limit.limit != self.rate_limit:
                limit = CallLimit(*self.rate_limit)
                self._limits[organization_id] = limit
        is_over = not limit.acquire()
        self.refused_calls += is_over
        return is_over
