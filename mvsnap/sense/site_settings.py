"""The store's data for the listener: setting overrides, mutes, names."""

from __future__ import annotations

import logging
from datetime import datetime

from mvsnap.clock import SystemClock
from mvsnap.config.sense import Sense
from mvsnap.config.setting_overrides import with_overrides
from mvsnap.errors import BadInput
from mvsnap.loop import Every
from mvsnap.sense.events import Names
from mvsnap.store.changes import FileChanges
from mvsnap.store.site import SiteStore
from mvsnap.values import replace

log = logging.getLogger(__name__)

_NAMES_S = 5.0


class SiteSettings:
    """Reads them when they may have changed.

    file: the settings without what the pages change.
    changes: of the store's file; None: it may change at any time.
    """

    def __init__(
        self,
        site: SiteStore,
        file: Sense,
        clock: SystemClock,
        changes: FileChanges | None,
    ) -> None:
        self.sense = file
        self.names = Names()
        self._site = site
        self._file = file
        self._clock = clock
        self._changes = changes
        self._names = Every(_NAMES_S, clock)
        self._is_read = False
        self._are_names_read = False
        self._mistake = ""

    def read(self) -> None:
        """Called every second.

        Raises:
            SQLAlchemyError: they could not be read, and will be at the next call.
        """
        if self._changes is None or self._changes.seen():
            self._is_read = self._are_names_read = False
        if not self._is_read:
            self._read()
            self._is_read = True
        if not self._are_names_read and self._names.due():
            self.names = read_names(self._site, self.names)
            self._are_names_read = True

    def close(self) -> None:
        """In the thread that reads."""
        if self._changes is not None:
            self._changes.close()

    def _read(self) -> None:
        # A mute that is over stays in the list for a while: it covers nothing.
        self.names = read_mutes(self._site, self.names, self._clock.now())
        self.sense, mistake = read_sense(self._site, self._file)
        if mistake and mistake != self._mistake:
            log.error("a value from the settings page is not usable: %s", mistake)
        self._mistake = mistake


def read_sense(site: SiteStore, file: Sense) -> tuple[Sense, str]:
    """Return the settings with the overrides made on the page.

    If one of them is invalid: the file's settings, and what is wrong.
    """
    try:
        return with_overrides(file, site.setting_overrides()), ""
    except BadInput as exc:
        return file, exc.message


def read_mutes(site: SiteStore, names: Names, now: datetime) -> Names:
    mutes = site.mutes(now)
    if len(mutes) != len(names.mutes):
        log.info("active mutes: %d", len(mutes))
    return replace(names, mutes=mutes)


def read_names(site: SiteStore, names: Names) -> Names:
    zones = {
        (serial, zone.zone_id): zone.label
        for serial, found in site.zones().items()
        for zone in found
    }
    cameras = {camera.serial: camera.name for camera in site.cameras()}
    return replace(names, cameras=cameras, zones=zones)
