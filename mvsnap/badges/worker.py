"""The worker's rounds for badge events: pictures, mismatches; directory, photos.

Not jobs of the engine: a thousand imported rows would be a thousand workflows deferred
for minutes, and fill the queue that urgent triggers need.
"""

from __future__ import annotations

from msgspec import Struct

from mvsnap.badges.alerts import JobQueue, MismatchNotifier
from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.badges.directory_store import DirectoryStore
from mvsnap.badges.directory_sync import DirectoryReader
from mvsnap.badges.model import Readers
from mvsnap.badges.near_pictures import NearFetcher
from mvsnap.badges.near_queue import NearPictures
from mvsnap.badges.picture_queue import BadgePictures
from mvsnap.badges.pictures import PictureFetcher
from mvsnap.badges.store import BadgeStore
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.loop import Chores, Loop, stop_all
from mvsnap.photographer import CameraNames, Photographer
from mvsnap.store.database import OUTAGES
from mvsnap.store.events import Store
from mvsnap.store.files import Files

_EVERY_S = 2.0
_PHOTOS_EVERY_S = 10.0
_STOP_S = 1.0


class BadgeStores(Struct, frozen=True):
    badges: BadgeStore
    pictures: BadgePictures
    directory: DirectoryStore
    near: NearPictures
    events: Store
    files: Files


class BadgeSteps(Struct, frozen=True):
    """pictures: None without a Dashboard to fetch from."""

    directory: DirectoryReader
    notifier: MismatchNotifier
    pictures: PictureFetcher | None
    readers: Readers


class BadgeLoop:
    """Two threads of its own; what fails in one round may work in the next.

    The directory has a separate one: a slow server must not delay pictures and alerts.
    """

    def __init__(self, steps: BadgeSteps, clock: SystemClock) -> None:
        self._steps = steps
        self._has_begun = False
        badges, directory = Chores(clock, OUTAGES), Chores(clock, OUTAGES)
        if steps.pictures is not None:
            badges.add("taking up badge pictures", self._begin)
        badges.add("badge mismatches", steps.notifier.step)
        if steps.pictures is not None:
            badges.add("badge pictures", steps.pictures.step)
        directory.add("badge directory", steps.directory.step)
        directory.add("badge photos", self._fetch_photos, _PHOTOS_EVERY_S)
        self._loops = (
            Loop("badges", badges, _EVERY_S, clock),
            Loop("directory", directory, _EVERY_S, clock),
        )

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        stop_all(self._loops, _STOP_S)
        if self._steps.pictures is not None:
            self._steps.pictures.close()

    def _begin(self) -> None:
        if self._steps.pictures is not None and not self._has_begun:
            self._steps.pictures.begin(self._steps.readers)
            self._has_begun = True

    def _fetch_photos(self) -> float | None:
        are_more = self._steps.directory.fetch_photos()
        return 0 if are_more else None


def make_loop(
    settings: Settings,
    stores: BadgeStores,
    photographer: Photographer,
    names: CameraNames,
    jobs: JobQueue,
    clock: SystemClock,
    worker: str,
) -> BadgeLoop:
    """worker: the name of this process, the same after a restart."""
    ours, meraki = settings.badges, settings.meraki
    client = DirectoryClient(ours.photo_hosts)
    notifier = MismatchNotifier(
        stores.badges,
        stores.events,
        stores.files,
        names,
        jobs,
        clock,
        rooms=settings.recipients.only(ours.mismatch_room),
    )
    pictures = PictureFetcher(
        stores.pictures,
        stores.files,
        photographer,
        clock,
        near=NearFetcher(stores.near, stores.files, photographer, clock),
        worker=worker,
        requests_per_s=meraki.requests_per_s,
    )
    steps = BadgeSteps(
        directory=DirectoryReader(
            stores.directory,
            stores.files,
            client,
            clock,
            place=ours.directory,
            encoding=ours.directory_encoding,
        ),
        notifier=notifier,
        pictures=pictures if settings.asks_meraki else None,
        readers=Readers(ours.camera_of_reader),
    )
    return BadgeLoop(steps, clock)
