"""Dashboard: the calls of the Meraki Dashboard API v1 in use, as our own types."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from mvsnap.clients.call_budget import BudgetStore
from mvsnap.clients.hosts import MERAKI_HOSTS
from mvsnap.clients.meraki.analytics import CameraAnalytics
from mvsnap.clients.meraki.budget import Budget, RequestBudget, SpareBudget
from mvsnap.clients.meraki.calls import DashboardCalls, DashboardRefused
from mvsnap.clients.meraki.picture import PictureDownload, SnapshotTicket
from mvsnap.clients.meraki.zones import region_of
from mvsnap.clock import Clock, iso
from mvsnap.domain import Camera, Network, Organization, Serial, Zone, parse_serial
from mvsnap.errors import (
    BadInput,
    CameraOffline,
    NoPicture,
    NoVideo,
    UpstreamError,
)
from mvsnap.texts import wordings

__all__ = ["MERAKI_HOSTS", "Dashboard", "SnapshotTicket"]

log = logging.getLogger(__name__)

# Meraki grants 10 calls at once and lends 10 more: "30 requests in two seconds". Some
# of each stay unused: calls do not arrive as evenly as they are sent.
_LARGEST_BURST = 9
_LARGEST_BORROW = 8
# For calls that nobody waits for: at most a fifth of Meraki's 10 calls per second.
_SPARE_PER_S = 2.0
# Video reaches the Dashboard about two minutes late (meraki-python-sdk issue 4).
_VIDEO_DELAY = timedelta(minutes=5)
_RTSP_PORT = 9000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


class Dashboard:
    """The Meraki cloud of one API key; thread-safe.

    It is one organization of the settings: their `dashboards` has the others.

    Every method raises UpstreamError, whose `retry` says whether the same call may
    work later. Calls wait for their turn in the request budget and are never repeated.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        clock: Clock,
        requests_per_s: float = 10.0,
        timeout_s: float = 15.0,
        trusted_hosts: tuple[str, ...] = MERAKI_HOSTS,
        budget: Budget | None = None,
        budget_store: BudgetStore | None = None,
        name: str = "",
        organization_id: str | None = None,
        network_id: str | None = None,
        others: frozenset[str] = frozenset(),
    ) -> None:
        """budget: of another Dashboard of the same organization; default: its own.

        budget_store: where its own is kept for other processes.
        name: of the organization in the settings; "": the one of `meraki`.
        organization_id: None: all that the key can see, without `others`, by id.
        """
        self.name, self.network_id = name, network_id
        self.organization_id, self._others = organization_id, others
        self._clock = clock
        largest = _LARGEST_BURST - (budget_store.spare if budget_store else 0)
        self._requests_per_s = requests_per_s
        self._budget = budget or RequestBudget(
            clock,
            per_s=requests_per_s,
            # A lower configured rate means that other programs share the organization.
            burst=max(1, min(largest, int(requests_per_s))),
            borrow=min(_LARGEST_BORROW, int(requests_per_s)),
            store=budget_store,
        )
        self._calls = DashboardCalls(
            base_url,
            api_key,
            clock=clock,
            budget=self._budget,
            timeout_s=timeout_s,
            trusted_hosts=trusted_hosts,
            name=name,
        )
        self.analytics = CameraAnalytics(self._calls)
        self._no_status: dict[str, str] = {}  # why, by organization
        self._pictures = PictureDownload(
            base_url, clock=clock, timeout_s=timeout_s, trusted_hosts=trusted_hosts
        )

    def spare_budget(self) -> SpareBudget:
        """Return a budget for background work, of what this Dashboard leaves."""
        per_s = min(_SPARE_PER_S, self._requests_per_s / 5)
        return SpareBudget(self._budget, self._clock, per_s=per_s)

    def calls_left(self) -> float:
        """Return how many calls the budget would let leave at once now."""
        return self._budget.calls_left()

    def close(self) -> None:
        self._calls.close()
        self._pictures.close()

    def request_snapshot(
        self, serial: Serial, at: datetime | None = None, *, urgent: bool = True
    ) -> SnapshotTicket:
        """Request a still from a camera and return where it will appear.

        urgent: False lets urgent calls go first.
        Source: POST /devices/{serial}/camera/generateSnapshot, answered 202.

        Raises:
            NoPicture: the camera is offline, or has no video of that moment.
            UpstreamError: Meraki refused for another reason, or is unreachable.
        """
        body = {} if at is None else {"timestamp": iso(at)}
        path = _device(serial, "/camera/generateSnapshot")
        refusal: NoPicture | None = None
        try:
            answer = _object(self._calls.call("POST", path, body=body, urgent=urgent))
        except DashboardRefused as exc:
            refusal = self._no_picture(exc.words, at)
        if refusal is not None:
            raise refusal
        url = answer.get("url")
        if not isinstance(url, str) or not url:
            raise UpstreamError(wordings.MERAKI_NO_PICTURE_LINK(), retry=True)
        return SnapshotTicket(url, _expiry(answer.get("expiry")))

    def fetch_picture(self, ticket: SnapshotTicket, *, limit_s: float = 60.0) -> bytes:
        """Return the complete JPEG of a ticket, polling for at most `limit_s` seconds.

        Raises:
            NoPicture: there was none in time, or the link is unusable.
        """
        return self._pictures.fetch(ticket.url, limit_s=limit_s)

    def video_link(self, serial: Serial, at: datetime) -> str:
        """Return the Dashboard page that plays the video of a moment.

        The moment is sent in UTC with `Z`: Meraki takes a naive one to be in another
        zone. Source: GET /devices/{serial}/camera/videoLink.
        """
        path = _device(serial, "/camera/videoLink")
        found = _object(self._calls.call("GET", path, query={"timestamp": iso(at)}))
        link = found.get("url") or found.get("visionUrl")
        if not isinstance(link, str) or not link.startswith(("https://", "http://")):
            raise UpstreamError(wordings.MERAKI_NO_VIDEO_LINK(), retry=True)
        return link

    def stream_url(self, serial: Serial) -> str:
        """Return the address of the camera's own stream in the local network (RTSP).

        Source: GET /devices/{serial}/camera/video/settings, which has the address only
        while it is enabled. The flag alone means: enabled, at the camera's own address.

        Raises:
            UpstreamError: external RTSP is off, or Meraki is unreachable.
        """
        path = _device(serial, "/camera/video/settings")
        found = _object(self._calls.call("GET", path))
        url = found.get("rtspUrl")
        if isinstance(url, str) and url.startswith(("rtsp://", "rtsps://")):
            return url
        if found.get("externalRtspEnabled") is not True:
            raise UpstreamError(wordings.RTSP_IS_OFF(serial=serial), retry=False)
        address = _text(_object(self._calls.call("GET", _device(serial))), "lanIp")
        if not address:
            raise UpstreamError(wordings.NO_LAN_ADDRESS(serial=serial), retry=True)
        return f"rtsp://{address}:{_RTSP_PORT}/live"

    def whoami(self) -> str:
        """Return `name <e-mail>` of the key's owner.

        Source: GET /administered/identities/me.
        """
        me = _object(self._calls.call("GET", "/administered/identities/me"))
        name, email = _text(me, "name"), _text(me, "email")
        return f"{name} <{email}>" if name and email else name or email or "(no name)"

    def organizations(self) -> list[Organization]:
        """Return the organizations the key can see. Source: GET /organizations."""
        rows = self._calls.pages("/organizations")
        found = [Organization(_text(row, "id"), _text(row, "name")) for row in rows]
        return [organization for organization in found if organization.id]

    def own_organizations(self) -> list[Organization]:
        """Return the configured one, or if there is none, all that the key can see.

        The configured one is called as in the settings: it is not looked up.
        """
        if self.organization_id is not None:
            return [Organization(self.organization_id, self.name)]
        return [found for found in self.organizations() if found.id not in self._others]

    def of(self, _serial: Serial) -> Dashboard:
        """Return itself, as the only one of a site: see `dashboards`."""
        return self

    def each(self) -> tuple[Dashboard, ...]:
        return (self,)

    def networks(self, organization_id: str) -> list[Network]:
        """Source: GET /organizations/{organizationId}/networks."""
        path = _organization(organization_id, "/networks")
        return [
            Network(_text(row, "id"), _text(row, "name"), _text(row, "timeZone"))
            for row in self._calls.pages(path)
        ]

    def cameras(
        self, organization_id: str, network_id: str | None = None
    ) -> list[Camera]:
        """Return the cameras with their status, which Meraki updates within minutes.

        The status is "unknown" where Meraki does not tell it; that is logged.
        Source: GET /organizations/{organizationId}/devices, and availability().
        """
        path = _organization(organization_id, "/devices")
        rows = list(self._calls.pages(path, query=_only_cameras(network_id)))
        status = self._status(organization_id, network_id) if rows else {}
        return [
            self._camera(row, serial, status.get(serial, "unknown"))
            for serial, row in _by_serial(rows)
        ]

    def camera_names(self, organization_id: str) -> dict[Serial, str]:
        """Return only the names, without a second call for the status."""
        path = _organization(organization_id, "/devices")
        rows = self._calls.pages(path, query=_only_cameras(None))
        return {s: self._camera(row, s, "").name for s, row in _by_serial(rows)}

    def availability(
        self, organization_id: str, network_id: str | None = None
    ) -> dict[Serial, str]:
        """Return the status (online, alerting, offline, dormant) of each camera.

        Source: GET /organizations/{organizationId}/devices/availabilities.
        """
        path = _organization(organization_id, "/devices/availabilities")
        rows = self._calls.pages(path, query=_only_cameras(network_id))
        return {
            serial: _text(row, "status") or "unknown"
            for serial, row in _by_serial(rows)
        }

    def _status(
        self, organization_id: str, network_id: str | None
    ) -> dict[Serial, str]:
        try:
            found = self.availability(organization_id, network_id)
            trouble = ""
        except UpstreamError as exc:
            found, trouble = {}, exc.message
        # the same trouble comes every few minutes: it is logged once.
        if self._no_status.get(organization_id, "") != trouble:
            self._no_status[organization_id] = trouble
            if trouble:
                log.warning(
                    "status of the cameras of organization %s unknown: %s",
                    organization_id,
                    trouble,
                )
        return found

    def fetch_alert_picture(self, url: str, *, limit_s: float) -> bytes:
        """Return the JPEG of an alert's `imageUrl`, polling for `limit_s` seconds.

        The URL comes from outside: it is only followed on Meraki's hosts.

        Raises:
            NoPicture
        """
        return self._pictures.fetch(url, limit_s=limit_s, only_trusted=True)

    def camera(self, serial: Serial) -> Camera:
        """Return one camera, its status unknown. Source: GET /devices/{serial}."""
        row = _object(self._calls.call("GET", _device(serial)))
        return self._camera(row, serial, "unknown")

    def has(self, serial: Serial) -> bool:
        """Return whether the camera is of this organization, without asking for it."""
        query = _only_cameras(self.network_id) | {"serials[]": serial}
        for organization in self.own_organizations():
            path = _organization(organization.id, "/devices")
            rows = self._calls.pages(path, query=query)
            if serial in dict(_by_serial(rows)):
                return True
        return False

    def zones(self, serial: Serial) -> list[Zone]:
        """Return the analytics zones; "0" is the full frame.

        Source: GET /devices/{serial}/camera/analytics/zones, whose id is `id` in the
            specification and `zoneId` from some cameras.
        """
        rows = self._calls.pages(_device(serial, "/camera/analytics/zones"))
        return [
            Zone(
                _text(row, "id") or _text(row, "zoneId"),
                _text(row, "label"),
                region_of(row.get("regionOfInterest")),
            )
            for row in rows
        ]

    def _camera(self, row: Mapping[str, Any], serial: Serial, status: str) -> Camera:
        return Camera(
            serial=serial,
            # The name is null or missing until somebody sets one. On one line: it
            # appears in messages and in the log.
            name=" ".join(_text(row, "name").split()) or serial,
            model=_text(row, "model"),
            network_id=_text(row, "networkId"),
            status=status,
            organization=self.name,
        )

    def _no_picture(self, words: str, at: datetime | None) -> NoPicture:
        """Translate the 400 of generateSnapshot."""
        said = words.casefold()
        if "no video" in said:
            recent = at is None or self._clock.passed_since(at) <= _VIDEO_DELAY
            wording = wordings.NO_VIDEO_YET if recent else wordings.NO_VIDEO_THEN
            return NoVideo(wording(words=words), retry=recent)
        if "offline" in said:
            return CameraOffline(wordings.CAMERA_OFFLINE(), retry=False)
        why = words or wordings.NO_REASON_GIVEN()
        return NoPicture(wordings.SNAPSHOT_REFUSED(why=why), retry=False)


