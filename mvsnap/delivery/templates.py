"""Texts of messages: templates/messages/KIND.md, filled with the facts of a message."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mvsnap import texts
from mvsnap.clients.webex.text import MAX_MARKDOWN_BYTES, neutralise, shortened
from mvsnap.core.amounts import noun
from mvsnap.core.clip_text import event_title
from mvsnap.core.days import lasting
from mvsnap.core.message_parts import going_to
from mvsnap.core.moments import seconds_off
from mvsnap.core.site_time import to_second
from mvsnap.core.troubles import Trouble
from mvsnap.core.video_links import LINK_FOLLOWS, NO_LINK
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.wording import (
    by_words,
    reference,
    shows_picture,
    trouble_name,
    wanted_of,
)
from mvsnap.domain import Event, EventKind, Job, TriggerKind
from mvsnap.resources import TEMPLATES
from mvsnap.store.notices.groups import NoticeGroup
from mvsnap.texts import _, formats
from mvsnap.texts.sentences import localized

# A message sent later than this after its trigger says so.
_LATE = timedelta(seconds=90)
# Of these, `at` is when it happened; of others, the moment that somebody asked for.
_SAY_WHEN = (TriggerKind.SENSE, TriggerKind.SENSOR, TriggerKind.WEBHOOK)
# Texts of others, in the order in which they give way to links and remarks.
_SHORTENED = (
    *("told", "note", "doubt", "error", "no_link", "lacking", "clips"),
    *("prefix", "by", "camera"),
)
# Where a channel has no room even for their beginnings.
_LEFT_OUT = ("note", "doubt", "no_link", "told")
# Of an alert: an outage of the network is the trouble of every camera.
_MOST_TROUBLES = 10
_TROUBLES_BYTES = 4500
_MOST_LINES = 30
# Of an answer of the bot.
_LINES_BYTES = 6000
_ENDS_LINK = re.compile(r"[\s()<>\[\]\\]")


class MessageTemplates:
    """Texts of messages in markdown, with times in the time zone of their cameras."""

    def __init__(
        self,
        timezone: str,
        prefix: str,
        site: str = "",
        public_url: str | None = None,
        zone_of: Callable[[str], ZoneInfo] | None = None,
        seen_link: Callable[[Message], str | None] = lambda _message: None,
        is_escalated: Callable[[Message], bool] = lambda _message: False,
    ) -> None:
        """public_url: the address of the pages; None: messages do not link to them.

        zone_of: returns the time zone of a camera; None: all have the site's.
        seen_link: returns where people confirm a message that they have to.
        is_escalated: returns whether they get it because others did not.
        """
        self._public_url = public_url
        self._zone_of = zone_of
        self._seen_link = seen_link
        self._is_escalated = is_escalated
        self._zone = ZoneInfo(timezone)
        self._prefix = prefix
        self._site = site
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES / "messages"),
            undefined=StrictUndefined,
            # An upgrade in place must not give a running old process the new templates.
            auto_reload=False,
            autoescape=False,  # markdown: what users typed is escaped by `neutral`
        )
        texts.add_to(self._templates)
        self._templates.filters["neutral"] = neutralise
        self._templates.filters["lasting"] = lasting
        self._templates.filters["tenths"] = formats.tenths
        self._templates.filters["many"] = formats.many
        self._templates.filters["megabytes"] = _megabytes
        self._templates.filters["number"] = _number
        self._templates.filters["noun"] = noun

    def text(
        self,
        message: Message,
        now: datetime,
        *,
        repeat: bool,
        most_bytes: int = MAX_MARKDOWN_BYTES,
    ) -> str:
        """Return the text, shortened where it would be too long: others' words first.

        Links and remarks are never shortened.
        repeat: the message may have been sent before; the text says so.
        most_bytes: what the channel takes.
        """
        template = self._templates.get_template(f"{message.kind.name}.md")
        context = self._context(message, now, repeat=repeat)
        text = template.render(context).strip()
        while context["troubles"] and len(text.encode()) > most_bytes:
            context["troubles"].pop()
            context["more_troubles"] += 1
            text = template.render(context).strip()
        while context["report_lines"] and len(text.encode()) > most_bytes:
            context["report_lines"].pop()
            text = template.render(context).strip()
        for name in _SHORTENED:
            excess = len(text.encode()) - most_bytes
            if excess <= 0:
                break
            context[name] = shortened(context[name], excess)
            text = template.render(context).strip()
        for name in _LEFT_OUT:
            if len(text.encode()) > most_bytes:
                context[name] = context[name][:0]
                text = template.render(context).strip()
        return text

    def _context(
        self, message: Message, now: datetime, *, repeat: bool
    ) -> dict[str, Any]:
        """Return what the templates use; words of others are neutral already."""
        facts = message.facts
        job, event, raised = facts.job, facts.event, facts.raised
        wanted, zone = wanted_of(facts), self._zone_for(message)
        title = event_title(job.prefix, job.trigger)
        prefix = " ".join(text for text in (self._prefix, title) if text)
        details = event.details if event else {}
        return {
            "prefix": neutralise(prefix),
            "by": neutralise(
                " · ".join(filter(None, (by_words(job.trigger), self._site)))
            ),
            "times": job.times,
            "at": _local(wanted, zone),
            "picture": _picture(facts, wanted, zone),
            "delayed": _local(now, zone) if _is_late(job, now) else None,
            # Of kinds that otherwise do not say how late they are.
            "again": _local(now, zone) if job.again_at else None,
            "repeat": repeat,
            "camera": neutralise(event.camera_name if event else facts.camera),
            "error": _stored((event.error if event else facts.error) or ""),
            "told": _told(raised, prefix),
            "note": _note(event),
            "doubt": _stored(raised.details.get("doubt", "")) if raised else "",
            "video_link": _linkable(event.video_link) if event else None,
            "no_link": _stored(details.get(NO_LINK, "")),
            "link_follows": LINK_FOLLOWS in details,
            "details": details,
            "link": self._link(message.kind.page, event),
            "seen_link": self._seen_link(message),
            "is_escalated": self._is_escalated(message),
            "raised": raised,
            "snapshots": len(going_to(message.room, job, job.serials)),
            "clips": neutralise(", ".join(going_to(message.room, job, job.clips))),
            "is_attached": message.file is not None,
            "lacking": _stored(message.lacking),
            "is_same": facts.is_same,
            "is_gone": facts.is_gone,
            **_lines(facts),
            **self._troubles(facts),
            **self._report(facts),
            "group": self._group(facts.group, zone) if facts.group else None,
        }

    def _report(self, facts: Facts) -> dict[str, Any]:
        """Return the lines of a report, and the address of its page."""
        report, url = facts.report, self._public_url
        lines = report.lines[:_MOST_LINES] if report else ()
        return {
            "report_title": neutralise(report.title) if report else "",
            "report_lines": [neutralise(line) for line in lines],
            "report_link": f"{url}{report.path}" if report and url else None,
        }

    def _group(self, group: NoticeGroup, zone: ZoneInfo) -> dict[str, Any]:
        """Return a group's number of messages, and when its first and last were due."""
        first, last = (at or group.ends_at for at in (group.first_at, group.last_at))
        link = None
        if self._public_url is not None:
            camera = quote(group.camera, safe="")
            link = f"{self._public_url}/events?camera={camera}"
        return {
            "messages": group.messages,
            "first": _local(first, zone),
            "last": _local_beside(first, last, zone),
            "link": link if "," not in group.camera else None,
        }

    def _troubles(self, facts: Facts) -> dict[str, Any]:
        """Return a line for each of the first troubles of an alert."""
        found = facts.troubles
        lines = [self._trouble(one) for one in found[:_MOST_TROUBLES]]
        while sum(map(_size_bytes, lines)) > _TROUBLES_BYTES:
            lines.pop()
        return {
            "troubles": lines,
            "more_troubles": len(found) - len(lines),
            "lasts": any(one.ended_at is None for one in found),
            "status_link": f"{self._public_url}/status" if self._public_url else None,
        }

    def _trouble(self, trouble: Trouble) -> dict[str, str]:
        ended = trouble.ended_at
        lasted = (ended - trouble.began_at).total_seconds() if ended else 0.0
        return {
            "name": neutralise(trouble_name(trouble)),
            "text": _stored(trouble.text),
            "advice": _stored(trouble.advice),
            "since": _local(trouble.began_at, self._zone),
            "over": _local(ended, self._zone) if ended else "",
            "lasted": lasting(max(lasted, 0.0)),
        }

    def _zone_for(self, message: Message) -> ZoneInfo:
        """Return that of the message's cameras; the site's if they differ."""
        job, event, of = message.facts.job, message.facts.event, self._zone_of
        if of is None:
            return self._zone
        named = (*job.serials, *job.clips)
        about = [event.serial or event.camera_name] if event else []
        zones = {of(camera) for camera in about or going_to(message.room, job, named)}
        return zones.pop() if len(zones) == 1 else self._zone

    def _link(self, page: str | None, event: Event | None) -> str | None:
        if page is None or event is None or self._public_url is None:
            return None
        return f"{self._public_url}/{page}/{event.id}"


