"""Inventory: the Dashboard's data about cameras and zones, kept in the store.

Pages and the sense role read it there: they do not call the Dashboard themselves, and
names stay known while it is unreachable.
"""

from __future__ import annotations

import logging

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.organizations import ask_each
from mvsnap.clock import Clock
from mvsnap.domain import Camera, Organization, Serial
from mvsnap.errors import UpstreamError
from mvsnap.photographer import CameraNames
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore

log = logging.getLogger(__name__)

_CAMERAS_EVERY_S = 300.0
_ZONES_EVERY_S = 3600.0
# After a start without a network, names must not be missing for minutes.
_AGAIN_S = 30.0


class Inventory:
    """wanted: cameras whose zones are needed in addition to those of MV Sense."""

    def __init__(
        self,
        dashboard: Dashboard,
        names: CameraNames,
        site: SiteStore,
        sense: SenseStore,
        clock: Clock,
        *,
        organization_id: str | None,
        network_id: str | None,
        wanted: tuple[Serial, ...],
    ) -> None:
        self._dashboard = dashboard
        self._names = names
        self._site = site
        self._sense = sense
        self._clock = clock
        self._organization_id = organization_id
        self._network_id = network_id
        self._wanted = wanted
        self._cameras_at = float("-inf")
        self._reported: frozenset[str] = frozenset()
        self._zones_at: dict[Serial, float] = {}

    def refresh(self) -> None:
        """Fetch what is outdated or new; may take as long as the Dashboard does."""
        try:
            self._refresh_cameras()
            self._refresh_zones()
        except UpstreamError as exc:
            log.info("camera list not refreshed: %s", exc.message)
            self._cameras_at = self._clock.monotonic() - _CAMERAS_EVERY_S + _AGAIN_S

    def _refresh_cameras(self) -> None:
        now = self._clock.monotonic()
        if now - self._cameras_at < _CAMERAS_EVERY_S:
            return
        self._cameras_at = now
        found = ask_each(
            self._dashboard.organizations_of(self._organization_id), self._ask_cameras
        )
        self._report(found.refusals())
        found.require_one()
        cameras = [camera for _, here in found.answered for camera in here]
        self._site.keep_cameras(
            cameras, self._clock.now(), is_complete=not found.may_change
        )
        self._names.learn({camera.serial: camera.name for camera in cameras})

    def _ask_cameras(self, organization: Organization) -> list[Camera]:
        return self._dashboard.cameras(organization.id, self._network_id)

    def _report(self, refusals: list[str]) -> None:
        """Log each refusal once: the same ones come every few minutes."""
        for refusal in refusals:
            if refusal not in self._reported:
                log.warning("camera list: %s", refusal)
        self._reported = frozenset(refusals)

    def _refresh_zones(self) -> None:
        now = self._clock.monotonic()
        for serial in dict.fromkeys([*self._wanted, *self._sense.last_seen()]):
            if now - self._zones_at.get(serial, float("-inf")) < _ZONES_EVERY_S:
                continue
            self._zones_at[serial] = now
            try:
                self._site.keep_zones(serial, self._dashboard.zones(serial))
            except UpstreamError as exc:
                # One camera without a licence must not leave the others nameless.
                log.info("zones of %s unavailable: %s", serial, exc.message)
