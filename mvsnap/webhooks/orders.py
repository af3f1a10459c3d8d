"""What is done about the alarms of a request, built before any of it is accepted."""

from __future__ import annotations

from collections.abc import Iterator

from flask import request
from msgspec import Struct

from mvsnap.badges.model import Swipe
from mvsnap.core import params
from mvsnap.domain import Trigger, TriggerKind
from mvsnap.errors import BadInput
from mvsnap.jobs.service import JobRequest
from mvsnap.program import program
from mvsnap.rule_names import token_rule, webhook_rule
from mvsnap.web.context import gateway
from mvsnap.webhooks.alarm import Alarm, doubt, headline, moment_to_show
from mvsnap.webhooks.auth import AlarmSender
from mvsnap.webhooks.badges import swipes_of
from mvsnap.webhooks.evidence import evidence, without_snapshots
from mvsnap.webhooks.rules import IGNORE, Choice, Defaults, Rule, RuleMatch, choose

_MAX_KEY = 255


class AlarmOrder(Struct, frozen=True):
    """One job of an alarm before it is accepted; `notes` are returned to the sender.

    rule: the one by which it is done, "" for the sender's defaults.
    """

    job_request: JobRequest
    title: str
    notes: tuple[str, ...] = ()
    rule: str = ""


class AlarmOrders(Struct, frozen=True):
    """All that one alarm leads to.

    ignored: why it leads to nothing, "" if it does not. matched: names of rules.
    """

    alarm: Alarm
    orders: tuple[AlarmOrder, ...]
    swipes: tuple[Swipe, ...] = ()
    notes: tuple[str, ...] = ()
    ignored: str = ""
    matched: tuple[str, ...] = ()


def orders_of(alarm: Alarm, by: AlarmSender, index: int) -> AlarmOrders:
    """Return what an alarm leads to; index: its place in the request.

    Raises:
        BadInput: nothing can be done about it.
    """
    swipes = tuple(swipes_of(alarm))
    choice: Choice = choose(alarm, rules(), _defaults(by), is_badge=bool(swipes))
    every = [_order(alarm, match, by, index) for match in choice.matches]
    orders = tuple(
        order for order in every if order.job_request.serials or order.job_request.clips
    )
    if every and not orders:
        raise BadInput(params.no_dashboard(program("init")))
    notes = tuple(note for order in every for note in order.notes)
    return AlarmOrders(alarm, orders, swipes, notes, choice.ignored, choice.matched)


def rules() -> Iterator[Rule]:
    """Yield the rules of the settings that are about alarms, not badge events."""
    for rule in gateway().settings.webhooks.rules:
        if not rule.badge.configured:
            yield Rule(
                rule.name,
                rule.match,
                cameras=rule.cameras,
                room=rule.room,
                title=rule.title,
                actions=rule.actions,
            )


def _defaults(by: AlarmSender) -> Defaults:
    settings, token = gateway().settings, by.token
    records = bool(settings.recorder.cameras)
    usual = ("clip", "snapshot") if records else ("snapshot",)
    actions = (token.actions if token else ()) or settings.webhooks.actions
    ignores = IGNORE in actions
    return Defaults(
        cameras=token.cameras if token else (),
        room=token.room if token else None,
        # A rule that says nothing acts as usual: only the rest is ignored.
        actions=usual if ignores or not actions else actions,
        ignores=ignores,
    )


def _order(alarm: Alarm, match: RuleMatch, by: AlarmSender, index: int) -> AlarmOrder:
    """Return the job of a rule match; without evidence where there can be none."""
    settings, organizations = gateway().settings, gateway().organizations
    of = None if alarm.is_test else organizations.of_alert(alarm.organization_id)
    default = organizations.default_cameras(of)
    wanted = evidence(match, settings.recorder.serials(), default)
    cameras = (*wanted.serials, *wanted.clips)
    if not cameras:
        raise BadInput(
            "cameras: none is named by the alarm, its rule or token, "
            "meraki.cameras and recorder.cameras are empty"
        )
    by.caller.require_cameras(cameras)
    to = organizations.rooms(cameras, match.room, otherwise=of)
    by.caller.require_rooms(to.rooms)
    # Its picture is of the camera that raised the alert, and no other; no API key
    # needed.
    picture_url = alarm.image_url if wanted.serials == (alarm.camera,) else None
    if not (settings.asks_meraki or picture_url):
        wanted = without_snapshots(wanted)
    now = gateway().clock.now()
    job_request = JobRequest(
        trigger=Trigger(TriggerKind.WEBHOOK, match.rule or by.name),
        serials=wanted.serials,
        at=moment_to_show(alarm, now),
        rooms=to.rooms,
        camera_rooms=to.apart,
        prefix=headline(alarm, match.title),
        clips=wanted.clips,
        picture_url=picture_url,
        caller=f"{TriggerKind.WEBHOOK} {by.name}",
        rule=_rule(match, by),
        idempotency_key=_idempotency_key(alarm, by, index),
    )
    notes = tuple(filter(None, (doubt(alarm, now), *wanted.notes)))
    return AlarmOrder(job_request, match.title, notes, match.rule)


def _rule(match: RuleMatch, by: AlarmSender) -> str:
    if match.rule:
        return webhook_rule(match.rule)
    return token_rule(by.token.name) if by.token else ""


def _idempotency_key(alarm: Alarm, by: AlarmSender, index: int) -> str:
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
    if given and index:  # the key is that of the request, which has several alarms
        key += f" {index}"
    if not given and not alarm.is_own_key:
        key += f" {gateway().clock.now():%Y-%m-%dT%H:%M}"
    # Includes the sender: one rule may match for two, each with its own cameras.
    return f"webhook {by.name}\n{key}"
