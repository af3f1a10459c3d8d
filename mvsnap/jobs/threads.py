"""The messages of a job: to every room, in its thread, each once.

What one room refuses does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Executor, Future

from mvsnap.clock import Clock
from mvsnap.core.message_parts import HEAD, note_part
from mvsnap.delivery import Letter, Words
from mvsnap.domain import Event, EventKind, Job, JobId, MessageId, Serial
from mvsnap.errors import UpstreamError
from mvsnap.jobs.sender import Post, soonest
from mvsnap.store.events import Store
from mvsnap.store.files import Files

log = logging.getLogger(__name__)

# The message that opens the thread of each room, when there is one.
Heads = Mapping[str, Future[MessageId]]


class Mailing:
    def __init__(
        self, store: Store, files: Files, post: Post, words: Words, clock: Clock
    ) -> None:
        self._store = store
        self._files = files
        self._post = post
        self._words = words
        self._clock = clock

    def open_threads(self, job: Job, pool: Executor) -> Heads:
        """Several cameras of one trigger make one thread in each room."""
        if len(job.serials) < 2:
            return {}
        raised = self._about(job)
        return {
            room: pool.submit(self._post.send, job, self._head(job, raised, room))
            for room in job.rooms
        }

    def open(self, job: Job) -> float | None:
        """Tell of a job without pictures; its clips follow in the same thread.

        Returns None when nothing is left, else in how many seconds to come again.
        """
        raised = self._about(job)
        letters = [self._head(job, raised, room) for room in job.rooms]
        return soonest(self._post.send_or_give_up(job, letter) for letter in letters)

    def deliver(
        self, job: Job, event: Event, heads: Heads, pool: Executor
    ) -> float | None:
        """Send the event to every room that has no message of it yet.

        Returns None when nothing is left, else in how many seconds to come again.
        """
        raised = self._about(job)
        sends = [
            pool.submit(self._deliver, job, event, raised, room, heads.get(room))
            for room in job.rooms
        ]
        return soonest([send.result() for send in sends])

    def say_that_it_follows(
        self, job: Job, serial: Serial, name: str, heads: Heads, why: UpstreamError
    ) -> None:
        """Tell people now that the picture is late; best effort, once."""

        def words(repeat: bool) -> str:
            return self._words.note(job, name, why.message, repeat=repeat)

        for room in job.rooms:
            try:
                head = heads[room].result() if room in heads else None
            except UpstreamError as exc:
                log.warning("could not post that a picture is delayed: %s", exc.message)
            else:
                letter = Letter(note_part(serial), room, words, parent_id=head)
                self._post.try_once(job, letter)

    def _deliver(
        self,
        job: Job,
        event: Event,
        raised: Event | None,
        room: str,
        head: Future[MessageId] | None,
    ) -> float | None:
        if head is not None and raised and raised.kind is EventKind.ALARM:
            raised = None  # the head of the thread has told it

        def words(repeat: bool) -> str:
            now = self._clock.now()
            return self._words.snapshot(job, event, now, raised=raised, repeat=repeat)

        try:
            parent_id = (
                head.result() if head else self._note_id(job.id, event.serial, room)
            )
        except UpstreamError as exc:
            if head is not None:  # a clip need not wait for it
                self._post.park_or_give_up(job, HEAD, room, exc)
            return self._post.park_or_give_up(job, event.serial, room, exc)
        picture = self._files.for_webex(event)
        letter = Letter(event.serial, room, words, picture, parent_id)
        return self._post.send_or_give_up(job, letter)

    def _head(self, job: Job, raised: Event | None, room: str) -> Letter:
        def words(repeat: bool) -> str:
            return self._words.head(job, raised=raised, repeat=repeat)

        return Letter(HEAD, room, words)

    def _note_id(self, job_id: JobId, serial: Serial, room: str) -> MessageId | None:
        known = self._store.deliveries_of_job(job_id)
        note = known.get((note_part(serial), room))
        return note.message_id if note else None

    def _about(self, job: Job) -> Event | None:
        return self._store.event(job.about) if job.about else None
