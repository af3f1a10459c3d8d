"""Pictures shortly before and after a swipe."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.badges.lookup import known_badge, near_picture
from mvsnap.badges.model import (
    NEAR_S,
    NOTIFY_AFTER,
    BadgeEvent,
    BadgePictureState,
    NearPicture,
)
from mvsnap.badges.page_list import (
    asked_filter,
    has_key,
    why_not_asked,
)
from mvsnap.badges.page_rows import why_no_picture
from mvsnap.badges.parts import BadgeParts
from mvsnap.domain import Role
from mvsnap.errors import QueueFull
from mvsnap.texts import N_
from mvsnap.texts.audit_wordings import BADGE
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.context import feature, gateway
from mvsnap.web.pages import local_time
from mvsnap.web.private_file import private_picture

bp = Blueprint("badge_near", __name__)

_NO_PICTURE = N_("No such picture, or it was deleted")


class NearRow(Struct, frozen=True):
    """A picture near a swipe, or why there is none; is_due: it may come any moment."""

    near: NearPicture
    at: datetime
    has_picture: bool
    no_picture: str
    is_due: bool


@bp.post("/badges/<badge_id>/near")
@auth.page(Role.REVIEWER)
def ask(badge_id: str) -> ResponseReturnValue:
    """Request the pictures that are missing; a worker fetches them."""
    asked, badge = asked_filter(), known_badge(badge_id)
    back = redirect(url_for("badges.review", badge_id=badge.id, **asked.query), 303)
    if why_not := why_not_asked(badge):
        flash(why_not, "warning")
        return back
    here, near = gateway(), feature(BadgeParts).near
    gone = [
        row.near.offset_s
        for row in near_rows(badge)
        if row.near.picture is BadgePictureState.FETCHED and not row.has_picture
    ]
    try:
        near.ask(badge, auth.person().name, here.clock.now(), gone)
    except QueueFull as exc:
        flash(exc.message, "warning")
    return back


@bp.get("/badges/<badge_id>/near/<offset_s>/picture.jpg")
@auth.page(Role.VIEWER)
def picture(badge_id: str, offset_s: str) -> ResponseReturnValue:
    near = near_picture(known_badge(badge_id), offset_s)
    path = gateway().files.picture(near.picture_path)
    found = private_picture(path, _NO_PICTURE)
    viewed(BADGE(id=badge_id))
    return found


@bp.get("/badges/<badge_id>/near/<offset_s>/thumbnail.jpg")
@auth.page(Role.VIEWER)
def thumbnail(badge_id: str, offset_s: str) -> ResponseReturnValue:
    near = near_picture(known_badge(badge_id), offset_s)
    return private_picture(
        gateway().files.small_picture(near.picture_path), _NO_PICTURE
    )


def near_rows(badge: BadgeEvent) -> list[NearRow]:
    """Return the pictures that were asked for, in the order of time."""
    here = gateway()
    now, may_fetch = here.clock.now(), has_key()
    found = []
    for near in feature(BadgeParts).near.of(badge.id):
        is_soon = near.ask_at is not None and near.ask_at <= now + NOTIFY_AFTER
        found.append(
            NearRow(
                near,
                badge.swiped_at + timedelta(seconds=near.offset_s),
                has_picture=here.files.has(near.picture_path),
                no_picture=why_no_picture(
                    near, now, local_time, has_key=may_fetch, reader=badge.reader
                ),
                is_due=may_fetch and is_soon,
            )
        )
    return found


def may_ask_near(badge: BadgeEvent, rows: list[NearRow]) -> bool:
    """Return whether asking, or asking again, can bring a picture."""
    if why_not_asked(badge):
        return False
    waits = BadgePictureState.WAITING
    missing = (not row.has_picture and row.near.picture is not waits for row in rows)
    return len(rows) < len(NEAR_S) or any(missing)
