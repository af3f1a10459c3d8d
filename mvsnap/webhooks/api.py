"""The endpoints to which clouds and machines send their alarms.

An alarm is answered 202 once all of its jobs are durable, or when it is ignored, with
the reason. Sending it again gives the same jobs, also after a 503 halfway.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Blueprint, Request, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from msgspec import UNSET

from mvsnap.badges.answers import BadgesAddedAnswer
from mvsnap.badges.api import keep
from mvsnap.core import params
from mvsnap.core.http_body import MAX_BYTES
from mvsnap.core.strict_json import one_line
from mvsnap.domain import Job, Serial, Trigger, TriggerKind
from mvsnap.errors import BadInput, QueueFull
from mvsnap.jobs.service import JobRequest
from mvsnap.web import context
from mvsnap.web.answers import JobLink, json_response
from mvsnap.web.context import Gateway, gateway
from mvsnap.web.links import job_url
from mvsnap.webhooks import auth
from mvsnap.webhooks.alarm import Alarm, doubt, headline, moment_to_show
from mvsnap.webhooks.answers import AlarmAccepted, AlarmIgnored, AlarmJob
from mvsnap.webhooks.auth import AlarmSender, sender
from mvsnap.webhooks.badges import swipes_of
from mvsnap.webhooks.event import alarm_event
from mvsnap.webhooks.evidence import evidence, without_snapshots
from mvsnap.webhooks.parse import parse
from mvsnap.webhooks.rules import Defaults, Rule, RuleMatch, choose

log = logging.getLogger(__name__)

bp = Blueprint("hooks", __name__)

_MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class AlarmOrder:
    """One job of an alarm before it is accepted; `notes` are returned to the sender."""

    job_request: JobRequest
    title: str
    notes: tuple[str, ...] = ()


@bp.post("/webhook/<token>")
@auth.hook_token
def receive_with_token() -> ResponseReturnValue:
    return _receive(sender())


@bp.post("/webhook")
@auth.hook_key
def receive() -> ResponseReturnValue:
    return _receive(sender())


@bp.record
def _prepare(state: BlueprintSetupState) -> None:
    found: Gateway = state.app.extensions[context.EXTENSION]
    auth.prepare(state.app, found.settings.webhooks, found.settings.api_keys)


@bp.before_request
def _limit_body() -> None:
    request.max_content_length = MAX_BYTES


def _receive(by: AlarmSender) -> ResponseReturnValue:
    alarm = parse(*_body(request))
    swipes = swipes_of(alarm)
    matches = choose(alarm, _rules(), _defaults(by), is_badge=bool(swipes))
    if not matches and not swipes:
        return _ignored(alarm, by)
    # All are built before the first is accepted: a refusal leaves nothing behind.
    every = [_order(alarm, match, by) for match in matches]
    orders = [
        order for order in every if order.job_request.serials or order.job_request.clips
    ]
    if matches and not orders:
        raise BadInput(params.NO_DASHBOARD)
    for order in orders:
        _require_room(order.job_request)
    badges = keep(swipes, by.caller) if swipes else None
    jobs = _accept(alarm, orders) if orders else []
    for job in jobs:
        log.info("%s from %s is job %s", _short(alarm), by.name, job.id)
    notes = dict.fromkeys(note for order in every for note in order.notes)
    return _accepted(jobs, list(notes), badges)


def _accept(alarm: Alarm, orders: list[AlarmOrder]) -> list[Job]:
    """Store what happened, then the jobs about it; repeating it changes nothing."""
    first, now = orders[0], gateway().clock.now()
    event = alarm_event(
        alarm, first.job_request.job_id(), first.job_request.trigger, now, first.title
    )
    gateway().store.add_event(event)
    return [
        gateway().jobs.accept(replace(order.job_request, about=event.id))
        for order in orders
    ]


def _body(asked: Request) -> tuple[bytes, str]:
    """Return the body with its type; a multipart form as a URL-encoded one."""
    body = asked.get_data(parse_form_data=False)
    if asked.mimetype == "multipart/form-data":
        fields = list(asked.form.items(multi=True))
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"
    return body, asked.content_type or ""


def _rules() -> list[Rule]:
    return [
        Rule(
            rule.name,
            rule.match,
            cameras=rule.cameras,
            room=rule.room,
            title=rule.title,
            actions=rule.actions,
        )
        for rule in gateway().settings.webhooks.rules
        if not rule.badge.configured
    ]


def _defaults(by: AlarmSender) -> Defaults:
    settings, token = gateway().settings, by.token
    records = bool(settings.recorder.cameras)
    usual = ("clip", "snapshot") if records else ("snapshot",)
    return Defaults(
        cameras=token.cameras if token else (),
        room=token.room if token else None,
        actions=(token.actions if token else ()) or usual,
    )


def _order(alarm: Alarm, match: RuleMatch, by: AlarmSender) -> AlarmOrder:
    """Return the job of a rule match; without evidence where there can be none."""
    settings = gateway().settings
    default = tuple(Serial(serial) for serial in settings.meraki.cameras)
    wanted = evidence(match, settings.recorder.serials(), default)
    cameras = (*wanted.serials, *wanted.clips)
    if not cameras:
        raise BadInput(
            "cameras: none is named by the alarm, its rule or token, "
            "meraki.cameras and recorder.cameras are empty"
        )
    by.caller.require_cameras(cameras)
    rooms = settings.recipients.rooms(match.room)
    by.caller.require_rooms(rooms)
    # Its picture is of the camera that raised the alert, and no other; no API key
    # needed.
    picture_url = alarm.image_url if wanted.serials == (alarm.camera,) else None
    if not (settings.meraki.configured or picture_url):
        wanted = without_snapshots(wanted)
    now = gateway().clock.now()
    job_request = JobRequest(
        trigger=Trigger(TriggerKind.WEBHOOK, match.rule or by.name),
        serials=wanted.serials,
        at=moment_to_show(alarm, now),
        rooms=rooms,
        prefix=headline(alarm, match.title),
        clips=wanted.clips,
        picture_url=picture_url,
        idempotency_key=_idempotency_key(alarm, by),
    )
    notes = (doubt(alarm, now), *wanted.notes)
    return AlarmOrder(job_request, match.title, tuple(filter(None, notes)))


def _require_room(job_request: JobRequest) -> None:
    """Refuse a clip over the limit, unless it was accepted before.

    Raises:
        QueueFull
    """
    most = gateway().settings.recorder.queue_size
    for camera in job_request.clips:
        if gateway().clips.unfinished(camera) < most:
            continue
        if gateway().jobs.known(job_request.job_id()) is None:
            gateway().metrics.triggers.labels(job_request.trigger.kind, "refused").inc()
            raise QueueFull(
                f"{most} clips of {camera} are being recorded or waiting "
                "(recorder.queue_size)"
            )


def _idempotency_key(alarm: Alarm, by: AlarmSender) -> str:
    """Return the same text for the same alarm of the same sender.

    A message without a time or id is identical at the next alarm, which must not be
    lost: it counts as a repeat only within the same minute.
    """
    given = request.headers.get("Idempotency-Key", "").strip()
    if len(given) > _MAX_KEY:
        raise BadInput(
            f"Idempotency-Key: {len(given)} characters (expected at most {_MAX_KEY})"
        )
    key = given or alarm.dedup_key
    if not given and not alarm.is_own_key:
        key += f" {gateway().clock.now():%Y-%m-%dT%H:%M}"
    # Includes the sender: one rule may match for two, each with its own cameras.
    return f"webhook {by.name}\n{key}"


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


def _ignored(alarm: Alarm, by: AlarmSender) -> ResponseReturnValue:
    because = alarm.ignored.because if alarm.ignored else ""
    log.info("%s from %s ignored: %s", _short(alarm), by.name, because)
    gateway().metrics.triggers.labels(TriggerKind.WEBHOOK, "ignored").inc()
    return json_response(AlarmIgnored(because), 202)


def _short(alarm: Alarm) -> str:
    """Return the alarm as the log names it."""
    return one_line(f"{alarm.source} alarm {headline(alarm) or alarm.kind!r}", 120)
