"""Verdicts: who gave them, and which were posted where."""

from __future__ import annotations

import math
from datetime import timedelta

from flask import request
from msgspec import Struct

from mvsnap.badges.model import (
    NOTIFY_AFTER,
    UNDO_WITHIN,
    BadgeId,
    Judgement,
    Verdict,
    before_last,
    parse_note,
)
from mvsnap.badges.parts import BadgeParts
from mvsnap.badges.store import BadgeStore
from mvsnap.domain import DeliveryState, JobId
from mvsnap.errors import BadInput, JudgedMeanwhile
from mvsnap.texts import N_, _
from mvsnap.texts.channel_wordings import NOT_DELIVERED
from mvsnap.texts.sentences import localized
from mvsnap.web import auth
from mvsnap.web.context import feature, gateway

_MAX_DIGITS = 18  # within every database's integers


def read_judgement(badge_id: BadgeId) -> Judgement:
    text, now = request.form.get("verdict", ""), gateway().clock.now()
    try:
        verdict = Verdict(text)
    except ValueError as exc:
        known = ", ".join(Verdict)
        raise BadInput(f"verdict: {text[:40]!r} (expected one of: {known})") from exc
    note = parse_note(request.form.get("note", ""))
    is_posted = verdict is Verdict.MISMATCH and room_to_notify() is not None
    notify_at = now + NOTIFY_AFTER if is_posted else None
    return Judgement(badge_id, verdict, note, now, auth.person().name, notify_at)


class LastVerdict(Struct, frozen=True):
    """One's own verdict of just now; left_s: how long undoing it is offered."""

    id: int
    badge_id: BadgeId
    left_s: int


def last_verdict() -> LastVerdict | None:
    """Return the verdict that the person may want to undo, None if there is none."""
    now = gateway().clock.now()
    made = _store().last_of(auth.person().name, now - UNDO_WITHIN)
    if made is None or made.verdict is Verdict.OPEN:
        return None
    left = UNDO_WITHIN - max(now - made.judged_at, timedelta())
    return LastVerdict(made.id, made.badge_id, math.ceil(left.total_seconds()))


def read_undo(badge_id: BadgeId) -> Judgement:
    """Return what holds again after the last verdict of the person is undone.

    Raises:
        JudgedMeanwhile: the one on the page is not the last one any more.
    """
    verdicts, seen, now = (
        _store().judgements(badge_id),
        read_seen(),
        gateway().clock.now(),
    )
    who = auth.person().name
    if not verdicts or (verdicts[0][0].id, verdicts[0][0].judged_by) != (seen, who):
        raise JudgedMeanwhile(
            N_("Not undone: that verdict is not yours, or not the last")
        )
    notify_at = now + NOTIFY_AFTER if room_to_notify() is not None else None
    return before_last(verdicts, who, now, notify_at)


def read_seen() -> int | None:
    """Return the last judgement that was on the page, None if it does not say."""
    text = request.form.get("seen", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise BadInput(f"seen: {text[:40]!r} (expected the id of a verdict)")
    return int(text)


def room_to_notify() -> str | None:
    """Return where mismatches are posted to, None if nowhere."""
    settings = gateway().settings
    rooms = settings.recipients.only(settings.badges.mismatch_room)
    return ", ".join(rooms) or None


def history(badge_id: BadgeId) -> list[tuple[Judgement, str]]:
    """Return the verdicts, newest first, each with the state of its messages."""
    return [
        (made, _summary(made, job_id)) for made, job_id in _store().judgements(badge_id)
    ]


def _summary(made: Judgement, job_id: JobId | None) -> str:
    if job_id is None:
        return _("posting to the room shortly") if made.notify_at else ""
    for delivery in gateway().store.deliveries_of_job(job_id).values():
        if delivery.state is DeliveryState.SENT:
            return _("posted to %(room)s") % {"room": delivery.room}
        if delivery.state is DeliveryState.FAILED:
            why = localized(delivery.error or NOT_DELIVERED())
            return _("not posted: %(why)s") % {"why": why}
    return _("posting to the room")


def _store() -> BadgeStore:
    return feature(BadgeParts).store
