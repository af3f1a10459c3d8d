"""Dashboards: which of several organizations a camera is asked in.

Each camera is asked where it belongs: as the settings and the inventory say, or, for a
camera that is new, as the lists of the organizations do. No key is used for a camera of
another organization.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from mvsnap.clients.meraki.calls import NotOfThisKey
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clock import Clock
from mvsnap.domain import Serial
from mvsnap.errors import UpstreamError
from mvsnap.texts import wordings

T = TypeVar("T")
log = logging.getLogger(__name__)

# A camera that no organization has may have been added just now.
_AGAIN_S = 60.0
_MOST_MISSING = 1000


class DashboardOfCamera(Protocol):
    """The Dashboards of a site; a single one is that of every camera."""

    def of(self, serial: Serial) -> Dashboard:
        """Return the one that has the camera.

        Raises:
            UpstreamError: none has it, or which one is not to be had now.
        """
        ...

    def each(self) -> tuple[Dashboard, ...]: ...


class Homes(Protocol):
    """What is known of which organization a camera belongs to, by name."""

    def of(self, serial: str) -> str | None: ...

    def learn(self, serial: Serial, name: str) -> None: ...


class Dashboards:
    """Thread-safe; `dashboards` differ in their names."""

    def __init__(
        self, dashboards: Iterable[Dashboard], homes: Homes, clock: Clock
    ) -> None:
        self._by_name = {dashboard.name: dashboard for dashboard in dashboards}
        self._homes = homes
        self._clock = clock
        self._lock = threading.Lock()
        self._missing: dict[Serial, tuple[float, UpstreamError]] = {}

    def each(self) -> tuple[Dashboard, ...]:
        return tuple(self._by_name.values())

    def of(self, serial: Serial) -> Dashboard:
        if len(self._by_name) == 1:
            return next(iter(self._by_name.values()))
        name = self._homes.of(serial)
        known = None if name is None else self._by_name.get(name)
        return known or self._found(serial)

    def close(self) -> None:
        for dashboard in self.each():
            dashboard.close()

    def _found(self, serial: Serial) -> Dashboard:
        """Look for a camera of which nothing is known in the list of each."""
        with self._lock:
            asked_s, why = self._missing.get(serial, (float("-inf"), None))
        if why is not None and self._clock.monotonic() - asked_s < _AGAIN_S:
            raise why
        found, refusals = self._listed(serial, self.each())
        if found is not None:
            return found
        if refusals:
            raise _first_of(refusals)
        raise self._missed(serial)

    def moved(self, serial: Serial, old: Dashboard) -> Dashboard | None:
        """Return the other organization that lists a camera, if one does.

        Asked for when the one that it is known to be of does not know it; the inventory
        notices that a camera was moved only when it is fetched again.
        """
        others = tuple(one for one in self.each() if one is not old)
        with self._lock:
            asked_s, _ = self._missing.get(serial, (float("-inf"), None))
        if not others or self._clock.monotonic() - asked_s < _AGAIN_S:
            return None
        found, _ = self._listed(serial, others)
        if found is None:
            self._missed(serial)
        else:
            log.warning("camera %s is no longer of %s", serial, label(old))
        return found

    def _listed(
        self, serial: Serial, asked: Iterable[Dashboard]
    ) -> tuple[Dashboard | None, list[tuple[Dashboard, UpstreamError]]]:
        """Return the one that lists the camera, or why some of them cannot say."""
        refusals: list[tuple[Dashboard, UpstreamError]] = []
        # One whose budget is used up is asked last: the others may have the camera.
        for dashboard in sorted(asked, key=lambda one: -one.calls_left()):
            try:
                is_here = dashboard.has(serial)
            except UpstreamError as exc:
                refusals.append((dashboard, exc))
                continue
            if is_here:
                self._homes.learn(serial, dashboard.name)
                log.info("camera %s is of organization %s", serial, label(dashboard))
                return dashboard, refusals
        return None, refusals

    def _missed(self, serial: Serial) -> UpstreamError:
        names = ", ".join(map(label, self.each()))
        why = UpstreamError(
            wordings.IN_NO_ORGANIZATION(names=names, serial=serial),
            retry=False,
        )
        with self._lock:
            if len(self._missing) >= _MOST_MISSING:
                self._missing.clear()
            self._missing[serial] = self._clock.monotonic(), why
        return why


def asked(
    dashboards: DashboardOfCamera, serial: Serial, call: Callable[[Dashboard], T]
) -> tuple[Dashboard, T]:
    """Return what a camera's Dashboard answers to a call, and which one that was.

    Raises:
        UpstreamError: as the call, and as `DashboardOfCamera.of`.
    """
    dashboard = dashboards.of(serial)
    try:
        return dashboard, call(dashboard)
    except NotOfThisKey:
        other = None
        if isinstance(dashboards, Dashboards):
            other = dashboards.moved(serial, dashboard)
        if other is None:
            raise
    return other, call(other)


def _first_of(refusals: list[tuple[Dashboard, UpstreamError]]) -> UpstreamError:
    """Return why it is not known where a camera is: what may change goes first."""
    dashboard, exc = min(refusals, key=lambda refusal: not refusal[1].retry)
    return UpstreamError(
        wordings.ORGANIZATION(name=label(dashboard), why=exc.as_reason),
        retry=exc.retry,
        retry_after_s=exc.retry_after_s,
    )


def label(dashboard: Dashboard) -> str:
    """Return what an organization is called in texts."""
    return dashboard.name or "meraki"
