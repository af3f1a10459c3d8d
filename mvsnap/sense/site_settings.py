"""The store's data for the listener: setting overrides, mutes, names."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from mvsnap.config.sense import Sense
from mvsnap.config.setting_overrides import with_overrides
from mvsnap.errors import BadInput
from mvsnap.sense.events import Names
from mvsnap.store.site import SiteStore

log = logging.getLogger(__name__)


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
