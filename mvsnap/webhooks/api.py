"""The endpoints to which clouds and machines send their alarms.

An alarm is answered 202 once all of its jobs are durable, or when it is ignored, with
the reason. Sending it again gives the same jobs, also after a 503 halfway. A request
with several alarms has one answer for all of them.
"""

from __future__ import annotations

import logging
from typing import NoReturn
from urllib.parse import urlencode

from flask import Blueprint, Request, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from msgspec import UNSET

from mvsnap.badges.answers import BadgesAddedAnswer
from mvsnap.badges.api import keep
from mvsnap.core.http_body import MAX_BYTES
from mvsnap.core.shares import is_within_share
from mvsnap.core.strict_json import one_line
from mvsnap.domain import Job, TriggerKind
from mvsnap.errors import OverShare, QueueFull
from mvsnap.jobs.service import JobRequest
from mvsnap.store.events.alarm_messages import StoredMessage, add_alarm
from mvsnap.values import replace
from mvsnap.web import context
from mvsnap.web.answers import JobLink, json_response
from mvsnap.web.content_coding import unpacked
from mvsnap.web.context import Gateway, gateway
from mvsnap.web.links import job_url
from mvsnap.webhooks import auth
from mvsnap.webhooks.alarm import Alarm, headline
from mvsnap.webhooks.answers import AlarmAccepted, AlarmIgnored, AlarmJob
from mvsnap.webhooks.auth import AlarmSender, sender
from mvsnap.webhooks.event import alarm_event, message_text
from mvsnap.webhooks.orders import AlarmOrders, orders_of
from mvsnap.webhooks.parse import parse

log = logging.getLogger(__name__)

# A machine in trouble sends many alarms: most of a camera's queue may be its own.
_CLIPS_WEIGHT = 3

bp = Blueprint("hooks", __name__)


# Some senders end every address with a slash.
@bp.post("/webhook/<string:token>", strict_slashes=False)
@auth.hook_token
def receive_with_token() -> ResponseReturnValue:
    return _receive(sender())


@bp.post("/webhook", strict_slashes=False)
@auth.hook_key
def receive() -> ResponseReturnValue:
    return _receive(sender())


@bp.record
def _prepare(state: BlueprintSetupState) -> None:
    found: Gateway = state.app.extensions[context.EXTENSION]
    auth.prepare(state.app, found)


@bp.before_request
def _limit_body() -> None:
    request.max_content_length = MAX_BYTES


def _receive(by: AlarmSender) -> ResponseReturnValue:
    alarms = parse(*_body(request))
    # All are built before the first is accepted: a refusal leaves nothing behind.
    found = [orders_of(alarm, by, index) for index, alarm in enumerate(alarms)]
    wanted = [order.job_request for each in found for order in each.orders]
    for job_request in wanted:
        _require_room(job_request)
    if wanted:
        gateway().jobs.require_room(wanted)
    for each in found:
        if each.ignored:
            _note_ignored(each.alarm, by, each.ignored)
    swipes = [swipe for each in found for swipe in each.swipes]
    if not swipes and not any(each.orders for each in found):
        return json_response(AlarmIgnored(found[0].ignored), 202)
    badges = keep(swipes, by.caller) if swipes else None
    jobs = [job for each in found if each.orders for job in _accept(each, by)]
    notes = dict.fromkeys(note for each in found for note in each.notes)
    notes |= dict.fromkeys(f"ignored: {e.ignored}" for e in found if e.ignored)
    return _accepted(list(dict.fromkeys(jobs)), list(notes), badges)


def _accept(found: AlarmOrders, by: AlarmSender) -> list[Job]:
    """Store what happened, then the jobs about it; repeating it changes nothing."""
    alarm, first = found.alarm, found.orders[0]
    now = gateway().clock.now()
    event = alarm_event(
        alarm, first.job_request.job_id(), first.job_request.trigger, now, first.title
    )
    message = StoredMessage.of(message_text(alarm), by.name, found.matched)
    add_alarm(gateway().store, event, message)
    jobs = [
        gateway().jobs.accept(
            replace(order.job_request, about=event.id), is_limited=False
        )
        for order in found.orders
    ]
    for job in jobs:
        log.info("%s from %s is job %s", _short(alarm), by.name, job.id)
    return jobs


def _body(asked: Request) -> tuple[bytes, str]:
    """Return the body with its type; a multipart form as a URL-encoded one."""
    body = unpacked(asked, MAX_BYTES)
    if asked.mimetype == "multipart/form-data":
        fields = list(asked.form.items(multi=True))
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"
    return body, asked.content_type or ""


def _require_room(job_request: JobRequest) -> None:
    """Refuse a clip over the limit, unless it was accepted before.

    Raises:
        QueueFull, OverShare
    """
    most = gateway().settings.recorder.queue_size
    for camera in job_request.clips:
        waiting = gateway().clips.unfinished(camera)
        own, total = waiting[job_request.caller], waiting.total()
        if is_within_share(own, total, most, weight=_CLIPS_WEIGHT):
            continue
        if gateway().jobs.known(job_request.job_id()) is None:
            _refuse_clip(job_request, camera, own=own, is_full=total >= most)


def _refuse_clip(
    job_request: JobRequest, camera: str, *, own: int, is_full: bool
) -> NoReturn:
    triggers, kind = gateway().metrics.triggers, job_request.trigger.kind
    most = gateway().settings.recorder.queue_size
    if is_full:
        triggers.labels(kind, "refused").inc()
        raise QueueFull(
            f"{most} clips of {camera} are being recorded or waiting "
            "(recorder.queue_size)"
        )
    triggers.labels(kind, "over_share").inc()
    raise OverShare(
        f"{own} of the {most} clips of {camera} that may wait are of this sender; "
        "the other places are for others (recorder.queue_size)"
    )


def _accepted(
    jobs: list[Job], notes: list[str], badges: BadgesAddedAnswer | None
) -> ResponseReturnValue:
    listed = [
        AlarmJob(job.id, job_url(job.id), list(job.serials), list(job.clips))
        for job in jobs
    ]
    answer_body = AlarmAccepted(listed, notes, UNSET if badges is None else badges)
    if not listed:
        return json_response(answer_body, 202)
    first = listed[0]
    answer_body.job = JobLink(first.id, first.url)
    answer = json_response(answer_body, 202)
    answer.headers["Location"] = first.url
    return answer


def _note_ignored(alarm: Alarm, by: AlarmSender, because: str) -> None:
    log.info("%s from %s ignored: %s", _short(alarm), by.name, because)
    gateway().metrics.triggers.labels(TriggerKind.WEBHOOK, "ignored").inc()


def _short(alarm: Alarm) -> str:
    """Return the alarm as the log names it."""
    return one_line(f"{alarm.source} alarm {headline(alarm) or alarm.kind!r}", 120)
