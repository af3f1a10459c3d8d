"""Visitor advice: why the page is empty, and what to do so that people are counted."""

from __future__ import annotations

from mvsnap.domain import Serial
from mvsnap.texts import _
from mvsnap.visitors.model import CountingCamera
from mvsnap.web.context import gateway


def advice(cameras: dict[Serial, CountingCamera]) -> str:
    """Return what to do so that people are counted."""
    here = gateway()
    if not here.settings.asks_meraki:
        if here.sense_settings().enabled:
            return _(
                "Nobody seen yet. MV Sense is on, and what it sees will appear here."
            )
        return _(
            "Nothing is counting people yet. Set meraki.api_key in config/mvsnap.yaml, "
            "or turn on sense.enabled."
        )
    if not cameras:
        return _(
            "Fetching cameras and zones from the Dashboard. Reload in "
            "a minute; if this "
            "persists, check the log of the worker."
        )
    if all(camera.has_sense is False for camera in cameras.values()):
        return _(
            "MV Sense is not enabled on any camera. Dashboard > Cameras > the camera > "
            "Settings > Sense; each camera needs a Sense license."
        )
    return _("Nobody was counted in this period.")
