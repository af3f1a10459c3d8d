"""Clips: the live list of what was recorded around alarms, and a page for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from mvsnap.clip_model import Clip, ClipState
from mvsnap.core.clip_rows import ClipRow
from mvsnap.core.clip_text import title_reason
from mvsnap.core.clip_timeline import timeline
from mvsnap.domain import EventId, EventKind, Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.store.clips.deletion import finish_deletes
from mvsnap.store.clips.search import (
    AlarmOfClip,
    FoundClips,
    find_clips,
    machines,
    neighbours,
)
from mvsnap.texts import N_, _, audit_wordings
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from mvsnap.web import auth
from mvsnap.web.access_log import downloaded, viewed
from mvsnap.web.context import gateway
from mvsnap.web.event_terms import SEVERITIES
from mvsnap.web.filters import older_url
from mvsnap.web.links import webhook_url
from mvsnap.web.pages.clip_filter import SHOWN, ClipsAsked, read_filter
from mvsnap.web.pages.clip_text import (
    SHARED_FOR,
    ClipAdvice,
    advice,
    alarm_summary,
    change,
    clip_row,
    file_name,
    of_same_alarm,
    started_by_title,
)
from mvsnap.web.pages.live_list import ListPage, digest, if_changed
from mvsnap.web.pages.live_part import LivePart, shared
from mvsnap.web.private_file import private_file, private_picture
from mvsnap.web.time_zone import show_zone_of_clip, shown_zone, zone_of_list

bp = Blueprint("clips", __name__)

_PAGE = 24  # full rows of 2, 3 and 4 tiles


class ClipsPage(ListPage[ClipsAsked, ClipRow, ClipAdvice], frozen=True):
    """One page of the list. alarms: of those clips that have one."""

    alarms: Mapping[EventId, AlarmOfClip] = {}


# --- the list


@bp.get("/clips")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = _asked()
    if asked.mistakes:
        mistake = ClipAdvice(_("Fix the filter to see clips."))
        return _list_page(ClipsPage(asked, advice=mistake)), 400
    return _list_page(_read_page(asked))


@bp.get("/clips/rows")
@auth.page(Role.VIEWER)
def rows() -> ResponseReturnValue:
    """The list alone, for the page that polls it: one query."""
    asked = _asked()
    asked.require_valid()
    return shared("clips", lambda: _list_part(asked)).answer()


def _list_part(asked: ClipsAsked) -> LivePart:
    page = _read_page(asked)
    return LivePart(
        page.etag, lambda: render_template("clips/_list.html", **_list(page))
    )


def _asked() -> ClipsAsked:
    return read_filter(request.args, zone_of_list(request.args.get("camera", "")))


def _read_page(asked: ClipsAsked) -> ClipsPage:
    page = find_clips(gateway().clips, asked.wanted, _PAGE)
    older = older_url(asked, page.after)
    advised = None
    if page.searched_to is not None or not page.found:
        advised = _advice(asked, page)
    rows = [_row(clip) for clip in page.found]
    return ClipsPage(asked, rows, older, advised, page.alarms)


def _advice(asked: ClipsAsked, page: FoundClips) -> ClipAdvice:
    if page.searched_to is not None:
        text = _("No more found") if page.found else _("Nothing found")
        return ClipAdvice(text, searched_to=page.searched_to)
    if asked.query or not asked.first_page:
        return ClipAdvice(_("Nothing matches."), reset=True)
    here = gateway()
    added = any(one.section == "recording-cameras" for one in here.entries.all())
    return advice(here.settings, webhook_url("TOKEN"), here.keys.all(), added=added)


def _list_page(page: ClipsPage) -> str:
    asked = page.asked
    return render_template(
        "clips/index.html",
        asked=asked,
        cameras=list(gateway().settings.recorder.cameras),
        machines=machines(gateway().clips),
        severities=SEVERITIES,
        states={value: text for value, (text, _) in SHOWN.items()},
        **_list(page),
        etag=page.etag,
        rows_url=url_for(".rows", **asked.query),
    )


def _list(page: ClipsPage) -> dict[str, Any]:
    """Return what the template of the list needs."""
    return {"page": page, "newest": url_for(".index", **page.asked.query)}


# --- one clip


@bp.get("/clips/<clip_id>")
@auth.page(Role.VIEWER)
def show(clip_id: str) -> ResponseReturnValue:
    clip, asked = known_clip(clip_id), _asked()
    show_zone_of_clip(clip)
    about = gateway().store.event(clip.about) if clip.about else None
    live = _live(clip)
    return render_template(
        "clips/clip.html",
        **live,
        etag=digest(render_template("clips/_clip.html", **live)),
        live_url=None if live["row"].is_finished else url_for(".live", clip_id=clip.id),
        alarm=alarm_summary(about, clip.at) if about else None,
        started_by=started_by_title(clip.trigger),
        list_url=url_for(".index", **asked.query),
        beside=[*_beside(asked, clip)],
        shares=SHARED_FOR,
        shared=gateway().users.shared_links.of_clip(clip.id, _now()),
        may_keep=auth.person().may(Role.REVIEWER),
        may_delete=auth.person().may(Role.ADMIN),
    )


def _beside(asked: ClipsAsked, clip: Clip) -> Iterator[tuple[str, ClipRow, str]]:
    """Yield what the links to the clips beside this one need: word, row, address.

    Of the same list: its filter is in the address. One with a mistake is as none.
    """
    place = replace(asked.wanted.place, after=None)
    wanted = replace(asked.wanted, place=place)
    found = neighbours(gateway().clips, wanted, clip)
    for word, other in ((N_("Previous"), found.earlier), (N_("Next"), found.later)):
        if other is not None:
            url = url_for(".show", clip_id=other.id, **asked.query)
            yield word, _row(other), url


@bp.get("/clips/<clip_id>/live")
@auth.page(Role.VIEWER)
def live(clip_id: str) -> ResponseReturnValue:
    """The part that changes while a clip is recorded, for the page that polls it."""
    clip = known_clip(clip_id)
    show_zone_of_clip(clip)
    html = render_template("clips/_clip.html", **_live(clip))
    return if_changed(digest(html), lambda: html)


def _live(clip: Clip) -> dict[str, Any]:
    """Return what the template of the changing part needs."""
    here = gateway()
    related = here.clips.related(clip)
    sharing = [c for c in related if clip.path and c.path == clip.path]
    events = here.store.events_of_job(clip.job_id)
    return {
        "row": _row(clip),
        "line": timeline(clip, sharing),
        "has_file": here.files.has_clip(clip),
        "has_poster": here.files.has_clip_thumbnail(clip),
        "snapshots": [event for event in events if event.kind is EventKind.SNAPSHOT],
        "others": [_row(c) for c in of_same_alarm(clip, related)],
    }


@bp.get("/clips/<clip_id>/clip.mp4")
@auth.page(Role.VIEWER)
def video(clip_id: str) -> ResponseReturnValue:
    clip = known_clip(clip_id)
    show_zone_of_clip(clip)
    found = gateway().files.open_clip(clip)
    if found is None:
        raise NotFound(clip.error or N_("This clip has no video, or it was deleted"))
    name = (
        file_name(clip, shown_zone(), _zone())
        if request.args.get("download") == "1"
        else None
    )
    note = viewed if name is None else downloaded
    note(audit_wordings.VIDEO(id=clip.id, camera=clip.camera))
    return private_file(found, "video/mp4", etag=clip.id, name=name)


@bp.get("/clips/<clip_id>/thumbnail.jpg")
@auth.page(Role.VIEWER)
def thumbnail(clip_id: str) -> ResponseReturnValue:
    path = gateway().files.clip_thumbnail(known_clip(clip_id))
    return private_picture(path, N_("This clip has no picture, or it was deleted"))


# --- keep and delete


@bp.post("/clips/<clip_id>/keep")
@auth.page(Role.REVIEWER)
def keep(clip_id: str) -> ResponseReturnValue:
    clip = known_clip(clip_id)
    kept = request.form.get("kept", "")
    if kept not in ("yes", "no"):
        raise BadInput(f"kept: {kept[:40]!r} (expected yes or no)")
    before, after = audit_wordings.KEPT(), audit_wordings.NOT_KEPT()
    if kept == "yes":
        before, after = Reason(""), audit_wordings.KEPT()
    log = change(clip, auth.person().name, _now(), before, after, _zone())
    if not gateway().clips.keep(clip.id, kept == "yes", [log]):
        flash(_("No changes: someone else has changed it already."), "warning")
    return redirect(url_for(".show", clip_id=clip.id), 303)


@bp.post("/clips/<clip_id>/delete")
@auth.page(Role.ADMIN)
def delete(clip_id: str) -> ResponseReturnValue:
    clip = known_clip(clip_id)
    before, after = title_reason(clip), audit_wordings.DELETED()
    log = change(clip, auth.person().name, _now(), before, after, _zone())
    if not gateway().clips.delete(clip.id, [log]):
        flash(_not_deleted(gateway().clips.clip(clip.id) or clip), "warning")
        return redirect(url_for(".show", clip_id=clip.id), 303)
    finish_deletes(gateway().videos, gateway().files)
    flash(_("Clip of %(camera)s deleted.") % {"camera": clip.camera}, "success")
    return redirect(url_for(".index"), 303)


def _not_deleted(clip: Clip) -> str:
    if clip.kept:
        return _("Not deleted: the clip is kept.")
    if clip.state is ClipState.DELETED:
        return _("The clip was already deleted.")
    if clip.state is ClipState.FAILED:
        return _("Not deleted: there is no video.")
    return _("Not deleted: the clip is not finished yet.")


def known_clip(clip_id: str) -> Clip:
    """Return a clip by its id, else raise NotFound."""
    found = gateway().clips.clip(EventId(clip_id))
    if found is None:
        raise NotFound(f"Clip {clip_id[:40]!r} not found")
    return found


def _row(clip: Clip) -> ClipRow:
    return clip_row(clip, gateway().settings, _now())


def _now() -> datetime:
    return gateway().clock.now()


def _zone() -> ZoneInfo:
    return gateway().zone
