"""Badge events for display: a text for each state of a picture and verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from mvsnap.badges.model import (
    NO_KEY,
    BadgeEvent,
    BadgePictureState,
    NearPicture,
    Verdict,
)
from mvsnap.texts import N_, _
from mvsnap.texts.sentences import localized

_COLOURS = {
    Verdict.OPEN: "light",
    Verdict.MATCH: "success",
    Verdict.MISMATCH: "danger",
    Verdict.UNSURE: "warning",
}
_NO_PICTURE = {
    BadgePictureState.NO_VIDEO: N_("The camera has no video of that moment."),
    BadgePictureState.OFFLINE: N_("The camera is offline."),
    BadgePictureState.FETCHED: N_("The picture is no longer available."),
}


class BadgeRow(Struct, frozen=True):
    """has_picture, has_photo: whether the file exists.

    no_picture: why not, in a sentence; may_ask: whether retrying can help.
    """

    badge: BadgeEvent
    camera: str
    has_picture: bool
    has_photo: bool
    no_picture: str
    may_ask: bool
    is_due: bool

    @property
    def who(self) -> str:
        return self.badge.person or self.badge.user_id

    @property
    def initials(self) -> str:
        names = self.badge.person.split()
        return "".join(name[0] for name in (*names[:1], *names[1:][-1:])).upper()

    @property
    def photo_name(self) -> str:
        """The last segment of the photo's address."""
        return (self.badge.photo_path or "").rpartition("/")[2]

    @property
    def colour(self) -> str:
        return _COLOURS.get(self.badge.verdict, "secondary")


def why_no_picture(
    badge: BadgeEvent | NearPicture,
    now: datetime,
    time_text: Callable[[datetime], str],
    *,
    has_key: bool,
    reader: str,
) -> str:
    """Return a sentence or two; `time_text` formats a time for display."""
    is_later = badge.ask_at is not None and badge.ask_at > now
    if badge.picture is BadgePictureState.WAITING:
        if not has_key:
            return NO_KEY
        if badge.ask_at and is_later and not badge.asks:
            said = _("The picture will be fetched after %(time)s.")
            return said % {"time": time_text(badge.ask_at)}
        return _("The picture is being fetched.")
    if badge.picture is BadgePictureState.NO_CAMERA:
        said = _("No camera is assigned to %(reader)s (badges.camera_of_reader)")
        return said % {"reader": reader}
    known = _NO_PICTURE.get(badge.picture) or badge.error
    words = localized(known) if known else _("No picture.")
    if badge.ask_at and is_later:
        said = _("%(why)s. Next try at %(time)s.")
        words = said % {"why": words.rstrip("."), "time": time_text(badge.ask_at)}
    return words
