"""Delivery to Webex: the words, the room, the thread, and each message only once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mvsnap.clients.webex.client import Webex, fit, neutralise
from mvsnap.clock import Clock
from mvsnap.core.days import lasting
from mvsnap.domain import DeliveryState, Event, Job, MessageId, TriggerKind
from mvsnap.errors import UpstreamError
from mvsnap.resources import TEMPLATES
from mvsnap.store.events import Store

log = logging.getLogger(__name__)

# A message that comes later than this after its trigger says so.
_LATE = timedelta(seconds=90)


class Words:
    """Texts of messages, from templates/messages, in the site's time zone."""

    def __init__(
        self,
        timezone: str,
        prefix: str,
        site: str = "",
        public_url: str | None = None,
    ) -> None:
        """public_url: where people reach the pages; None: no links to them."""
        self._public_url = public_url
        self._zone = ZoneInfo(timezone)
        self._prefix = prefix
        self._site = site
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES / "messages"),
            undefined=StrictUndefined,
            # An upgrade in place must not give an old process new words.
            auto_reload=False,
            autoescape=False,  # markdown: what users typed goes through `neutral`
        )
        self._templates.filters["neutral"] = neutralise
        self._templates.filters["lasting"] = lasting

    def head(self, job: Job, *, raised: Event | None = None, repeat: bool) -> str:
        """raised: the alarm or crowd that the pictures and clips are about."""
        moment = raised.occurred_at if raised else job.at or job.accepted_at
        return self._render(
            "head",
            job,
            at=self._local(moment),
            snapshots=len(job.serials),
            clips=job.clips,
            raised=raised,
            repeat=repeat,
        )

    def clip(
        self,
        job: Job,
        event: Event,
        *,
        is_attached: bool,
        is_same: bool,
        is_gone: bool,
        repeat: bool,
    ) -> str:
        """is_attached: the video goes along; is_same: it was sent to the room before.

        is_gone: it was deleted meanwhile.

        event: the clip's; its `details` are those of `core.clip_words.details`.
        """
        link = f"{self._public_url}/clips/{event.id}" if self._public_url else None
        return self._render(
            "clip",
            job,
            camera=event.camera_name,
            at=self._local(event.occurred_at),
            details=event.details,
            error=event.error,
            link=link,
            is_attached=is_attached,
            is_same=is_same,
            is_gone=is_gone,
            repeat=repeat,
        )

    def snapshot(
        self,
        job: Job,
        event: Event,
        now: datetime,
        *,
        raised: Event | None = None,
        repeat: bool,
    ) -> str:
        """raised: the crowd or alarm that the picture is about."""
        late = job.trigger.kind is not TriggerKind.COMMAND and (
            now - job.accepted_at > _LATE
        )
        return self._render(
            raised.kind if raised else "snapshot",
            job,
            camera=event.camera_name,
            at=self._local((raised or event).occurred_at),
            raised=raised,
            error=event.error,
            video_link=event.video_link,
            delayed=self._local(now) if late else None,
            repeat=repeat,
        )

    def end(self, job: Job, end: Event, *, repeat: bool) -> str:
        at = self._local(end.occurred_at)
        return self._render(
            "end", job, camera=end.camera_name, at=at, end=end, repeat=repeat
        )

    def mismatch(self, job: Job, event: Event, now: datetime, *, repeat: bool) -> str:
        late = now - job.accepted_at > _LATE
        return self._render(
            "mismatch",
            job,
            camera=event.camera_name,
            at=self._local(event.occurred_at),
            about=event.details,
            error=event.error,
            video_link=event.video_link,
            delayed=self._local(now) if late else None,
            repeat=repeat,
        )

    def note(self, job: Job, camera: str, error: str, *, repeat: bool) -> str:
        moment = self._local(job.at or job.accepted_at)
        return self._render(
            "note", job, camera=camera, at=moment, error=error, repeat=repeat
        )

    def _render(self, name: str, job: Job, **values: object) -> str:
        prefix = " ".join(text for text in (self._prefix, job.prefix) if text)
        by = " · ".join(text for text in (job.trigger.by, self._site) if text)
        text = self._templates.get_template(f"{name}.md").render(
            prefix=prefix, by=by, **values
        )
        return fit(text.strip())

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S %Z}"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a job to one room. `words` is told whether it may be a repeat.

    file: a picture or a clip that goes along.
    """

    part: str
    room: str
    words: Callable[[bool], str]
    file: Path | None = None
    parent_id: MessageId | None = None


class Courier:
    """Sends each message of a job once, and notes every step in the store.

    The note "sending" is written before the message leaves and "sent" after Webex
    answered. Only a crash between the two, or an answer that never came, can lead to a
    second message; that one says that it may be a repeat.
    """

    def __init__(self, webex: Webex, store: Store, clock: Clock) -> None:
        self._webex = webex
        self._store = store
        self._clock = clock

    def send_once(self, job: Job, letter: Letter) -> MessageId:
        """Send unless it was sent already; return the message's id.

        Raises:
            UpstreamError: not sent, or nobody knows; noted in the store.
        """
        room = letter.room
        known = self._store.deliveries_of_job(job.id).get((letter.part, room))
        if known and known.state is DeliveryState.SENT and known.message_id:
            return known.message_id
        try:
            to = self._webex.resolve(room)
        except UpstreamError as exc:
            # What may have been sent stays so: the next try must say it is a repeat.
            state = known.state if known else DeliveryState.WAITING
            self._note(job, letter, state, error=exc.message)
            raise
        now = self._clock.now()
        before = self._store.begin_delivery(job.id, letter.part, room, now)
        unsure = {DeliveryState.SENDING, DeliveryState.UNSURE}
        repeat = before is not None and before.state in unsure
        try:
            message_id = self._webex.post(
                to,
                letter.words(repeat),
                file=letter.file,
                parent_id=letter.parent_id,
            )
        except UpstreamError as exc:
            # Once a message may have arrived, no later refusal can undo that.
            state = DeliveryState.WAITING
            if exc.unsure or repeat:
                state = DeliveryState.UNSURE
            self._note(job, letter, state, error=exc.message)
            raise
        self._note(job, letter, DeliveryState.SENT, message_id=message_id)
        return message_id

    def _note(
        self,
        job: Job,
        letter: Letter,
        state: DeliveryState,
        *,
        message_id: MessageId | None = None,
        error: str | None = None,
    ) -> None:
        self._store.set_delivery(
            job.id,
            letter.part,
            letter.room,
            state,
            self._clock.now(),
            message_id=message_id,
            error=error,
        )
