"""What an address names, read from the store: for the pages and for programs."""

from __future__ import annotations

from mvsnap.badges.filter import parse_badge_id
from mvsnap.badges.model import NEAR_S, BadgeEvent, NearPicture, Readers
from mvsnap.badges.parts import BadgeParts
from mvsnap.badges.store import BadgeStore
from mvsnap.domain import Serial
from mvsnap.errors import BadInput, NotFound
from mvsnap.web.context import feature, gateway


def store() -> BadgeStore:
    return feature(BadgeParts).store


def known_badge(badge_id: str) -> BadgeEvent:
    try:
        found = store().badge(parse_badge_id(badge_id))
    except BadInput:
        found = None
    if found is None:
        raise NotFound(f"Badge event {badge_id[:40]!r} not found")
    return found


def camera_of(badge: BadgeEvent) -> Serial | None:
    """Return the camera that its reader has now."""
    return Readers(gateway().settings.badges.camera_of_reader).camera_of(badge)


def near_picture(badge: BadgeEvent, offset_s: str) -> NearPicture:
    """Return the picture that was asked for, or raise NotFound."""
    if offset_s in map(str, NEAR_S):
        for near in feature(BadgeParts).near.of(badge.id):
            if str(near.offset_s) == offset_s:
                return near
    raise NotFound(f"No picture {offset_s[:10]!r} s from this swipe")
