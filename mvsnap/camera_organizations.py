"""Which organization of the settings a camera belongs to, and what follows from it.

The settings say it of default cameras, the inventory in the store of all others. It
decides which Dashboard is asked, to which room a message goes if none is named, and in
which time zone a message or a page about it says the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from mvsnap.clock import Clock
from mvsnap.config.model import Settings
from mvsnap.config.recipients import JobRooms, Named
from mvsnap.domain import Serial, is_serial
from mvsnap.errors import BadInput

# Cameras are moved between organizations, but rarely.
_KNOWN_S, _UNKNOWN_S = 60.0, 15.0
_MOST = 20_000


class CameraOrganizations:
    """Thread-safe. "" is the organization of `meraki`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        stored: Callable[[Serial], str | None] = lambda _: None,
        now: Callable[[], Settings] | None = None,
    ) -> None:
        """stored: what the inventory says, None: nothing; asked rarely.

        now: the settings that hold now, for the names of channels.
        """
        self._settings = settings
        self._now = now or (lambda: settings)
        self._clock = clock
        self._stored = stored
        self._names = tuple(settings.dashboards)
        self._fixed = {
            serial: name
            for name, meraki in settings.dashboards.items()
            for serial in meraki.cameras
        }
        self._recorded = settings.recorder.serials()
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str | None]] = {}

    def of(self, camera: str) -> str | None:
        """Return the organization of a serial or a recorder camera; None: unknown."""
        if len(self._names) == 1:
            return self._names[0]
        serial = camera if is_serial(camera) else self._serial_of(camera)
        if not serial:
            return None
        if serial in self._fixed:
            return self._fixed[serial]
        return self._looked_up(Serial(serial))

    def learn(self, serial: Serial, name: str) -> None:
        self._keep(serial, name)

    def zone(self, camera: str) -> ZoneInfo:
        """Return the time zone of what is about this camera alone."""
        return self._settings.zone_of(self.of(camera) or "")

    def common_zone(self, cameras: Iterable[str]) -> ZoneInfo:
        """Return the time zone that cameras have in common; the site's if none."""
        zones = {self.zone(camera) for camera in cameras}
        return zones.pop() if len(zones) == 1 else self._settings.site.zone

    def of_alert(self, organization_id: str) -> str | None:
        """Return the organization that an alert of Meraki names; None: unclear.

        Raises:
            BadInput: it is none of the settings.
        """
        if not self._settings.organizations or not organization_id:
            return self._names[0] if len(self._names) == 1 else None
        every = self._settings.dashboards
        found = [n for n, m in every.items() if m.organization_id == organization_id]
        found = found or [n for n, m in every.items() if m.organization_id is None]
        if not found:
            known = (f"{m.organization_id} ({n or 'meraki'})" for n, m in every.items())
            raise BadInput(
                f"organizationId: {organization_id[:40]} is not an organization of the "
                f"settings (expected one of {', '.join(known)})"
            )
        return found[0] if len(found) == 1 else None

    def default_cameras(self, name: str | None) -> tuple[Serial, ...]:
        """Return those of an organization; None: of all."""
        every = self._settings.default_cameras
        if name is not None and self._settings.organizations:
            every = self._settings.dashboards[name].cameras
        return tuple(map(Serial, every))

    def rooms(
        self, cameras: Iterable[str], *named: Named, otherwise: str | None = None
    ) -> JobRooms:
        """Return the recipients of a job about these cameras, see `Recipients`.

        otherwise: the organization of a camera of which it is not known yet.
        """

        def home(camera: str) -> str | None:
            found = self.of(camera)
            return otherwise if found is None else found

        recipients = self._now().recipients
        return recipients.of_cameras({c: home(c) for c in cameras}, *named)

    def _serial_of(self, camera: str) -> str | None:
        return next((s for name, s in self._recorded.items() if name == camera), None)

    def _looked_up(self, serial: Serial) -> str | None:
        now_s = self._clock.monotonic()
        with self._lock:
            since_s, name = self._known.get(serial, (float("-inf"), None))
        if now_s - since_s < (_UNKNOWN_S if name is None else _KNOWN_S):
            return name
        found = self._stored(serial)
        # What was learnt from the cloud is better than nothing.
        return self._keep(serial, name if found is None else found)

    def _keep(self, serial: Serial, name: str | None) -> str | None:
        if name not in self._names:  # of an organization that is no longer configured
            name = None
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[serial] = self._clock.monotonic(), name
        return name
