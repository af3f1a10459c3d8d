"""Runs a job: snapshots and clips, each stored and delivered once.

Clips were requested when the job was accepted; only those that a crash left out are
requested here. The clip worker records them and sees to their messages.

Running a job again is harmless: what is already stored is not done again. So the
engine may start it any number of times, and a crash needs no special care.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from mvsnap.clock import SystemClock
from mvsnap.core.progress import JobProgress, PartProgress
from mvsnap.delivery.attachments import Attachments
from mvsnap.delivery.sender import MessageSender
from mvsnap.domain import Job, JobId, PartState
from mvsnap.errors import UpstreamError
from mvsnap.jobs.clip_requests import ask_for_clips
from mvsnap.jobs.late_links import LateLinks
from mvsnap.jobs.notices import JobNotices
from mvsnap.jobs.progress import stored_progress
from mvsnap.jobs.retry import RepeatLimit, RetryPolicy
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.sender import RetryingSender
from mvsnap.jobs.snapshots import JobSnapshots
from mvsnap.jobs.stores import JobStores
from mvsnap.jobs.threaded_replies import ThreadedReplies
from mvsnap.jobs.threads import DelayNotice, Heads, Threads
from mvsnap.jobs.waits import Wait, soonest
from mvsnap.logs.job import JobThreads
from mvsnap.metrics import Metrics
from mvsnap.photographer import Cameras

if TYPE_CHECKING:
    from mvsnap.delivery.buttons import MessageButtons


# Where nothing runs again to fetch a link later, each camera has a thread for it.
_LINKS_AT_ONCE, _LINKS_OF_A_COMMAND = 8, 200


class JobRunner:
    """is_rerun: False where nothing runs an unfinished job again (a command).

    most_repeating: jobs that may hold their place while they repeat a call for a
        picture; further ones are deferred when it fails. None: any number.
    on_told: called when every room has its messages, but for late video links.
    notices: decides which rooms are notified now; None: all of them.
    """

    def __init__(
        self,
        stores: JobStores,
        cameras: Cameras,
        sender: MessageSender,
        rooms: Rooms,
        clock: SystemClock,
        metrics: Metrics,
        *,
        is_rerun: bool = True,
        most_repeating: int | None = None,
        on_told: Callable[[JobId], None] = lambda _job_id: None,
        notices: JobNotices | None = None,
        buttons: MessageButtons | None = None,
    ) -> None:
        self._stores = stores
        self._notices = notices
        self._cameras = cameras
        # Of all jobs: a link that finds no thread in time follows later.
        links = _LINKS_AT_ONCE if is_rerun else _LINKS_OF_A_COMMAND
        self._links_pool = JobThreads(links, "video-link")
        self._policy = RetryPolicy(clock, is_rerun=is_rerun)
        self._snapshots = JobSnapshots(
            *(stores, cameras, self._policy, rooms, clock, metrics),
            RepeatLimit(most_repeating),
        )
        retrying_sender = RetryingSender(
            sender, stores.events, self._policy, rooms, clock, metrics
        )
        self._on_told = on_told
        self._links = LateLinks(
            stores.events, cameras.photographer, retrying_sender, self._policy, clock
        )
        attachments = Attachments(stores.files, stores.clips, sender.limits)
        self._threads = Threads(stores.events, attachments, retrying_sender, buttons)
        self._replies = ThreadedReplies(
            stores, attachments, retrying_sender, self._policy, clock, buttons
        )

    def progress(self, job: Job) -> JobProgress:
        return stored_progress(self._stores.events, job)

    def run(self, job: Job) -> Wait | None:
        """Do what remains of the job.

        Returns None when nothing remains, else what it waits for.
        """
        ask_for_clips(job, self._stores.events, self._stores.clips)
        if self._notices is not None:
            job = self._notices.admitted(job)
        wait = self._run_parts(job) if job.serials else self._send_rest(job)
        if wait is None:
            # Whoever waits for the job need not wait for its links.
            self._on_told(job.id)
        return soonest([wait, self._links.send(job)])

    def _send_rest(self, job: Job) -> Wait | None:
        send = self._threads.open if job.clips else self._replies.send
        return send(job)

    def _run_parts(self, job: Job) -> Wait | None:
        parts = self.progress(job).parts
        # What had failed is tried again; what was told is not told again.
        is_left = (PartState.PENDING,) if job.again_at is None else tuple(PartState)
        left = [part for part in parts if part.state in is_left]
        if not left:
            return None
        # A part waits for its messages, and those for the heads of their threads: with
        # a thread per part, none blocks another forever. The last part and the last
        # room have the thread of the job: most jobs have one of each.
        rooms = len(job.rooms)
        workers = rooms + len(left) * (1 + rooms)
        with JobThreads(workers, f"job-{job.id[:8]}") as pool:
            heads = self._threads.open_threads(job, pool)
            *others, last = left
            runs = [
                pool.submit(self._run_part, job, part, heads, pool) for part in others
            ]
            waits = [self._run_part(job, last, heads, pool)]
            waits += [run.result() for run in runs]
        return soonest(waits)

    def _run_part(
        self, job: Job, part: PartProgress, heads: Heads, pool: Executor
    ) -> Wait | None:
        serial = part.serial
        try:
            event = self._snapshots.kept(job, part.event) or self._snapshots.take(
                job, serial, self._links_pool
            )
        except UpstreamError as exc:
            first = self._snapshots.first(job, serial, exc)
            if self._policy.allows_retry(job, exc):
                name = self._cameras.names.name(serial)
                notice = DelayNotice(serial, name, exc.message, first)
                self._threads.post_delay_notice(job, notice, heads)
                return self._snapshots.wait(job, serial, exc)
            event = part.event or self._snapshots.give_up(job, serial, exc, first)
        return self._threads.deliver(job, event, heads, pool)
