"""Badge review: is the person who used the badge the one in the directory?"""

from __future__ import annotations

import re
from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from flask.typing import ResponseReturnValue

from mvsnap.badges.csv_export import BADGE_COLUMNS
from mvsnap.badges.filter import MORE, Only, ReviewFilter
from mvsnap.badges.lookup import camera_of, known_badge, store
from mvsnap.badges.model import (
    BadgeEvent,
    BadgePictureState,
    Judgement,
    Verdict,
    ask_at,
)
from mvsnap.badges.page_clips import clips_of, held_by
from mvsnap.badges.page_directory import directory_trouble, entry_words, frame_of
from mvsnap.badges.page_list import (
    asked_filter,
    badge_rows,
    counted,
    first_open,
    has_key,
    place_of,
    way_back,
    why_not_asked,
)
from mvsnap.badges.page_near import may_ask_near, near_rows
from mvsnap.badges.page_verdicts import (
    history,
    last_verdict,
    read_judgement,
    read_seen,
    read_undo,
    room_to_notify,
)
from mvsnap.badges.parts import BadgeParts
from mvsnap.domain import Role
from mvsnap.errors import JudgedMeanwhile, NotFound
from mvsnap.store.paging import Page
from mvsnap.texts import N_, _, audit_wordings
from mvsnap.values import replace
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.context import feature, gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.filters import older_url
from mvsnap.web.pages import with_frame
from mvsnap.web.private_file import private_picture

bp = Blueprint("badges", __name__)

_PAGE = 25
_NO_PICTURE = N_("No such picture, or it was deleted")
_PHOTO = re.compile(r"[0-9a-f]{32}")
_FRAME_RIGHTS = "allow-scripts allow-same-origin allow-forms"


@bp.get("/badges")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = asked_filter()
    found: list[BadgeEvent] = []
    if not asked.mistakes:
        found = store().badges(asked.wanted, _PAGE + 1)
    shown = Page.cut(found, _PAGE)
    if found:
        viewed(audit_wordings.BADGES())
    page = render_template(
        "badges/index.html",
        asked=asked,
        rows=badge_rows(shown.rows),
        older=older_url(asked, shown.last.id if shown.last else None),
        readers=store().readers(),
        verdicts={verdict.value: verdict.capitalize() for verdict in Verdict},
        departments=feature(BadgeParts).directory.departments(),
        only={only.value: only.text for only in Only},
        is_more=any(name in asked.entered for name in MORE),
        counts=_counts(asked) if shown.rows else None,
        first_open=first_open(asked) if shown.rows else None,
        open_query=asked.query | {"verdict": Verdict.OPEN},
        days=_days(),
        directory=directory_trouble(),
        is_set_up=bool(gateway().settings.badges.camera_of_reader),
    )
    return page, 400 if asked.mistakes else 200


@bp.get("/badges.csv")
@auth.page(Role.VIEWER)
def download() -> ResponseReturnValue:
    asked = asked_filter()
    asked.require_valid()
    pages = store().pages(asked.all_pages)
    return csv_file("mvsnap-badges", BADGE_COLUMNS, pages)


@bp.get("/badges/<badge_id>")
@auth.page(Role.VIEWER)
def review(badge_id: str) -> ResponseReturnValue:
    asked, badge = asked_filter(), known_badge(badge_id)
    asked.require_valid()
    viewed(audit_wordings.BADGE(id=badge.id))
    return _review_page(asked, badge)


@bp.post("/badges/<badge_id>/verdict")
@auth.page(Role.REVIEWER)
def judge(badge_id: str) -> ResponseReturnValue:
    asked, badge = asked_filter(), known_badge(badge_id)
    asked.require_valid()
    made = read_judgement(badge.id)
    try:
        if not store().judge(made, read_seen()):
            raise NotFound(N_("This badge event no longer exists"))
    except JudgedMeanwhile as exc:
        # The current page, with the note that was entered.
        page = _review_page(asked, known_badge(badge_id), unsaved=made)
        page.status_code = exc.status
        return page
    who = badge.person or badge.user_id
    if made.verdict is Verdict.OPEN:
        flash(_("%(who)s: verdict undone") % {"who": who}, "saved")
        return redirect(url_for(".review", badge_id=badge.id, **asked.query), 303)
    flash(f"{who}: {_(made.verdict)}", "saved")
    _newer, older = store().beside(asked.all_pages, badge.id)
    if older is None:
        return redirect(url_for("badge_report.end", **asked.query), 303)
    return redirect(url_for(".review", badge_id=older, **asked.query), 303)