def _picture(facts: Facts, wanted: datetime, zone: ZoneInfo) -> str | None:
    """Return the moment of the picture in words, None if it is the wanted one."""
    event = facts.event
    if event is None or not shows_picture(event):
        return None
    off_s = seconds_off(event.occurred_at, wanted)
    if off_s is None:
        return None
    at = _local_beside(wanted, event.occurred_at, zone)
    about = {"at": at, "length": lasting(abs(off_s)), "reference": reference(facts)}
    if off_s > 0:
        return _("%(at)s, %(length)s after %(reference)s") % about
    return _("%(at)s, %(length)s before %(reference)s") % about


def _megabytes(size: object) -> str:
    """Return the digits that were stored, with the point of the language."""
    return formats.as_written(str(size))


def _number(value: object) -> str:
    """Return a number that was stored as it is written here."""
    if not isinstance(value, int | float):
        return str(value)
    return formats.number(value, 0 if float(value).is_integer() else 1)


def _linkable(link: str | None) -> str | None:
    """Return an address as it may stand in a markdown link: nothing in it ends that."""
    return _ENDS_LINK.sub(lambda found: quote(found[0]), link) if link else None


def _told(raised: Event | None, prefix: str) -> list[str]:
    """Return what an alarm says, except what the first line says already."""
    if raised is None or raised.kind is not EventKind.ALARM:
        return []
    lines = str(raised.details.get("text", "")).splitlines()
    return [neutralise(line) for line in lines if line not in prefix]


