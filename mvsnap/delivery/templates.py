"""Texts of messages: templates/messages/KIND.md, filled with the facts of a message."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mvsnap.clients.webex.client import neutralise
from mvsnap.core.days import lasting
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import Event, Job, TriggerKind
from mvsnap.resources import TEMPLATES

# A message sent later than this after its trigger says so.
_LATE = timedelta(seconds=90)


class MessageTemplates:
    """Texts of messages in markdown, with times in the site's time zone."""

    def __init__(
        self,
        timezone: str,
        prefix: str,
        site: str = "",
        public_url: str | None = None,
    ) -> None:
        """public_url: the address of the pages; None: messages do not link to them."""
        self._public_url = public_url
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
        self._templates.filters["neutral"] = neutralise
        self._templates.filters["lasting"] = lasting

    def text(self, message: Message, now: datetime, *, repeat: bool) -> str:
        """repeat: the message may have been sent before; the text says so."""
        facts = message.facts
        job, event, raised = facts.job, facts.event, facts.raised
        template = self._templates.get_template(f"{message.kind.name}.md")
        return template.render(
            prefix=" ".join(text for text in (self._prefix, job.prefix) if text),
            by=" · ".join(text for text in (job.trigger.by, self._site) if text),
            at=self._local(_moment(facts)),
            delayed=self._local(now) if _is_late(job, now) else None,
            repeat=repeat,
            camera=event.camera_name if event else facts.camera,
            error=event.error if event else facts.error,
            video_link=event.video_link if event else None,
            details=event.details if event else {},
            link=self._link(message.kind.page, event),
            raised=raised,
            snapshots=len(job.serials),
            clips=job.clips,
            is_attached=message.file is not None,
            is_same=facts.is_same,
            is_gone=facts.is_gone,
        ).strip()

    def _link(self, page: str | None, event: Event | None) -> str | None:
        if page is None or event is None or self._public_url is None:
            return None
        return f"{self._public_url}/{page}/{event.id}"

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S %Z}"


def _moment(facts: Facts) -> datetime:
    """Return the moment that the message is about."""
    shown = facts.raised or facts.event
    return shown.occurred_at if shown else facts.job.at or facts.job.accepted_at


def _is_late(job: Job, now: datetime) -> bool:
    # Whoever asked at a terminal knows how long it took.
    return job.trigger.kind is not TriggerKind.COMMAND and now - job.accepted_at > _LATE