@bp.post("/badges/<badge_id>/undo")
@auth.page(Role.REVIEWER)
def undo(badge_id: str) -> ResponseReturnValue:
    """Take back one's last verdict: what held before it holds again."""
    asked, badge = asked_filter(), known_badge(badge_id)
    asked.require_valid()
    made = read_undo(badge.id)
    if not store().judge(made, read_seen()):
        raise NotFound(N_("This badge event no longer exists"))
    who = badge.person or badge.user_id
    said = _("%(who)s is %(verdict)s again")
    flash(said % {"who": who, "verdict": _(made.verdict)}, "undone")
    return redirect(url_for(".review", badge_id=badge.id, **asked.query), 303)


@bp.post("/badges/<badge_id>/picture")
@auth.page(Role.REVIEWER)
def fetch_again(badge_id: str) -> ResponseReturnValue:
    asked, badge = asked_filter(), known_badge(badge_id)
    serial = camera_of(badge)
    if serial is None or not has_key():
        flash(why_not_asked(badge), "warning")
    else:
        moment = ask_at(badge.swiped_at, gateway().clock.now())
        is_fetched = badge.picture is BadgePictureState.FETCHED
        is_gone = is_fetched and not gateway().files.is_there(badge.picture_path)
        asked_for = feature(BadgeParts).pictures.ask(
            badge.id, serial, moment, is_gone=is_gone
        )
        if not asked_for:
            flash(_("The picture is already there or being fetched."), "warning")
    return redirect(url_for(".review", badge_id=badge.id, **asked.query), 303)


# --- pictures: only for users logged in now


@bp.get("/badges/<badge_id>/picture.jpg")
@auth.page(Role.VIEWER)
def picture(badge_id: str) -> ResponseReturnValue:
    path = gateway().files.picture(known_badge(badge_id).picture_path)
    found = private_picture(path, _NO_PICTURE)
    viewed(audit_wordings.BADGE(id=badge_id))
    return found


@bp.get("/badges/<badge_id>/thumbnail.jpg")
@auth.page(Role.VIEWER)
def thumbnail(badge_id: str) -> ResponseReturnValue:
    path = gateway().files.small_picture(known_badge(badge_id).picture_path)
    return private_picture(path, _NO_PICTURE)


@bp.get("/badges/photos/<name>.jpg")
@auth.page(Role.VIEWER)
def photo(name: str) -> ResponseReturnValue:
    known = _PHOTO.fullmatch(name)
    path = gateway().files.picture(f"photos/{name}.jpg") if known else None
    return private_picture(path, _NO_PICTURE)


# --- shared


def _counts(asked: ReviewFilter) -> dict[str, str]:
    """Return how many match and how many of those are open."""
    wanted = asked.all_pages
    numbers = {"all": counted(wanted)}
    if wanted.verdict is None:
        numbers["open"] = counted(replace(wanted, verdict=Verdict.OPEN))
    return numbers


def _days() -> list[tuple[str, str]]:
    zone = gateway().zone
    today = gateway().clock.now().astimezone(zone).date()
    yesterday = today - timedelta(days=1)
    return [(_("Today"), today.isoformat()), (_("Yesterday"), yesterday.isoformat())]


def _review_page(
    asked: ReviewFilter, badge: BadgeEvent, unsaved: Judgement | None = None
) -> Response:
    """unsaved: the verdict on an outdated page, not stored."""
    _newer, older = store().beside(asked.all_pages, badge.id)
    newer, _ = store().beside(way_back(asked), badge.id)
    (row,), near, clips = badge_rows([badge]), near_rows(badge), clips_of(badge)
    origin, address = frame_of(badge.user_id)
    page = make_response(
        render_template(
            "badges/review.html",
            asked=asked,
            row=row,
            badge=badge,
            newer=newer,
            older=older,
            history=history(badge.id),
            unsaved=unsaved,
            room=room_to_notify(),
            near=near,
            may_ask_near=may_ask_near(badge, near),
            clips=clips,
            may_keep_clip=not clips and held_by(badge) is not None,
            place=place_of(asked, badge),
            open_left=counted(replace(asked.all_pages, verdict=Verdict.OPEN)),
            undoable=last_verdict(),
            may_judge=auth.person().may(Role.REVIEWER),
            directory=entry_words(badge),
            trouble=directory_trouble(),
            frame=address if origin else None,
            frame_link=address,
            frame_rights=_FRAME_RIGHTS,
        )
    )
    return with_frame(page, origin) if origin and address else page
