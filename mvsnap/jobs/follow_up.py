"""Messages of jobs without a camera: a crowd's end, a clip, a mismatch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mvsnap.clip_model import Clip
from mvsnap.clock import Clock
from mvsnap.core.message_parts import END, clip_part, note_part, opens_thread
from mvsnap.delivery import Letter, Words
from mvsnap.domain import (
    CameraName,
    Delivery,
    DeliveryState,
    Event,
    EventKind,
    Job,
    JobId,
    MessageId,
)
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import RetryPolicy
from mvsnap.jobs.sender import Post, soonest
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files import Files

# How soon to look again whether the message that opens the thread was sent.
_THREAD_LOOK_S = 5.0
_SOON = timedelta(minutes=1)


class FollowUps:
    """clip_bytes: a larger clip is not uploaded; its message has a link."""

    def __init__(
        self,
        store: Store,
        clips: ClipStore,
        files: Files,
        post: Post,
        words: Words,
        clock: Clock,
        patience: RetryPolicy,
        *,
        clip_bytes: int,
    ) -> None:
        self._store = store
        self._clips = clips
        self._files = files
        self._post = post
        self._words = words
        self._clock = clock
        self._patience = patience
        self._clip_bytes = clip_bytes

    def send(self, job: Job) -> float | None:
        """Tell each room what the job is about: an end and a clip in their thread.

        Returns None when nothing is left, else in how many seconds to come again.
        """
        event = self._store.event(job.about) if job.about else None
        if event is None:  # purged meanwhile
            return None
        send_one = {
            EventKind.CLIP: self._send_clip,
            EventKind.MISMATCH: self._send_mismatch,
        }.get(event.kind, self._send_end)
        return soonest([send_one(job, event, room) for room in job.rooms])

    def _send_mismatch(self, job: Job, event: Event, room: str) -> float | None:
        def words(repeat: bool) -> str:
            return self._words.mismatch(job, event, self._clock.now(), repeat=repeat)

        picture = self._files.for_webex(event)
        letter = Letter(event.serial, room, words, picture)
        return self._post.send_or_give_up(job, letter)

    def _send_end(self, job: Job, end: Event, room: str) -> float | None:
        deliveries = self._store.deliveries_of_job(end.job_id)
        opened = deliveries.get((end.serial, room))
        if opened is not None and opened.state is DeliveryState.FAILED:
            return None  # a room that never heard of the crowd needs no end
        if opened is None or opened.state is not DeliveryState.SENT:
            return self._until_opened(job)

        def words(repeat: bool) -> str:
            return self._words.end(job, end, repeat=repeat)

        # Webex has threads of one level: where a note came first, it is the head.
        note = deliveries.get((note_part(end.serial), room))
        parent_id = (note.message_id if note else None) or opened.message_id
        letter = Letter(END, room, words, parent_id=parent_id)
        return self._post.send_or_give_up(job, letter)

    def _send_clip(self, job: Job, event: Event, room: str) -> float | None:
        """Post a clip below what opened the thread; alone where that was given up."""
        opened = self._openers(event.job_id, room)
        head = next(filter(None, map(_sent_id, opened)), None)
        lost = opened and all(d.state is DeliveryState.FAILED for d in opened)
        clip = self._clips.clip(event.id)
        first = self._first_with(job, clip, room)
        is_early = head is None and not lost
        if is_early or (first is not None and not first.is_over):
            wait = self._until_opened(job)
            if wait is not None:
                return wait
        is_same = first is not None and first.state is DeliveryState.SENT
        file = None
        if clip and not is_same:
            file = self._files.clip_for_webex(clip, self._clip_bytes)

        def letter(file: Path | None) -> Letter:
            def words(repeat: bool) -> str:
                return self._words.clip(
                    job,
                    event,
                    is_attached=bool(file),
                    is_same=is_same,
                    is_gone=clip is None or self._files.clip(clip) is None,
                    repeat=repeat,
                )

            part = clip_part(CameraName(event.camera_name))
            return Letter(part, room, words, file, head)

        # Noted with the job that asked for the clip: there people look for it.
        asked = replace(job, id=event.job_id)
        return self._post.send_or_give_up(asked, letter(file), or_else=letter(None))

    def _openers(self, job_id: JobId, room: str) -> list[Delivery]:
        """Return the messages that may open the job's thread, the best one first."""
        ranked = [
            (rank, delivery)
            for (part, where), delivery in self._store.deliveries_of_job(job_id).items()
            if where == room and (rank := opens_thread(part)) is not None
        ]
        return [delivery for _, delivery in sorted(ranked, key=lambda pair: pair[0])]

    def _first_with(self, job: Job, clip: Clip | None, room: str) -> Delivery | None:
        """Return the message that carries the same file to this room already."""
        if clip is None or not clip.shared or clip.path is None:
            return None
        part = clip_part(clip.camera)
        waiting = Delivery(clip.job_id, part, room, DeliveryState.WAITING)
        of_file = self._clips.of_file(clip)
        is_young = self._clock.now() - job.accepted_at < _SOON
        if is_young and all(other.shared for other in of_file):
            return waiting  # the first is about to be finished; or was deleted since
        first = next((other for other in of_file if room in other.rooms), clip)
        if first.id == clip.id:
            return None
        return self._store.deliveries_of_job(first.job_id).get((part, room), waiting)

    def _until_opened(self, job: Job) -> float | None:
        """Return how long to wait for the message to follow; None: it never comes."""
        unsent = UpstreamError("the message it replies to was not sent", retry=True)
        if not self._patience.lasts(job, unsent):
            return None
        # Soon at first; in a long outage as seldom as the first message is tried.
        young = self._clock.now() - job.accepted_at < _SOON
        return _THREAD_LOOK_S if young else self._patience.park_s(job, unsent)


def _sent_id(delivery: Delivery) -> MessageId | None:
    return delivery.message_id if delivery.state is DeliveryState.SENT else None