def _device(serial: Serial, rest: str = "") -> str:
    return f"/devices/{quote(serial, safe='')}{rest}"


def _organization(organization_id: str, rest: str) -> str:
    return f"/organizations/{quote(organization_id, safe='')}{rest}"


def _only_cameras(network_id: str | None) -> dict[str, str]:
    # Array parameters need `[]`, although the specification omits them.
    query = {"productTypes[]": "camera"}
    return query if network_id is None else query | {"networkIds[]": network_id}


def _by_serial(
    rows: Iterator[Mapping[str, Any]] | list[Mapping[str, Any]],
) -> Iterator[tuple[Serial, Mapping[str, Any]]]:
    for row in rows:
        try:
            serial = parse_serial(_text(row, "serial"))
        except BadInput:
            log.warning("skipped a device that Meraki lists without a usable serial")
            continue
        yield serial, row


def _object(parsed: Any) -> Mapping[str, Any]:
    if not isinstance(parsed, dict):
        raise UpstreamError(wordings.MERAKI_NO_OBJECT(), retry=True)
    return parsed


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _expiry(sentence: Any) -> datetime | None:
    """Parse "Access to the image will expire at 2018-12-11T03:12:39Z."."""
    found = _MOMENT.search(str(sentence))
    try:
        return datetime.fromisoformat(found[0]).astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None
