"""Fetches a picture shortly before or after a swipe."""

from __future__ import annotations

import logging
from datetime import timedelta

from mvsnap.badges.model import BadgePictureState, Readers, ask_at, state_of
from mvsnap.badges.near_queue import NearPictures, NearRequest
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import ask_again_s, is_too_old
from mvsnap.photographer import Photographer
from mvsnap.store.files import Files
from mvsnap.texts import N_

log = logging.getLogger(__name__)


class NearFetcher:
    """queue: what is to be fetched."""

    def __init__(
        self,
        queue: NearPictures,
        files: Files,
        photographer: Photographer,
        clock: SystemClock,
    ) -> None:
        self.queue = queue
        self._files = files
        self._photographer = photographer
        self._clock = clock

    def fetch(self, wanted: NearRequest, readers: Readers) -> None:
        """Fetch one picture, or store why there is none and when to retry."""
        near, badge = wanted.near, wanted.badge
        serial = readers.camera_of(badge)
        if serial is None:
            words = N_("No camera is assigned to this reader")
            state = BadgePictureState.NO_CAMERA
            self.queue.not_fetched(near, state, words, None)
            return
        moment = badge.swiped_at + timedelta(seconds=near.offset_s)
        try:
            jpeg = self._photographer.take_past_picture(serial, moment)
        except UpstreamError as exc:
            if not self._clock.stopped:
                self._note(wanted, exc)
            return
        path = self._files.save_picture("badges", near.file_name, moment, jpeg)
        named = self.queue.fetched(near, path)
        for stored in (near.picture_path, path):  # the first was gone
            self._files.settle(stored, named=named)
        log.info("picture %s of a badge event stored", near.file_name)

    def _note(self, wanted: NearRequest, why: UpstreamError) -> None:
        near, now = wanted.near, self._clock.now()
        moment = wanted.badge.swiped_at + timedelta(seconds=near.offset_s)
        is_over = is_too_old(near.asked_at, self._clock)
        age = self._clock.passed_since(moment)
        again_s = ask_again_s(why, near.asks, age, is_over=is_over)
        again_at = None
        if again_s is not None:
            again_at = ask_at(moment, now + timedelta(seconds=again_s))
        self.queue.not_fetched(near, state_of(why), why.message, again_at)
        log.info("no picture %s: %s", near.file_name, why.message)
