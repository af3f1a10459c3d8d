"""Tries an entry of the settings before it is saved, as the service would use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mvsnap import logs
from mvsnap.config.entries import Entry
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import open_channels
from mvsnap.errors import BadInput
from mvsnap.jobs.schedule import CameraSchedule
from mvsnap.runtime.trial import channel_trial

if TYPE_CHECKING:
    from mvsnap.runtime.parts import Parts

_RUNS = 5


def try_entry(parts: Parts, settings: Settings, entry: Entry) -> list[str]:
    """Return what came of it, in lines.

    settings: with the entry.

    Raises:
        MvsnapError: it does not work.
    """
    logs.hide(settings.secrets())
    match entry.section:
        case "channels":
            return _send(parts, settings, entry)
        case "schedules":
            return _next_runs(parts, settings, entry)
    raise BadInput(f"a {entry.section} cannot be tried")


def _send(parts: Parts, settings: Settings, entry: Entry) -> list[str]:
    channels = open_channels(settings, parts.buckets.webex())
    channel_trial(settings, parts.clock, channels).send(entry.name)
    return [f"A test message was sent to {entry.name}. Has it arrived?"]


def _next_runs(parts: Parts, settings: Settings, entry: Entry) -> list[str]:
    """Return when it is due next, in the site's time zone."""
    zone, at = settings.site.zone, parts.clock.now()
    schedule = CameraSchedule("", str(entry.value["cron"]), (), (), "")
    lines = ["The next runs:"]
    for _ in range(_RUNS):
        at = schedule.next_due(at, zone)
        lines.append(f"{at.astimezone(zone):%a %Y-%m-%d %H:%M:%S}")
    return lines
