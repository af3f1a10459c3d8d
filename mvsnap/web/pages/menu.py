"""The menu: the pages that are in use, and those that run the site."""

from __future__ import annotations

from collections.abc import Iterable

from flask import current_app, request, url_for
from msgspec import Struct

from mvsnap.domain import Role
from mvsnap.texts import N_
from mvsnap.web.auth.sessions import SessionUser
from mvsnap.web.pages.pages_in_use import not_set_up, unused

# (endpoint, text, role). An entry appears if its page is registered.
_PAGES = (
    ("overview.index", N_("Overview"), Role.VIEWER),
    ("event_pages.index", N_("Events"), Role.VIEWER),
    ("crowd_events.index", N_("Crowd events"), Role.VIEWER),
    ("cameras.index", N_("Cameras"), Role.VIEWER),
    ("clips.index", N_("Clips"), Role.VIEWER),
    ("visitors.index", N_("Visitors"), Role.VIEWER),
    ("wifi.index", "Wi-Fi", Role.VIEWER),
    ("badges.index", N_("Badges"), Role.VIEWER),
    ("status.index", N_("Status"), Role.VIEWER),
)
_SET_UP = "set_up.index"
_MANAGE = (
    ("settings.mutes", N_("Mutes"), Role.REVIEWER),
    ("settings.index", N_("Settings"), Role.ADMIN),
    ("people.index", N_("Accounts"), Role.ADMIN),
    ("audit.index", N_("Audit log"), Role.ADMIN),
    (_SET_UP, N_("Set up ..."), Role.ADMIN),
)
# Pages below the entry of another blueprint, or of another page of their own.
_PART_OF = {
    "settings.mute": "settings.mutes",
    "settings.mutes": "settings.mutes",
    **dict.fromkeys(("keys", "entries"), "settings.index"),
    "job_pages": "status.index",
    **dict.fromkeys(("clip_share", "clip_frames", "alarms"), "clips.index"),
    **dict.fromkeys(("badge_near", "badge_clips", "badge_report"), "badges.index"),
}


class MenuEntry(Struct, frozen=True):
    text: str
    url: str
    is_current: bool


class Menu(Struct, frozen=True):
    """manage: entries below one of their own, for those who have several."""

    pages: tuple[MenuEntry, ...] = ()
    manage: tuple[MenuEntry, ...] = ()

    @property
    def manages_current(self) -> bool:
        return any(entry.is_current for entry in self.manage)


def menu(person: SessionUser | None) -> Menu:
    """Return what this person can open; for somebody to log in first, nothing."""
    if person is None or person.must_enrol:
        return Menu()
    hidden = set(unused())
    if not not_set_up():
        hidden.add(_SET_UP)
    pages = tuple(_entries(_PAGES, person, hidden))
    manage = tuple(_entries(_MANAGE, person, hidden))
    if len(manage) == 1:
        return Menu((*pages, *manage))
    return Menu(pages, manage)


def _entries(
    known: Iterable[tuple[str, str, Role]], person: SessionUser, hidden: set[str]
) -> Iterable[MenuEntry]:
    here = _current()
    for endpoint, text, role in known:
        is_there = endpoint in current_app.view_functions
        # The page that is open is never missing from the menu.
        if (
            is_there
            and person.may(role)
            and (endpoint not in hidden or endpoint == here)
        ):
            yield MenuEntry(text, url_for(endpoint), endpoint == here)


def _current() -> str:
    """Return the endpoint of the entry of this page."""
    endpoint, blueprint = request.endpoint or "", request.blueprint or ""
    return _PART_OF.get(endpoint) or _PART_OF.get(blueprint) or f"{blueprint}.index"
