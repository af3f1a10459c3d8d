"""Fetches the pictures of badge events: later, a few at a time, each by one worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from mvsnap.badges.model import BadgeEvent, BadgePictureState, Readers, ask_at, state_of
from mvsnap.badges.near_pictures import NearFetcher
from mvsnap.badges.picture_queue import BadgePictures
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import ask_again_s, is_too_old
from mvsnap.photographer import Photographer
from mvsnap.store.files import Files
from mvsnap.texts import N_
from mvsnap.values import replace

log = logging.getLogger(__name__)

# A picture takes a camera some seconds: this many are awaited at once.
_AT_ONCE = 6
# Two calls each: one picture per five calls of the budget leaves more than half of it.
_CALLS_FOR_ONE = 5


class PictureFetcher:
    """worker: the name of this process, the same after a restart.

    requests_per_s: the budget of the Dashboard, of which less than half is used.
    """

    def __init__(
        self,
        pictures: BadgePictures,
        files: Files,
        photographer: Photographer,
        clock: SystemClock,
        *,
        near: NearFetcher,
        worker: str,
        requests_per_s: float,
    ) -> None:
        self._pictures = pictures
        self._near = near
        self._files = files
        self._photographer = photographer
        self._clock = clock
        self._worker = worker
        self._per_s = requests_per_s / _CALLS_FOR_ONE
        self._free = _AT_ONCE
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "badge-picture")
        self._allowed = 1.0
        self._at = clock.monotonic()
        self._newest = False
        self._readers = Readers({})

    def begin(self, readers: Readers) -> None:
        """Take up what was left before a restart.

        readers: of the current settings; a reader not in them keeps its camera.
        """
        self._readers, now = readers, self._clock.now()
        left = self._pictures.release(self._worker, now)
        self._near.queue.release(self._worker, now)
        for reader in self._pictures.readers_given_up():
            if serial := readers.camera(reader):
                left += self._pictures.give_camera(reader, serial, now)
        if left:
            log.info("retrying pictures of %d badge events", left)

    def step(self) -> None:
        """Start to fetch as many of the due pictures as the budget allows."""
        now = self._clock.monotonic()
        grown = (now - self._at) * self._per_s
        self._allowed, self._at = min(self._allowed + grown, float(_AT_ONCE)), now
        with self._lock:
            limit = min(self._free, int(self._allowed))
        if limit < 1:
            return
        now_at = self._clock.now()
        # Somebody waits for these at a page; they are few, see `near_queue`.
        near = self._near.queue.claim(self._worker, now_at, limit)
        for wanted in near:
            self._start(wanted.badge, partial(self._near.fetch, wanted, self._readers))
        limit -= len(near)
        if limit < 1:
            return
        # In turns: a swipe of just now does not wait for a whole imported file, nor the
        # file for an endless stream of swipes.
        self._newest = not self._newest
        due = self._pictures.claim(self._worker, now_at, limit, newest=self._newest)
        for badge in due:
            self._start(badge, partial(self.fetch, badge))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, of: BadgeEvent, fetch: Callable[[], None]) -> None:
        self._allowed -= 1
        with self._lock:
            self._free -= 1
        self._pool.submit(self._run, of, fetch)

    def _run(self, of: BadgeEvent, fetch: Callable[[], None]) -> None:
        try:
            fetch()
        except Exception:
            # The lease expires by itself; then it is retried.
            log.exception("fetching the picture of badge event %s failed", of.id)
        finally:
            with self._lock:
                self._free += 1

    def fetch(self, badge: BadgeEvent) -> None:
        """Fetch one picture, or store why there is none and when to retry."""
        serial = self._readers.camera_of(badge)
        if serial != badge.serial and serial is not None:
            self._pictures.move_to(badge.id, serial)
            badge = replace(badge, serial=serial)
        if badge.serial is None:
            words = N_("No camera is assigned to this reader")
            state = BadgePictureState.NO_CAMERA
            self._pictures.not_fetched(badge.id, state, words, None)
            return
        try:
            found = self._photographer.take_past_snapshot(badge.serial, badge.swiped_at)
        except UpstreamError as exc:
            if not self._clock.stopped:
                self._note(badge, exc)
            return
        path = self._files.save_picture("badges", badge.id, badge.swiped_at, found.jpeg)
        named = self._pictures.fetched(badge.id, path, found.video_link)
        for stored in (badge.picture_path, path):  # the first was gone
            self._files.settle(stored, named=named)
        log.info("picture of badge event %s stored", badge.id)

    def _note(self, badge: BadgeEvent, why: UpstreamError) -> None:
        now = self._clock.now()
        is_over = is_too_old(badge.recorded_at, self._clock)
        age = self._clock.passed_since(badge.swiped_at)
        again_s = ask_again_s(why, badge.asks, age, is_over=is_over)
        again_at = None
        if again_s is not None:
            again_at = ask_at(badge.swiped_at, now + timedelta(seconds=again_s))
        link = None
        if badge.serial is not None and again_at is None:
            link = self._photographer.video_link(badge.serial, badge.swiped_at)
        self._pictures.not_fetched(badge.id, state_of(why), why.message, again_at, link)
        log.info("no picture of badge event %s: %s", badge.id, why.message)
