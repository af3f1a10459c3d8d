"""Frames of a clip: their times, one as a picture, cameras of an alarm in step."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.clip_model import Clip
from mvsnap.domain import Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.recorder import ClipFile
from mvsnap.texts import N_
from mvsnap.texts.audit_wordings import STILL
from mvsnap.web import auth
from mvsnap.web.access_log import downloaded
from mvsnap.web.context import gateway
from mvsnap.web.pages.clip_text import clip_row, of_same_alarm, still_name
from mvsnap.web.pages.clips import known_clip
from mvsnap.web.private_file import NOT_KEPT
from mvsnap.web.time_zone import show_zone_of_clip, shown_zone

bp = Blueprint("clip_frames", __name__)

_MOST_SHOWN = 9
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,9})?", re.ASCII)


@bp.get("/clips/<clip_id>/frames.json")
@auth.page(Role.VIEWER)
def times(clip_id: str) -> ResponseReturnValue:
    """When each frame is shown: 202 until that is known."""
    found = gateway().frames.times(_file(known_clip(clip_id)))
    if found is None:
        return _not_yet()
    return jsonify(times_s=[round(time, 6) for time in found])


@bp.get("/clips/<clip_id>/still.jpg")
@auth.page(Role.VIEWER)
def still(clip_id: str) -> ResponseReturnValue:
    """The frame at a second of the video, in full size: 202 until it is made."""
    clip, at_s = known_clip(clip_id), _seconds(request.args.get("at", ""))
    found = gateway().frames.picture(_file(clip), at_s)
    if found is None:
        return _not_yet()
    # Its own: in a gap, the last frame before it is shown.
    moment = (clip.began_at or clip.at) + timedelta(seconds=found.at_s)
    downloaded(STILL(id=clip.id, camera=clip.camera, offset=f"{found.at_s:.2f}"))
    answer = Response(found.jpeg, mimetype="image/jpeg")
    show_zone_of_clip(clip)
    name = still_name(clip, moment, shown_zone(), gateway().zone)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = NOT_KEPT
    return answer


@bp.get("/clips/<clip_id>/in-step")
@auth.page(Role.VIEWER)
def in_step(clip_id: str) -> ResponseReturnValue:
    """The clips of one alarm, played at the same moments."""
    clip, here = known_clip(clip_id), gateway()
    show_zone_of_clip(clip)
    now = here.clock.now()
    family = [clip, *of_same_alarm(clip, here.clips.related(clip))]
    # Two rules may have asked for the same video.
    files = {one.path: one for one in reversed(family) if _is_shown(one)}
    # The page loads all of them, from a small computer: this clip and some others.
    some = sorted(files.values(), key=lambda one: one.path != clip.path)[:_MOST_SHOWN]
    found = sorted(some, key=lambda one: (one.camera.casefold(), one.id))
    return render_template(
        "clips/in_step.html",
        row=clip_row(clip, here.settings, now),
        rows=[clip_row(one, here.settings, now) for one in found],
        many=len(files),
        back=url_for("clips.show", clip_id=clip.id),
    )


def _is_shown(clip: Clip) -> bool:
    has_times = clip.began_at is not None and clip.ended_at is not None
    return has_times and gateway().files.has_clip(clip)


def _file(clip: Clip) -> ClipFile:
    here = gateway()
    if not here.files.has_clip(clip):
        raise NotFound(clip.error or N_("This clip has no video, or it was deleted"))
    recorder = here.settings.recorder
    return ClipFile(
        clip.path or clip.id,
        lambda: here.files.clip(clip),
        recorder.ffmpeg,
        recorder.ffprobe,
    )


def _seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text):
        raise BadInput(f"at: {text[:40]!r} (expected seconds of the video, like 12.48)")
    return float(text)


def _not_yet() -> Response:
    answer = jsonify(state="waiting")
    answer.status_code = 202
    answer.headers["Retry-After"] = "1"
    return answer
