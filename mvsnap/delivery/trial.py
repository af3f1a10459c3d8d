"""Test messages: sent at once, and neither stored nor repeated."""

from __future__ import annotations

import uuid

from mvsnap.clients.webex.text import MAX_MARKDOWN_BYTES
from mvsnap.clock import Clock
from mvsnap.delivery.channel import OutgoingMessage
from mvsnap.delivery.channels import Channels
from mvsnap.delivery.kinds import TEST_KIND
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import Job, JobId, Trigger, TriggerKind


class ChannelTrial:
    """site: its name."""

    def __init__(
        self, channels: Channels, templates: MessageTemplates, clock: Clock, site: str
    ) -> None:
        self._channels = channels
        self._templates = templates
        self._clock = clock
        self._site = site

    def send(self, destination: str) -> None:
        """Send one to a channel or room.

        Raises:
            UpstreamError: it was not taken, or nobody knows.
        """
        channel, room = self._channels.find(destination)
        now = self._clock.now()
        job = Job(
            JobId(str(uuid.uuid4())),
            Trigger(TriggerKind.COMMAND, ""),
            serials=(),
            accepted_at=now,
            rooms=(destination,),
        )
        message = Message(TEST_KIND, "", destination, Facts(job))

        def text(most_bytes: int = MAX_MARKDOWN_BYTES, /) -> str:
            return self._templates.text(
                message, now, repeat=False, most_bytes=most_bytes
            )

        outgoing = OutgoingMessage(
            room,
            TEST_KIND.name,
            message.facts,
            None,
            None,
            text,
            key=f"msg_{job.id}",
            site=self._site,
        )
        with self._channels.noted(destination):
            channel.post(outgoing)
