"""Inventory: the Dashboard's data about cameras and zones, kept in the store.

One process fetches it for all. Pages, the sense role and the other workers read it in
the store, and names stay known while the Dashboard is unreachable.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import inf

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.dashboards import DashboardOfCamera
from mvsnap.clients.meraki.organizations import ask_all
from mvsnap.clock import Clock, poll
from mvsnap.domain import Camera, Organization, Serial
from mvsnap.errors import UpstreamError
from mvsnap.photographer import CameraNames
from mvsnap.store.database import OUTAGES
from mvsnap.store.sense import SenseStore
from mvsnap.store.sharing.fetches import Fetches, GoesOn, OwnFetches, Paced
from mvsnap.store.site import SiteStore

log = logging.getLogger(__name__)

_CAMERAS_EVERY_S = 300.0
_ZONES_EVERY_S = 3600.0
# A status that changed between two answers did so now, if there is as little between.
_SHORT_AGO_S = 3 * _CAMERAS_EVERY_S
# After a start without a network, names must not be missing for minutes.
_AGAIN_S = 30.0
# How long a name that is missing may take, and how often it is looked for.
_NAME_S, _LOOK_S = 3.0, 0.25


class Inventory:
    """wanted: cameras whose zones are needed in addition to those of MV Sense.

    fetches: shared with other processes; default: there are none.
    """

    def __init__(
        self,
        dashboards: DashboardOfCamera,
        names: CameraNames,
        site: SiteStore,
        sense: SenseStore,
        clock: Clock,
        *,
        wanted: tuple[Serial, ...],
        fetches: Fetches | None = None,
    ) -> None:
        self._dashboards = dashboards
        self._names = names
        self._site = site
        self._sense = sense
        self._wanted = wanted
        self._clock = clock
        self._fetches = fetches or OwnFetches(clock)
        # Other settings are other cameras.
        place = " ".join(
            f"{each.organization_id or '*'} {each.network_id or '*'}"
            for each in dashboards.each()
        )
        self._cameras, self._zones = f"cameras {place}", f"zones {place}"
        self._learnt: float | None = None
        self._reported: frozenset[str] = frozenset()

    def refresh(self) -> None:
        """Fetch what is outdated or new, unless another process does.

        May take as long as the Dashboard does.
        """
        self._learn()
        if not (self._is_due() or self._due_zones()):
            return
        with self._fetches.claim() as goes_on:
            if goes_on is not None:
                self._fetch(Paced(goes_on))
        self._learn()

    def fetch_name(self, serial: Serial) -> bool:
        """Have the name of a new camera fetched; return whether it is known now."""

        def look() -> bool | None:
            self.refresh()
            return self._names.is_known(serial) or None

        try:
            self._learn()
            if self._names.is_known(serial):
                return True
            self._fetches.want(self._cameras)
            found = poll(look, self._clock, every_s=_LOOK_S, limit_s=_NAME_S)
        except OUTAGES as exc:
            log.info("name of %s unavailable: %s", serial, type(exc).__name__)
            found = None
        return bool(found)

    def _learn(self) -> None:
        """Read the names that this or another process has fetched since."""
        last = self._fetches.last(self._cameras)
        number = last.number if last else 0.0
        if number != self._learnt:
            self._names.learn({c.serial: c.name for c in self._site.cameras()})
            self._learnt = number

    def _is_due(self) -> bool:
        last = self._fetches.last(self._cameras)
        return last is None or last.is_due(_CAMERAS_EVERY_S)

    def _fetch(self, goes_on: GoesOn) -> None:
        try:
            if self._is_due():  # another may just have done it
                self._refresh_cameras()
            self._refresh_zones(goes_on)
        except UpstreamError as exc:
            log.info("camera list not refreshed: %s", exc.message)
            again_s = max(_AGAIN_S, min(exc.retry_after_s or 0.0, _CAMERAS_EVERY_S))
            age_s = _CAMERAS_EVERY_S - again_s
            ages = {name: s - age_s for name, s in self._ages(self._cameras).items()}
            self._fetches.note(self._cameras, ages, age_s=age_s)

    def _refresh_cameras(self) -> None:
        found = ask_all(self._dashboards.each(), self._ask_cameras)
        self._report(found.refusals())
        found.require_one()
        cameras = [camera for _, here in found.answered for camera in here]
        ages = self._ages(self._cameras)
        asked = [each.name for each in self._dashboards.each()]
        self._site.keep_cameras(
            cameras,
            self._clock.now(),
            unsure=found.unsure,
            stale=[name for name in asked if ages.get(name, inf) > _SHORT_AGO_S],
        )
        ages |= {name: 0.0 for name in asked if name not in found.unsure}
        self._fetches.note(self._cameras, ages)

    @staticmethod
    def _ask_cameras(dashboard: Dashboard, organization: Organization) -> list[Camera]:
        return dashboard.cameras(organization.id, dashboard.network_id)

    def _report(self, refusals: list[str]) -> None:
        """Log each refusal once: the same ones come every few minutes."""
        for refusal in refusals:
            if refusal not in self._reported:
                log.warning("camera list: %s", refusal)
        self._reported = frozenset(refusals)

    def _ages(self, name: str) -> dict[str, float]:
        """Return how long ago each part of this was fetched, in seconds.

        Parts are organizations, or cameras; stored are the ages at the last note.
        """
        last = self._fetches.last(name)
        if last is None:
            return {}
        ages: Mapping[str, float] = last.content or {}
        return {part: age_s + last.age_s for part, age_s in ages.items()}

    def _due_zones(self) -> list[Serial]:
        ages = self._ages(self._zones)
        serials = dict.fromkeys([*self._wanted, *self._sense.last_seen()])
        return [s for s in serials if ages.get(s, inf) >= _ZONES_EVERY_S]

    def _refresh_zones(self, goes_on: GoesOn) -> None:
        ages, due = self._ages(self._zones), self._due_zones()
        for serial in due:
            if not goes_on():
                break
            try:
                self._site.keep_zones(serial, self._dashboards.of(serial).zones(serial))
            except UpstreamError as exc:
                # One camera without a licence must not leave the others nameless.
                log.info("zones of %s unavailable: %s", serial, exc.message)
            ages[serial] = 0.0
        if due:
            self._fetches.note(self._zones, ages)
