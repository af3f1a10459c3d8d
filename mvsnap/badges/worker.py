"""The worker's rounds for badge events: pictures, mismatches; directory, photos.

Not jobs of the engine: a thousand imported rows would be a thousand workflows that are
deferred for minutes, and its queue would be full for triggers that are urgent.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mvsnap.badges.alerts import Jobs, MismatchNotifier
from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.badges.directory_store import DirectoryStore
from mvsnap.badges.directory_sync import DirectoryReader
from mvsnap.badges.model import Readers
from mvsnap.badges.picture_queue import BadgePictures
from mvsnap.badges.pictures import PictureFetcher
from mvsnap.badges.store import BadgeStore
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.photographer import CameraNames, Photographer
from mvsnap.store.events import Store
from mvsnap.store.files import Files

log = logging.getLogger(__name__)

_EVERY_S = 2.0
_PHOTOS_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class BadgeStores:
    badges: BadgeStore
    pictures: BadgePictures
    directory: DirectoryStore
    events: Store
    files: Files


@dataclass(frozen=True, slots=True)
class BadgeSteps:
    """pictures: None without a Dashboard to ask."""

    directory: DirectoryReader
    notifier: MismatchNotifier
    pictures: PictureFetcher | None
    readers: Readers


class BadgeLoop:
    """Two threads of its own; what fails in one round may work in the next.

    The directory has one for itself: no server of others keeps pictures and alerts.
    """

    def __init__(self, steps: BadgeSteps, clock: SystemClock) -> None:
        self._steps = steps
        self._clock = clock
        self._photos_at = float("-inf")
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("badges", self._run), ("directory", self._run_directory))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        if self._steps.pictures is not None:
            self._steps.pictures.close()

    def _run(self) -> None:
        pictures = self._steps.pictures
        began = pictures is None
        while not self._clock.stopped:
            if pictures is not None and not began:
                begin = partial(pictures.begin, self._steps.readers)
                began = self._try("beginning", begin)
            self._try("mismatches", self._steps.notifier.step)
            if pictures is not None:
                self._try("pictures", pictures.step)
            self._clock.sleep(_EVERY_S)

    def _run_directory(self) -> None:
        while not self._clock.stopped:
            self._try("directory", self._steps.directory.step)
            self._try("photos", self._photos)
            self._clock.sleep(_EVERY_S)

    def _photos(self) -> None:
        now_s = self._clock.monotonic()
        if now_s >= self._photos_at:
            more = self._steps.directory.fetch_photos()
            self._photos_at = now_s + (0 if more else _PHOTOS_EVERY_S)

    def _try(self, what: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception:
            # The next round may work; a dead loop would never come back.
            if not self._clock.stopped:
                log.exception("%s of badge events failed", what)
            return False
        return True


def make_loop(
    settings: Settings,
    stores: BadgeStores,
    photographer: Photographer,
    names: CameraNames,
    jobs: Jobs,
    clock: SystemClock,
    worker: str,
) -> BadgeLoop:
    """worker: names this process, in its next life too."""
    ours, meraki = settings.badges, settings.meraki
    can_post = settings.webex.bot_token is not None
    client = DirectoryClient(ours.photo_hosts)
    notifier = MismatchNotifier(
        stores.badges,
        stores.events,
        stores.files,
        names,
        jobs,
        clock,
        room=ours.mismatch_room if can_post else None,
    )
    pictures = PictureFetcher(
        stores.pictures,
        stores.files,
        photographer,
        clock,
        worker=worker,
        requests_per_s=meraki.requests_per_s,
    )
    steps = BadgeSteps(
        directory=DirectoryReader(
            stores.directory, stores.files, client, clock, place=ours.directory
        ),
        notifier=notifier,
        pictures=pictures if meraki.configured else None,
        readers=Readers(ours.camera_of_reader),
    )
    return BadgeLoop(steps, clock)
