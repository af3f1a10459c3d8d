"""Links to one clip for people without a log-in: signed, and they end."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.clip_model import Clip, ClipState
from mvsnap.core import signed_links
from mvsnap.core.site_time import stored_to_minute
from mvsnap.domain import Role
from mvsnap.errors import BadInput
from mvsnap.texts import N_, _, audit_wordings
from mvsnap.texts.wording import Reason
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.filters import one_of
from mvsnap.web.links import gateway_url
from mvsnap.web.pages.clip_text import SHARED_FOR, change, clip_row
from mvsnap.web.pages.clips import known_clip
from mvsnap.web.time_zone import show_zone_of_clip

bp = Blueprint("clip_share", __name__)


@bp.post("/clips/<clip_id>/share")
@auth.page(Role.REVIEWER)
def share(clip_id: str) -> ResponseReturnValue:
    """Show a new link: in the answer of the POST alone, as it opens the clip."""
    clip, here = known_clip(clip_id), gateway()
    hours = int(_hours(request.form.get("hours", "")))
    _require_video(clip)
    now = here.clock.now()
    until = (now + timedelta(hours=hours)).replace(microsecond=0)
    done = audit_wordings.LINK_UNTIL(until_at=stored_to_minute(until, here.zone))
    log = change(clip, auth.person().name, now, Reason(""), done, here.zone)
    key = here.users.shared_links.share(clip.id, until, log)
    url = signed_links.link(gateway_url(), key, clip.id, signed_links.CLIP, until)
    show_zone_of_clip(clip)
    return render_template(
        "clips/shared.html",
        row=clip_row(clip, here.settings, now),
        url=url,
        until=until,
        is_local=here.settings.site.public_url is None,
        back=url_for("clips.show", clip_id=clip.id),
    )


@bp.post("/clips/<clip_id>/end-links")
@auth.page(Role.REVIEWER)
def end(clip_id: str) -> ResponseReturnValue:
    clip, here = known_clip(clip_id), gateway()
    who, now = auth.person().name, here.clock.now()
    log = change(
        clip, who, now, audit_wordings.LINKS(), audit_wordings.LINKS_ENDED(), here.zone
    )
    if here.users.shared_links.end(clip.id, log):
        flash(_("The links to this clip no longer work."), "success")
    else:
        flash(_("No changes: there are no links to this clip."), "warning")
    return redirect(url_for("clips.show", clip_id=clip.id), 303)


def _hours(text: str) -> str:
    try:
        return one_of(text, SHARED_FOR)
    except BadInput as exc:
        raise BadInput(f"hours: {exc.message}") from exc


def _require_video(clip: Clip) -> None:
    if clip.state is not ClipState.READY:
        raise BadInput(N_("This clip has no video to share"))
