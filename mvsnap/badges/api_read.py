"""The API through which programs read badge events and their verdicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from mvsnap.badges.answers import (
    BadgeEventAnswer,
    BadgeEventsAnswer,
    BadgesQuery,
    BadgeTableQuery,
    BadgeVerdictAnswer,
    NearPictureAnswer,
    ReviewedBadgeAnswer,
)
from mvsnap.badges.conditions import BadgeFilter, JudgedSince
from mvsnap.badges.csv_export import BADGE_COLUMNS
from mvsnap.badges.filter import (
    Only,
    department,
    is_unknown,
    parse_badge_id,
    parse_verdict,
    user_ids,
)
from mvsnap.badges.lookup import camera_of, known_badge, near_picture, store
from mvsnap.badges.model import BadgeEvent, NearPicture, parse_text
from mvsnap.badges.parts import BadgeParts
from mvsnap.clock import iso
from mvsnap.core import params
from mvsnap.errors import BadInput, NotFound
from mvsnap.store.paging import Page
from mvsnap.texts import audit_wordings
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.answers import json_response
from mvsnap.web.context import feature, gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.filters import one_of
from mvsnap.web.links import badge_picture_url, near_picture_url
from mvsnap.web.params import Parameters, allow_no_parameters, api_parameters
from mvsnap.web.private_file import private_picture

bp = Blueprint("badge_reading", __name__, url_prefix="/api/v1.0")

Value = TypeVar("Value")


@bp.get("/badges")
@auth.key_or_login("review")
def list_badges() -> ResponseReturnValue:
    parameters = api_parameters(BadgesQuery)
    limit = parameters.limit()
    found = store().badges(_filter(parameters), limit + 1)
    page = Page.cut(found, limit)
    if found:
        viewed(audit_wordings.BADGES())
    badges = [BadgeEventAnswer(**_fields(badge)) for badge in page.rows]
    after = page.last.id if page.last else None
    return json_response(BadgeEventsAnswer(badges, after))


@bp.get("/badges.csv")
@auth.key_or_login("review")
def download_badges() -> ResponseReturnValue:
    parameters = api_parameters(BadgeTableQuery)
    return csv_file("mvsnap-badges", BADGE_COLUMNS, store().pages(_filter(parameters)))


@bp.get("/badges/<badge_id>")
@auth.key_or_login("review")
def get_badge(badge_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    badge = _badge(badge_id)
    viewed(audit_wordings.BADGE(id=badge.id))
    verdicts = [
        BadgeVerdictAnswer(made.verdict, made.note, iso(made.judged_at), made.judged_by)
        for made, _ in store().judgements(badge.id)
    ]
    near = []
    if _may_see_near(badge):
        near = [_near(badge, one) for one in feature(BadgeParts).near.of(badge.id)]
    return json_response(
        ReviewedBadgeAnswer(**_fields(badge), verdicts=verdicts, near=near)
    )


@bp.get("/badges/<badge_id>/picture.jpg")
@auth.key_or_login("review")
def badge_picture(badge_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    badge = _badge(badge_id)
    return _picture(badge, badge.picture_path, badge.error)


@bp.get("/badges/<badge_id>/near/<offset_s>/picture.jpg")
@auth.key_or_login("review")
def badge_near_picture(badge_id: str, offset_s: str) -> ResponseReturnValue:
    allow_no_parameters()
    badge = _badge(badge_id)
    if not _may_see_near(badge):
        raise NotFound("The pictures near this swipe are of another camera")
    found = near_picture(badge, offset_s)
    return _picture(badge, found.picture_path, found.error)


def _may_see_near(badge: BadgeEvent) -> bool:
    """Without a picture of its own, they are of the camera that its reader has now."""
    return auth.caller().reaches(camera_of(badge) or "")


def _picture(badge: BadgeEvent, path: str | None, error: str | None) -> Response:
    missing = error or "There is no picture, or it was deleted"
    found = private_picture(gateway().files.picture(path), missing)
    viewed(audit_wordings.BADGE(id=badge.id))
    return found


def _filter(parameters: Parameters) -> BadgeFilter:
    reader, team = parameters.get("reader"), parameters.get("department")
    person, verdict = parameters.get("person"), parameters.get("verdict")
    after, only = parameters.get("after"), _only(parameters.get("only"))
    people = feature(BadgeParts).directory
    if after is not None:
        _require_known(after)
    return BadgeFilter(
        reader=parse_text("reader", reader) if reader else None,
        user_ids=user_ids(person, people) if person else None,
        department=department(team, people) if team else None,
        is_unknown=is_unknown(only, people),
        lacks_picture=only is Only.NO_PICTURE,
        serials=auth.caller().serials,
        verdict=_named("verdict", parse_verdict, verdict),
        judged_since=parameters.parsed("judged_since", _judged_since),
        since=parameters.moment("since"),
        until=parameters.moment("until"),
        after=parse_badge_id(after) if after else None,
    )


def _only(text: str | None) -> Only | None:
    return _named("only", lambda given: Only(one_of(given, list(Only))), text)


def _judged_since(text: str) -> JudgedSince:
    return store().judged_since(params.parse_moment("judged_since", text))


def _named(name: str, parse: Callable[[str], Value], text: str | None) -> Value | None:
    """Return the value; mistakes name the parameter."""
    try:
        return parse(text) if text else None
    except BadInput as exc:
        raise BadInput(f"{name}: {exc.message}") from exc


def _require_known(after: str) -> None:
    try:
        known_badge(after)
    except NotFound as exc:
        raise BadInput(
            f"after: no badge event {after[:40]!r} (expected the id of one)"
        ) from exc


def _badge(badge_id: str) -> BadgeEvent:
    """Return a badge event of a camera that the caller may use."""
    found = known_badge(badge_id)
    if not auth.caller().reaches(found.serial or ""):
        raise NotFound(f"Badge event {badge_id[:40]!r} not found")
    return found


def _fields(badge: BadgeEvent) -> dict[str, Any]:
    has_picture = badge.picture_path is not None
    return {
        "id": badge.id,
        "swiped_at": iso(badge.swiped_at),
        "recorded_at": iso(badge.recorded_at),
        "user_id": badge.user_id,
        "person": badge.person or None,
        "department": badge.department or None,
        "reader": badge.reader,
        "serial": badge.serial,
        "source": badge.source,
        "details": dict(badge.details),
        "picture": badge.picture,
        "picture_url": badge_picture_url(badge.id) if has_picture else None,
        "video_link": badge.video_link,
        "error": badge.error,
        "verdict": badge.verdict,
        "note": badge.note,
        "judged_at": iso(badge.judged_at) if badge.judged_at else None,
        "judged_by": badge.judged_by or None,
    }


def _near(badge: BadgeEvent, near: NearPicture) -> NearPictureAnswer:
    has_picture = near.picture_path is not None
    url = near_picture_url(badge.id, near.offset_s) if has_picture else None
    at = iso(badge.swiped_at + timedelta(seconds=near.offset_s))
    return NearPictureAnswer(near.offset_s, at, near.picture, url, near.error)
