"""Wi-Fi advice: why a Wi-Fi page is empty, and what to do about it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.texts import N_, _
from mvsnap.web.context import Gateway, feature
from mvsnap.web.links import scanning_url
from mvsnap.wifi.filter import WifiForm
from mvsnap.wifi.parts import WifiParts

_OFF = N_(
    "Wi-Fi analytics is not set up yet. Add an entry to scanning.endpoints in "
    "config/mvsnap.yaml with a token and a secret of your choice and the validator "
    "shown in the Dashboard (Network-wide > General > Location and scanning), then "
    "restart mvsnap."
)
_SILENT = N_(
    "Nothing received yet. In the Dashboard, under Network-wide > General > Location "
    "and scanning, turn on the Scanning API, add this address as a Post URL with the "
    "secret from config/mvsnap.yaml, and validate it. The Dashboard must be able to "
    "reach it over HTTPS."
)
_WAITING = N_(
    "Received messages are waiting to be processed (%(count)s). If this persists, no"
    " worker is running."
)


class WifiAdvice(Struct, frozen=True):
    """text: a few sentences; addresses: for the Dashboard, without the secret part.

    seen_at: the last sighting; is_filtered: a filter may be the reason.
    """

    text: str
    addresses: tuple[str, ...] = ()
    seen_at: datetime | None = None
    seen_day: str = ""
    is_filtered: bool = False


def advice(here: Gateway, asked: WifiForm, zone: ZoneInfo) -> WifiAdvice:
    """Return the text to show on an empty page."""
    endpoints = here.settings.scanning.endpoints
    if feature(WifiParts).reports.networks():
        seen_at = feature(WifiParts).reports.latest()
        day = f"{seen_at.astimezone(zone):%Y-%m-%d}" if seen_at else ""
        filtered = bool(set(asked.query) - {"period", "from", "to"})
        text = (
            _("Nothing matches.") if filtered else _("Nothing was seen in this period.")
        )
        return WifiAdvice(text, seen_at=seen_at, seen_day=day, is_filtered=filtered)
    if not endpoints:
        return WifiAdvice(_OFF)
    waiting = feature(WifiParts).store.waiting()
    if waiting:
        return WifiAdvice(_(_WAITING) % {"count": waiting})
    return WifiAdvice(_SILENT, tuple(scanning_url(n) for n in range(len(endpoints))))
