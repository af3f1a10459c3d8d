"""Which pages are in use: what they show is set up, or was and is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Protocol, runtime_checkable

from mvsnap.config.model import Settings
from mvsnap.domain import RAISED
from mvsnap.store.clips import ClipFilter
from mvsnap.store.database import OUTAGES
from mvsnap.store.events import EventFilter
from mvsnap.web.context import Gateway, gateway

# Looked for in the store this seldom, in seconds.
_HOLDS = 60


@runtime_checkable
class KeepsData(Protocol):
    """Parts of a feature with a page. page: its endpoint."""

    page: ClassVar[str]

    def has_data(self) -> bool:
        """Return whether the page has anything to show."""


def _takes_badges(settings: Settings) -> bool:
    return (
        settings.badges.configured
        or any("badges" in key.scopes for key in settings.api_keys)
        or any(rule.badge.configured for rule in settings.webhooks.rules)
    )


def listens_to_sense(settings: Settings) -> bool:
    """Return whether there is a broker, whether or not it is listened to.

    `sense:` with nothing below it, as `init` leaves it, says nothing of a broker.
    """
    return bool(settings.sense.model_fields_set)


def _has_cameras(settings: Settings) -> bool:
    return (
        settings.asks_meraki
        or bool(settings.recorder.cameras or settings.cameras_named())
        or listens_to_sense(settings)
    )


# What a page takes; those that are not here need nothing.
NEEDS: Mapping[str, Callable[[Settings], bool]] = {
    "crowd_events.index": listens_to_sense,
    "cameras.index": _has_cameras,
    "clips.index": lambda settings: bool(settings.recorder.cameras),
    "visitors.index": lambda settings: settings.asks_meraki,
    "wifi.index": lambda settings: bool(settings.scanning.endpoints),
    "badges.index": _takes_badges,
}


def not_set_up() -> frozenset[str]:
    """Return the pages, by endpoint, whose settings are missing."""
    settings = gateway().settings
    return frozenset(page for page, is_met in NEEDS.items() if not is_met(settings))


def unused() -> frozenset[str]:
    """Return those of them that have nothing of former times to show, either."""
    missing = not_set_up()
    if not missing:
        return missing
    here = gateway()

    def with_data() -> frozenset[str]:
        return frozenset(_with_data(here, missing))

    try:
        return missing - here.shared_reads.get("in use", with_data, times=_HOLDS)
    except OUTAGES:  # the menu of an error page is without them
        return missing


def _with_data(here: Gateway, pages: frozenset[str]) -> Iterator[str]:
    if "clips.index" in pages and here.clips.clips(ClipFilter(), 1):
        yield "clips.index"
    # Switched on, or changed, in the browser: with the broker of this machine.
    if "crowd_events.index" in pages and (
        here.site.setting_overrides() or here.store.events(EventFilter(kinds=RAISED), 1)
    ):
        yield "crowd_events.index"
    for parts in here.features:
        if isinstance(parts, KeepsData) and parts.page in pages and parts.has_data():
            yield parts.page
