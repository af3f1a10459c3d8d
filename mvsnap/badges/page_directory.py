"""The directory next to a badge event: the entry, the frame, and what is wrong."""

from __future__ import annotations

from flask import request

from mvsnap.badges.directory import frame_address, frame_origin
from mvsnap.badges.model import BadgeEvent
from mvsnap.badges.parts import BadgeParts
from mvsnap.texts import _
from mvsnap.texts.sentences import localized
from mvsnap.web.context import feature, gateway


def directory_trouble() -> str:
    """Return what is wrong with the directory, "" when nothing is."""
    if gateway().settings.badges.directory is None:
        return ""
    state = feature(BadgeParts).directory.state()
    if state is None:
        return _("The directory has not been read yet. Is a worker running?")
    if not state.error:
        return ""
    if state.mistakes:
        return _("Directory: %(error)s") % {"error": localized(state.error)}
    said = _("The directory cannot be read; still using the previous one: %(error)s")
    return said % {"error": localized(state.error)}


def entry_words(badge: BadgeEvent) -> dict[str, str]:
    """Return why there is no entry, or no photo, of this person."""
    ours = gateway().settings.badges
    if badge.person:
        problem = feature(BadgeParts).directory.photo_error(badge.user_id)
        if problem:
            return {"photo": _("No photo: %(why)s") % {"why": localized(problem)}}
        return {"photo": _("No photo")}
    if ours.directory is not None:
        said = _("Badge %(id)s is not in the directory.")
        return {"entry": said % {"id": badge.user_id}}
    if ours.directory_url is None:
        return {
            "entry": _("No directory is set (badges.directory, badges.directory_url)")
        }
    return {}


def frame_of(user_id: str) -> tuple[str | None, str | None]:
    """Return the origin for a frame and the person's page; None: no frame, no page."""
    template = gateway().settings.badges.directory_url
    if template is None:
        return None, None
    address, origin = frame_address(template, user_id), frame_origin(template)
    # With scripts, a frame of our own origin could escape its sandbox.
    here = (request.host_url, gateway().settings.site.public_url or "")
    ours = {frame_origin(url).casefold() for url in here}
    return (None if origin.casefold() in ours else origin), address
