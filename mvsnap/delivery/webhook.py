"""Webhook: each message as JSON to an address, signed as Standard Webhooks.

Source: the specification at standardwebhooks.com. `webhook-id` is the same for every
attempt, so that a receiver can drop what it has already.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from mvsnap.clients import outgoing
from mvsnap.clock import iso
from mvsnap.config.channels import ChannelEntry
from mvsnap.config.values import Secret, SecretUrl
from mvsnap.core.troubles import Trouble
from mvsnap.delivery.channel import ChannelKind, FileLimits, OutgoingMessage
from mvsnap.domain import Event, MessageId
from mvsnap.store.notices.groups import NoticeGroup
from mvsnap.texts.channel_wordings import THE_WEBHOOK
from mvsnap.texts.reasons import code_of
from mvsnap.values import asdict

_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64  # bytes of a secret, by the specification
# Shorter than any limit of receivers, 20 KB by the specification.
_TEXT_BYTES = 7000


def _signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value().removeprefix(_PREFIX)
    try:
        size = len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not _LEAST <= size <= _MOST:
        raise ValueError(f"expected {_PREFIX} and {_LEAST} to {_MOST} bytes in base64")
    return secret


class WebhookEntry(ChannelEntry):
    kind: Literal["webhook"] = Field(
        "webhook", description="a program that receives each message as JSON"
    )
    url: SecretUrl = Field(description="address that takes a POST; a secret")
    secret: Annotated[Secret, AfterValidator(_signing_secret)] = Field(
        description="signs each message as Standard Webhooks: whsec_ and base64"
    )
    links_valid_h: float = Field(
        24, gt=0, le=8760, description="hours after which links to files expire"
    )


class WebhookChannel:
    limits = FileLimits(picture_bytes=0, clip_bytes=0)

    def __init__(self, entry: WebhookEntry) -> None:
        self._whose = THE_WEBHOOK(name=entry.name)
        self._url = entry.url.get_secret_value()
        self._secret = entry.secret.get_secret_value()
        self._links_valid = timedelta(hours=entry.links_valid_h)

    def post(self, message: OutgoingMessage) -> MessageId:
        # Imported only where a webhook is used.
        from standardwebhooks import Webhook

        signing, now = Webhook(self._secret), datetime.now(UTC)
        links = dict(message.links(self._links_valid))
        expires_at = iso(now + self._links_valid) if links else None
        text = message.begin_sending(_TEXT_BYTES)
        data = _data(message, text) | {"links": links, "links_expire_at": expires_at}
        about = {"type": f"mvsnap.{message.kind}", "timestamp": iso(now), "data": data}
        body = json.dumps(about, ensure_ascii=False)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signing.sign(message.key, now, body),
        }
        outgoing.deliver(self._whose, self._url, body.encode(), headers, self._secret)
        return MessageId(message.key)

    def check(self) -> str:
        return outgoing.reached(self._whose, self._url)


def _data(message: OutgoingMessage, text: str) -> dict[str, Any]:
    """Return what the message is about; `thread`: the id of the message it replies to.

    `text` is markdown, as people get it.
    """
    facts = message.facts
    job, event, raised = facts.job, facts.event, facts.raised
    error = event.error if event else facts.error
    return {
        "id": message.key,
        "thread": message.parent_id,
        "may_be_repeat": message.may_be_repeat(),
        "site": message.site,
        "text": text,
        "job": {
            "id": job.id,
            "accepted_at": iso(job.accepted_at),
            "trigger": {"kind": job.trigger.kind, "by": job.trigger.by},
            "prefix": job.prefix,
            "times": job.times,
        },
        "event": _event(event) if event else None,
        "about": _event(raised) if raised else None,
        "camera": event.camera_name if event else facts.camera,
        "error": error or None,
        "error_code": code_of(error),
        "video_link": event.video_link if event else None,
        "troubles": [_trouble(trouble) for trouble in facts.troubles],
        "report": asdict(facts.report) if facts.report else None,
        "group": _group(facts.group) if facts.group else None,
    }


def _group(group: NoticeGroup) -> dict[str, Any]:
    first, last = group.first_at, group.last_at
    return {
        "messages": group.messages,
        "first_at": iso(first) if first else None,
        "last_at": iso(last) if last else None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "occurred_at": iso(event.occurred_at),
        "serial": event.serial or None,
        "camera_name": event.camera_name,
        "title": event.title,
        "zone": event.zone_name or None,
        "details": event.details,
    }


def _trouble(trouble: Trouble) -> dict[str, Any]:
    return {
        "name": trouble.name,
        "kind": trouble.kind,
        "text": trouble.text,
        "began_at": iso(trouble.began_at),
        "ended_at": iso(trouble.ended_at) if trouble.ended_at else None,
    }


CHANNEL = ChannelKind("webhook", WebhookEntry, WebhookChannel)
