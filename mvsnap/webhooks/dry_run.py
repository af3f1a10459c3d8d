"""What a message would lead to, found by the rules that hold, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from mvsnap.errors import MvsnapError
from mvsnap.values import replace
from mvsnap.web.context import gateway
from mvsnap.webhooks.alarm import Alarm, AlarmSource, headline
from mvsnap.webhooks.auth import AlarmSender
from mvsnap.webhooks.orders import AlarmOrder, orders_of
from mvsnap.webhooks.parse import parse
from mvsnap.webhooks.rule_report import RuleReport, rule_report
from mvsnap.webhooks.severity import severity

_SOURCES = {
    AlarmSource.IXON: "IXON Cloud",
    AlarmSource.MERAKI: "Meraki",
    AlarmSource.OTHER: "any machine (JSON or form)",
}


class DryJob(Struct, frozen=True):
    """A job that would be made. rule: "" for the defaults of the sender.

    at: the moment that its pictures would show, None: now. rooms: where its message
    would go. apart: the rooms of each camera, if they are not all the same. is_known:
    the same message was received before, so nothing new would happen.
    """

    rule: str
    title: str
    serials: Sequence[str]
    clips: Sequence[str]
    rooms: Sequence[str]
    apart: Sequence[tuple[str, Sequence[str]]]
    at: datetime | None
    is_known: bool
    notes: Sequence[str]


class DryRun(Struct, frozen=True):
    """One alarm of a message. ignored, refused: why nothing would be done, or "".

    badges: how many badge events would be stored.
    """

    facts: Sequence[tuple[str, str]]
    occurred_at: datetime | None
    texts: Sequence[str]
    rules: Sequence[RuleReport]
    jobs: Sequence[DryJob] = ()
    ignored: str = ""
    refused: str = ""
    badges: int = 0


def dry_run(body: bytes, by: AlarmSender) -> list[DryRun]:
    """Return what a message of this sender would lead to, for each of its alarms.

    Raises:
        BadInput: it would be refused as a whole.
    """
    return [_of(alarm, by, index) for index, alarm in enumerate(parse(body))]


def _of(alarm: Alarm, by: AlarmSender, index: int) -> DryRun:
    rules = [
        rule_report(rule.name, rule.match, alarm.payload)
        for rule in gateway().settings.webhooks.rules
    ]
    plain = DryRun(_facts(alarm), alarm.occurred_at, alarm.texts, rules)
    try:
        found = orders_of(alarm, by, index)
    except MvsnapError as exc:  # as the sender would be answered
        return replace(plain, refused=exc.message)
    jobs = [_job(alarm, order) for order in found.orders]
    return replace(plain, jobs=jobs, ignored=found.ignored, badges=len(found.swipes))


def _facts(alarm: Alarm) -> list[tuple[str, str]]:
    level = severity(alarm)
    facts = (
        ("Read as", _SOURCES[alarm.source]),
        ("Title", headline(alarm)),
        ("Kind", alarm.kind),
        ("Severity", level.value if level else ""),
        ("Device", alarm.device),
        ("Serial", alarm.device_serial),
        ("Network", alarm.network),
        ("Camera", alarm.camera or ""),
        ("Time as sent", alarm.time_text),
    )
    return [(name, text) for name, text in facts if text]


def _job(alarm: Alarm, order: AlarmOrder) -> DryJob:
    wanted = order.job_request
    return DryJob(
        rule=order.rule,
        title=headline(alarm, order.title),
        serials=wanted.serials,
        clips=wanted.clips,
        rooms=wanted.rooms,
        apart=wanted.camera_rooms,
        at=wanted.at,
        is_known=gateway().jobs.known(wanted.job_id()) is not None,
        notes=order.notes,
    )
