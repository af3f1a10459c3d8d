"""Badge review: is the person who used the badge the one in the directory?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from mvsnap.badges.csv_export import BADGE_COLUMNS
from mvsnap.badges.model import (
    NO_KEY,
    NOTIFY_AFTER,
    BadgeEvent,
    BadgeId,
    BadgePictureState,
    Judgement,
    Readers,
    Verdict,
    ask_at,
)
from mvsnap.badges.page_directory import directory_trouble, entry_words, frame_of
from mvsnap.badges.page_filter import (
    MORE,
    Only,
    ReviewFilter,
    parse_badge_id,
    read_filter,
)
from mvsnap.badges.page_rows import BadgeRow, why_no_picture
from mvsnap.badges.page_verdicts import (
    history,
    read_judgement,
    read_seen,
    room_to_notify,
)
from mvsnap.badges.parts import BadgeParts
from mvsnap.badges.store import BadgeFilter, BadgeStore
from mvsnap.domain import Role, Serial
from mvsnap.errors import BadInput, JudgedMeanwhile, NotFound
from mvsnap.store.paging import Page
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.context import feature, gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.pages import local_time, with_frame
from mvsnap.web.pages.filters import older_url
from mvsnap.web.private_file import private_file

bp = Blueprint("badges", __name__)

_PAGE = 25
_MOST_COUNTED = 1000
_PHOTO = re.compile(r"[0-9a-f]{32}")
_FRAME_RIGHTS = "allow-scripts allow-same-origin allow-forms"


@bp.get("/badges")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = _asked()
    found: list[BadgeEvent] = []
    if not asked.mistakes:
        found = _store().badges(asked.wanted, _PAGE + 1)
    shown = Page.cut(found, _PAGE)
    if found:
        viewed("list of badge events")
    page = render_template(
        "badges/index.html",
        asked=asked,
        rows=_rows(shown.rows),
        older=older_url(asked, shown.last),
        readers=_store().readers(),
        verdicts={verdict.value: verdict.capitalize() for verdict in Verdict},
        departments=feature(BadgeParts).directory.departments(),
        only={only.value: only.text for only in Only},
        is_more=any(name in asked.entered for name in MORE),
        counts=_counts(asked) if shown.rows else None,
        first_open=_first_open(asked) if shown.rows else None,
        open_query=asked.query | {"verdict": Verdict.OPEN},
        days=_days(),
        directory=directory_trouble(),
        is_set_up=bool(gateway().settings.badges.camera_of_reader),
    )
    return page, 400 if asked.mistakes else 200


@bp.get("/badges.csv")
@auth.page(Role.VIEWER)
def download() -> ResponseReturnValue:
    asked = _asked()
    asked.require_valid()
    pages = _store().pages(asked.all_pages)
    return csv_file("mvsnap-badges", BADGE_COLUMNS, pages)


@bp.get("/badges/<badge_id>")
@auth.page(Role.VIEWER)
def review(badge_id: str) -> ResponseReturnValue:
    asked, badge = _asked(), _badge(badge_id)
    asked.require_valid()
    viewed(f"badge event {badge.id}")
    return _review_page(asked, badge)


@bp.post("/badges/<badge_id>/verdict")
@auth.page(Role.REVIEWER)
def judge(badge_id: str) -> ResponseReturnValue:
    asked, badge = _asked(), _badge(badge_id)
    asked.require_valid()
    made = read_judgement(badge.id)
    try:
        if not _store().judge(made, read_seen()):
            raise NotFound("This badge event no longer exists")
    except JudgedMeanwhile as exc:
        # The current page, with the note that was entered.
        page = _review_page(asked, _badge(badge_id), unsaved=made)
        page.status_code = exc.status
        return page
    said = "verdict undone" if made.verdict is Verdict.OPEN else made.verdict
    flash(f"{badge.person or badge.user_id}: {said}", "saved")
    _, older = _store().beside(asked.all_pages, badge.id)
    if made.verdict is Verdict.OPEN:
        return redirect(url_for(".review", badge_id=badge.id, **asked.query), 303)
    if older is None:
        flash("That was the last one.", "success")
        return redirect(url_for(".index", **asked.query), 303)
    return redirect(url_for(".review", badge_id=older, **asked.query), 303)


@bp.post("/badges/<badge_id>/picture")
@auth.page(Role.REVIEWER)
def fetch_again(badge_id: str) -> ResponseReturnValue:
    asked, badge = _asked(), _badge(badge_id)
    serial = _camera(badge)
    if serial is None:
        flash(f"No camera is assigned to {badge.reader}.", "warning")
    elif not _has_key():
        flash(NO_KEY, "warning")
    else:
        moment = ask_at(badge.swiped_at, gateway().clock.now())
        is_fetched = badge.picture is BadgePictureState.FETCHED
        is_gone = is_fetched and not gateway().files.is_there(badge.picture_path)
        asked_for = feature(BadgeParts).pictures.ask(
            badge.id, serial, moment, is_gone=is_gone
        )
        if not asked_for:
            flash("The picture is already there or being fetched.", "warning")
    return redirect(url_for(".review", badge_id=badge.id, **asked.query), 303)


# --- pictures: only for users logged in now


@bp.get("/badges/<badge_id>/picture.jpg")
@auth.page(Role.VIEWER)
def picture(badge_id: str) -> ResponseReturnValue:
    path = gateway().files.picture(_badge(badge_id).picture_path)
    if path is not None:
        viewed(f"badge event {badge_id}")
    return _file(path)


@bp.get("/badges/<badge_id>/thumbnail.jpg")
@auth.page(Role.VIEWER)
def thumbnail(badge_id: str) -> ResponseReturnValue:
    return _file(gateway().files.small_picture(_badge(badge_id).picture_path))


@bp.get("/badges/photos/<name>.jpg")
@auth.page(Role.VIEWER)
def photo(name: str) -> ResponseReturnValue:
    known = _PHOTO.fullmatch(name)
    return _file(gateway().files.picture(f"photos/{name}.jpg") if known else None)


def _file(path: Path | None) -> ResponseReturnValue:
    if path is None:
        raise NotFound("No such picture, or it was deleted")
    return private_file(path, "image/jpeg")


# --- shared


def _asked() -> ReviewFilter:
    here = gateway()
    directory = feature(BadgeParts).directory
    return read_filter(request.args, here.zone, directory, here.clock.now())


def _badge(badge_id: str) -> BadgeEvent:
    try:
        found = _store().badge(parse_badge_id(badge_id))
    except BadInput:
        found = None
    if found is None:
        raise NotFound(f"Badge event {badge_id[:40]!r} not found")
    return found


def _camera(badge: BadgeEvent) -> Serial | None:
    readers = Readers(gateway().settings.badges.camera_of_reader)
    serial = readers.camera(badge.reader) or badge.serial
    return Serial(serial) if serial else None


def _has_key() -> bool:
    return gateway().settings.asks_meraki


def _rows(badges: Sequence[BadgeEvent]) -> list[BadgeRow]:
    names = {camera.serial: camera.name for camera in gateway().site.cameras()}
    return [_row(badge, names) for badge in badges]


def _row(badge: BadgeEvent, names: Mapping[Serial, str]) -> BadgeRow:
    here, has_key = gateway(), _has_key()
    now = here.clock.now()
    has_picture = here.files.has(badge.picture_path)
    is_asked = badge.picture is BadgePictureState.WAITING
    is_soon = badge.ask_at is not None and badge.ask_at <= now + NOTIFY_AFTER
    can_ask = has_key and _camera(badge) is not None
    return BadgeRow(
        badge,
        camera=names.get(badge.serial, badge.serial) if badge.serial else "",
        has_picture=has_picture,
        has_photo=here.files.has(badge.photo_path),
        no_picture=why_no_picture(badge, now, local_time, has_key=has_key),
        may_ask=can_ask and not has_picture and not is_asked,
        is_due=has_key and is_soon,
    )


def _counts(asked: ReviewFilter) -> dict[str, str]:
    """Return how many match and how many of those are open, `1,000+` for more."""
    wanted = asked.all_pages
    numbers = {"all": _store().count(wanted, _MOST_COUNTED + 1)}
    if wanted.verdict is None:
        open_ones = replace(wanted, verdict=Verdict.OPEN)
        numbers["open"] = _store().count(open_ones, _MOST_COUNTED + 1)
    return {name: _counted(number) for name, number in numbers.items()}


def _counted(number: int) -> str:
    return f"{_MOST_COUNTED:,}+" if number > _MOST_COUNTED else str(number)


def _first_open(asked: ReviewFilter) -> BadgeId | None:
    if asked.wanted.verdict not in (None, Verdict.OPEN):
        return None
    wanted = replace(asked.all_pages, verdict=Verdict.OPEN)
    found = _store().badges(wanted, 1)
    return found[0].id if found else None


def _days() -> list[tuple[str, str]]:
    zone = gateway().zone
    today = gateway().clock.now().astimezone(zone).date()
    yesterday = today - timedelta(days=1)
    return [("Today", today.isoformat()), ("Yesterday", yesterday.isoformat())]


def _review_page(
    asked: ReviewFilter, badge: BadgeEvent, unsaved: Judgement | None = None
) -> Response:
    """unsaved: the verdict on an outdated page, not stored."""
    _, older = _store().beside(asked.all_pages, badge.id)
    newer, _ = _store().beside(_way_back(asked), badge.id)
    (row,) = _rows([badge])
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
            open_left=_open_left(asked),
            may_judge=auth.person().may(Role.REVIEWER),
            directory=entry_words(badge),
            trouble=directory_trouble(),
            frame=address if origin else None,
            frame_link=address,
            frame_rights=_FRAME_RIGHTS,
        )
    )
    return with_frame(page, origin) if origin and address else page


def _way_back(asked: ReviewFilter) -> BadgeFilter:
    """In the list of open ones, the way back includes the one reviewed just now."""
    wanted = asked.all_pages
    is_open = wanted.verdict is Verdict.OPEN
    return replace(wanted, verdict=None) if is_open else wanted


def _open_left(asked: ReviewFilter) -> str:
    wanted: BadgeFilter = replace(asked.all_pages, verdict=Verdict.OPEN)
    return _counted(_store().count(wanted, _MOST_COUNTED + 1))


def _store() -> BadgeStore:
    return feature(BadgeParts).store