def _lines(facts: Facts) -> dict[str, Any]:
    """Return the lines of an answer that a message has room for."""
    lines = [neutralise(line) for line in facts.lines]
    while sum(len(line.encode()) for line in lines) > _LINES_BYTES:
        lines.pop()
    return {"lines": lines, "more_lines": len(facts.lines) - len(lines)}


def _stored(text: object) -> str:
    """Return what was stored, in the language where it is a reason or a known text."""
    return neutralise(localized(text if isinstance(text, str) else str(text)))


def _note(event: Event | None) -> str:
    """Return what is noted of a clip; what a person noted is in their words."""
    note = event.details.get("note", "") if event else ""
    is_ours = event is not None and event.kind is EventKind.CLIP
    return _stored(note) if is_ours else neutralise(str(note))


def _size_bytes(line: dict[str, str]) -> int:
    return sum(len(value.encode()) for value in line.values())


def _is_late(job: Job, now: datetime) -> bool:
    if job.again_at is not None:
        return True
    kind, since = job.trigger.kind, job.accepted_at
    if kind in _SAY_WHEN and job.at is not None:
        since = job.at  # accepted late: after a restart, or its sender was late
    # Whoever asked at a terminal knows how long it took.
    return kind is not TriggerKind.COMMAND and now - since > _LATE


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return to_second(moment, zone)


def _local_beside(other: datetime, moment: datetime, zone: ZoneInfo) -> str:
    """Return the moment without its day, if that is the day of the other one.

    With it in an hour that comes twice: the time alone would seem to go back.
    """
    shown, beside = moment.astimezone(zone), other.astimezone(zone)
    if (shown.date(), shown.utcoffset()) != (beside.date(), beside.utcoffset()):
        return _local(moment, zone)
    return f"{shown:%H:%M:%S}"
