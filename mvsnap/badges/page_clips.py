"""Clips that show a swipe, where the reader's camera records."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from mvsnap.badges.lookup import camera_of, known_badge
from mvsnap.badges.model import BadgeEvent
from mvsnap.badges.page_list import asked_filter
from mvsnap.clip_model import Clip, ClipState
from mvsnap.domain import CameraName, Change, Role, Trigger, TriggerKind
from mvsnap.errors import QueueFull
from mvsnap.jobs.service import JobRequest
from mvsnap.store.clips import UNFINISHED, ClipFilter
from mvsnap.texts import _, audit_wordings
from mvsnap.texts.wording import Reason
from mvsnap.web import auth
from mvsnap.web.context import gateway

bp = Blueprint("badge_clips", __name__)

# An alarm this far from a swipe may have a clip that shows it.
_WITHIN = timedelta(minutes=15)
_MOST = 50
# Of a clip that is kept of a swipe: who comes, and who follows.
_BEFORE_S, _AFTER_S = 5.0, 10.0


@bp.post("/badges/<badge_id>/clip")
@auth.page(Role.REVIEWER)
def keep(badge_id: str) -> ResponseReturnValue:
    """Record what the camera's memory still has of the swipe; nothing is posted."""
    asked, badge = asked_filter(), known_badge(badge_id)
    name, here, who = held_by(badge), gateway(), auth.person().name
    back = redirect(url_for("badges.review", badge_id=badge.id, **asked.query), 303)
    if name is None:
        flash(_("No recorder has this moment in its memory any more."), "warning")
        return back
    wanted = JobRequest(
        trigger=Trigger(TriggerKind.PAGE, who),
        serials=(),
        at=badge.swiped_at,
        prefix=f"Badge at {badge.reader}",
        clips=(name,),
        pre_roll_s=_BEFORE_S,
        post_roll_s=_AFTER_S,
        idempotency_key=f"badge event {badge.id}",
    )
    try:
        job = here.jobs.accept(wanted)
    except QueueFull as exc:
        flash(_("Not accepted: %(reason)s") % {"reason": _(exc.message)}, "warning")
        return back
    requested = audit_wordings.RECORDING_REQUESTED()
    done = audit_wordings.WITH_JOB(what=requested, job=job.id)
    what = audit_wordings.BADGE(id=badge.id)
    here.audit.add(Change(here.clock.now(), who, what, Reason(""), done))
    flash(_("Recording requested"), "success")
    return back


def held_by(badge: BadgeEvent) -> CameraName | None:
    """Return the camera whose recorder has the swipe in its memory, if any."""
    recorder, since = gateway().settings.recorder, badge.swiped_at
    age = gateway().clock.passed_since(since)
    for name in _recorded_as(badge):
        section = recorder.cameras[name]
        held = timedelta(seconds=section.pre_roll_s - _BEFORE_S)
        if section.is_ring and age <= held:
            return name
    return None


def clips_of(badge: BadgeEvent) -> list[Clip]:
    """Return the clips of the reader's camera that show the swipe, or will."""
    names = _recorded_as(badge)
    if not names:
        return []
    around = ClipFilter(
        cameras=names,
        states=(ClipState.READY, *UNFINISHED),
        since=badge.swiped_at - _WITHIN,
        until=badge.swiped_at + _WITHIN,
    )
    found = gateway().clips.clips(around, _MOST)
    return [clip for clip in found if _shows(clip, badge)]


def _shows(clip: Clip, badge: BadgeEvent) -> bool:
    if clip.state in UNFINISHED:
        return clip.at == badge.swiped_at
    if clip.began_at is None or clip.ended_at is None:
        return False
    at = badge.swiped_at
    is_missing = any(gap.began_at < at < gap.ended_at for gap in clip.gaps)
    return clip.began_at <= at <= clip.ended_at and not is_missing


def _recorded_as(badge: BadgeEvent) -> tuple[CameraName, ...]:
    serial = camera_of(badge)
    recorded = gateway().settings.recorder.serials().items()
    return tuple(name for name, of_it in recorded if of_it and of_it == serial)
