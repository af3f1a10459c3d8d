"""The list under review: its filter, rows, how many they are and which is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import request

from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.filter import ReviewFilter, read_filter
from mvsnap.badges.lookup import camera_of, store
from mvsnap.badges.model import (
    NO_KEY,
    NOTIFY_AFTER,
    BadgeEvent,
    BadgeId,
    BadgePictureState,
    Verdict,
)
from mvsnap.badges.page_rows import BadgeRow, why_no_picture
from mvsnap.badges.parts import BadgeParts
from mvsnap.domain import Serial
from mvsnap.texts import _, formats
from mvsnap.values import replace
from mvsnap.web.context import feature, gateway
from mvsnap.web.pages import local_time

_MOST_COUNTED = 1000


def asked_filter() -> ReviewFilter:
    here = gateway()
    directory = feature(BadgeParts).directory
    return read_filter(request.args, here.zone, directory, here.clock.now())


def why_not_asked(badge: BadgeEvent) -> str:
    """Return why no picture of it can be asked for, "" if one can."""
    if camera_of(badge) is None:
        return _("No camera is assigned to %(reader)s.") % {"reader": badge.reader}
    return "" if has_key() else NO_KEY


def has_key() -> bool:
    return gateway().settings.asks_meraki


def badge_rows(badges: Sequence[BadgeEvent]) -> list[BadgeRow]:
    names = {camera.serial: camera.name for camera in gateway().site.cameras()}
    return [_row(badge, names) for badge in badges]


def _row(badge: BadgeEvent, names: Mapping[Serial, str]) -> BadgeRow:
    here, may_fetch = gateway(), has_key()
    now = here.clock.now()
    has_picture = here.files.has(badge.picture_path)
    why_not = why_no_picture(
        badge, now, local_time, has_key=may_fetch, reader=badge.reader
    )
    is_asked = badge.picture is BadgePictureState.WAITING
    is_soon = badge.ask_at is not None and badge.ask_at <= now + NOTIFY_AFTER
    can_ask = may_fetch and camera_of(badge) is not None
    return BadgeRow(
        badge,
        camera=names.get(badge.serial, badge.serial) if badge.serial else "",
        has_picture=has_picture,
        has_photo=here.files.has(badge.photo_path),
        no_picture=why_not,
        may_ask=can_ask and not has_picture and not is_asked,
        is_due=may_fetch and is_soon,
    )


def first_open(asked: ReviewFilter) -> BadgeId | None:
    """Return the newest open event of the list, None if there is none."""
    if asked.wanted.verdict not in (None, Verdict.OPEN):
        return None
    wanted = replace(asked.all_pages, verdict=Verdict.OPEN)
    found = store().badges(wanted, 1)
    return found[0].id if found else None


# --- how many


def counted(wanted: BadgeFilter) -> str:
    """Return how many match, `1,000+` for more."""
    return _text(store().count(wanted, _MOST_COUNTED + 1))


def counted_by_verdict(wanted: BadgeFilter) -> dict[str, str]:
    """Return how many match for each verdict that `wanted` admits."""
    verdicts = [wanted.verdict] if wanted.verdict else list(Verdict)
    return {
        verdict.value: counted(replace(wanted, verdict=verdict)) for verdict in verdicts
    }


def place_of(asked: ReviewFilter, badge: BadgeEvent) -> str:
    """Return the place of an event in the list, as `7 of 24`; "" if it has none.

    The list of open events keeps those that were judged meanwhile: the end comes
    nearer with each of them.
    """
    wanted = way_back(asked)
    if wanted.verdict not in (None, badge.verdict):
        return ""
    newer = store().count_newer(wanted, badge.id, _MOST_COUNTED)
    return "" if newer >= _MOST_COUNTED else _position(newer + 1, counted(wanted))


def way_back(asked: ReviewFilter) -> BadgeFilter:
    """In the list of open ones, the way back includes the one reviewed just now."""
    wanted = asked.all_pages
    is_open = wanted.verdict is Verdict.OPEN
    return replace(wanted, verdict=None) if is_open else wanted


def _position(number: int, all_: str) -> str:
    return _("%(number)s of %(all)s") % {"number": _text(number), "all": all_}


def _text(number: int) -> str:
    said = formats.number(min(number, _MOST_COUNTED))
    return f"{said}+" if number > _MOST_COUNTED else said
