"""Message sender: sends each message of a job once, and records every step."""

from __future__ import annotations

import hashlib
from datetime import datetime

from mvsnap.clients.webex.text import MAX_MARKDOWN_BYTES
from mvsnap.clock import Clock
from mvsnap.delivery.channel import FileLimits, OutgoingMessage
from mvsnap.delivery.channels import Channels
from mvsnap.delivery.evidence_links import EvidenceLinks
from mvsnap.delivery.message import Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import Delivery, DeliveryState, MessageId
from mvsnap.errors import MvsnapError, UpstreamError
from mvsnap.store.events import Store
from mvsnap.texts.wording import Reason

# A message in one of these states may have arrived.
_UNSURE = frozenset({DeliveryState.SENDING, DeliveryState.UNSURE})


class SentMeanwhile(MvsnapError):
    """Another process has sent the message: this one had been silent for long."""

    def __init__(self, message_id: MessageId) -> None:
        super().__init__("sent by another process meanwhile")
        self.message_id = message_id


class MessageSender:
    """Sends each message of a job once, whatever its channel.

    The state "sending" is stored before the message leaves, and "sent" after the
    channel answered. Only a crash between the two, or an answer that never came, can
    lead to a second message; that one says that it may be a repeat.
    """

    def __init__(
        self,
        channels: Channels,
        templates: MessageTemplates,
        store: Store,
        clock: Clock,
        *,
        restored_at: datetime | None = None,
        links: EvidenceLinks | None = None,
        site: str = "",
    ) -> None:
        """restored_at: when a backup was restored; None: never. site: its name."""
        self._channels = channels
        self._templates = templates
        self._store = store
        self._clock = clock
        self._restored_at = restored_at
        self._links = links
        self._site = site

    def limits(self, room: str) -> FileLimits:
        return self._channels.limits(room)

    def send_once(self, message: Message) -> MessageId:
        """Send unless it was sent already; return the message's id.

        Raises:
            UpstreamError: not sent, or the outcome is unknown; stored either way.
        """
        known = self._store.deliveries_of_job(message.job.id).get(
            (message.part, message.room)
        )
        if known and known.state is DeliveryState.SENT and known.message_id:
            return known.message_id
        channel, room = self._channels.find(message.room)
        attempt = _Attempt(
            message,
            self._templates,
            self._store,
            self._clock,
            was_restored=self._is_of_before(message),
        )
        outgoing = self._outgoing(message, room, attempt)
        try:
            with self._channels.noted(message.room):
                message_id = channel.post(outgoing)
        except SentMeanwhile as exc:
            return exc.message_id
        except UpstreamError as exc:
            self._note(message, attempt.failed(exc, known), error=exc.as_reason)
            raise
        self._note(message, DeliveryState.SENT, message_id=message_id)
        return message_id

    def _outgoing(
        self, message: Message, room: str, attempt: _Attempt
    ) -> OutgoingMessage:
        links, facts = self._links, message.facts
        return OutgoingMessage(
            room,
            message.kind.name,
            facts,
            message.file,
            message.parent_id,
            attempt.begin,
            key=_key(message),
            site=self._site,
            links=lambda valid_for: links.of(facts, valid_for) if links else {},
            may_be_repeat=lambda: attempt.is_repeat,
            card=message.card,
        )

    def _is_of_before(self, message: Message) -> bool:
        """Return whether it may have been sent after the restored backup was made."""
        if self._restored_at is None:
            return False
        job, about = message.job, message.job.about
        moments = [job.accepted_at, job.at or job.accepted_at]
        if about is not None and (event := self._store.event(about)) is not None:
            moments.append(event.recorded_at)
        return min(moments) <= self._restored_at

    def _note(
        self,
        message: Message,
        state: DeliveryState,
        *,
        message_id: MessageId | None = None,
        error: Reason | None = None,
    ) -> None:
        self._store.set_delivery(
            message.job.id,
            message.part,
            message.room,
            state,
            self._clock.now(),
            message_id=message_id,
            error=error,
        )


def _key(message: Message) -> str:
    """Return what is the same for all attempts to send one message."""
    text = "\n".join((message.job.id, message.part, message.room))
    return f"msg_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


class _Attempt:
    """One attempt to send a message; `begin` is called right before it leaves.

    Its SentMeanwhile passes through the channel, which has sent nothing then.
    """

    def __init__(
        self,
        message: Message,
        templates: MessageTemplates,
        store: Store,
        clock: Clock,
        *,
        was_restored: bool,
    ) -> None:
        self._message = message
        self._templates = templates
        self._store = store
        self._clock = clock
        self._was_restored = was_restored
        self._has_begun = False
        self.is_repeat = False

    def begin(self, most_bytes: int = MAX_MARKDOWN_BYTES, /) -> str:
        message, now = self._message, self._clock.now()
        before = self._store.begin_delivery(
            message.job.id, message.part, message.room, now
        )
        if before and before.state is DeliveryState.SENT and before.message_id:
            # It was not when this attempt began: this process was frozen, or busy.
            raise SentMeanwhile(before.message_id)
        self._has_begun = True
        self.is_repeat = self._was_restored or (
            before is not None and (before.state in _UNSURE or before.may_have_arrived)
        )
        return self._templates.text(
            message, now, repeat=self.is_repeat, most_bytes=most_bytes
        )

    def failed(self, why: UpstreamError, known: Delivery | None) -> DeliveryState:
        """Return the new state of the message; known: its state before."""
        if not self._has_begun:
            # A message that may have been sent stays so: the next attempt says it is a
            # repeat.
            return known.state if known else DeliveryState.WAITING
        # Once a message may have arrived, no later refusal can undo that.
        is_unsure = why.unsure or self.is_repeat
        return DeliveryState.UNSURE if is_unsure else DeliveryState.WAITING
