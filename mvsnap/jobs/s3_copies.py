"""Copies finished clips to the object store, in a thread of its own.

The queue is in the store, so a crash loses nothing; an upload that was complete before
it is not repeated. One process at a time copies for a data_dir. A clip is retried for
as long as it exists.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clip_model import CopyState
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.jobs.bucket_trouble import BucketTrouble, reason_of
from mvsnap.jobs.executors import acquire_leadership
from mvsnap.loop import Loop
from mvsnap.store.database import OUTAGES
from mvsnap.store.files.videos import ToCopy, VideoStore
from mvsnap.store.sharing.leadership import FileLeadership

log = logging.getLogger(__name__)

_POLL_S = 5.0
_STOP_S = 5.0


class Copies:
    """`start` returns at once. open_bucket: called in the thread, may take a second."""

    def __init__(
        self,
        open_bucket: Callable[[], Bucket | None],
        videos: VideoStore,
        clock: SystemClock,
        data_dir: Path,
    ) -> None:
        self._open_bucket = open_bucket
        self._videos = videos
        self._clock = clock
        self._data_dir = data_dir
        self._bucket: Bucket | None = None
        self._leadership = FileLeadership(
            partial(acquire_leadership, data_dir, "copies")
        )
        self._failures: Counter[str] = Counter()  # keyed by path
        self._noted: dict[str, str] = {}  # keyed by path
        self._trouble = BucketTrouble(
            "clips are not copied", "copying works again", clock
        )
        # Left only when the thread ends: no other process may send the same file.
        end = self._leadership.leave
        self._loop = Loop(
            "copies", self._step, _POLL_S, clock, outages=OUTAGES, at_end=end
        )

    def start(self) -> None:
        self._loop.start()

    def stop(self) -> None:
        """Let the current upload run a moment longer; the next start resumes it."""
        self._loop.stop(_STOP_S)

    def _step(self) -> float | None:
        return self._copy_all() if self._leadership.is_ours() else None

    def _copy_all(self) -> float | None:
        """Copy until nothing waits or one fails; return how long to wait then."""
        while not self._clock.stopped:
            waiting = self._videos.to_copy()
            if not waiting:
                break
            # A clip that keeps failing does not hold up the others.
            video = min(waiting, key=lambda each: self._failures[each.path])
            try:
                self._copy(video)
            except (UpstreamError, OSError) as exc:
                return self._failed(video, exc)
            self._worked(video)
        return None

    def _copy(self, video: ToCopy) -> None:
        """Raises UpstreamError or OSError."""
        if self._bucket is None:
            self._bucket = self._open_bucket()
            assert self._bucket is not None
        path = self._data_dir / video.path
        if not path.exists():
            note = "the file is missing"
            self._videos.set_copy(video.path, CopyState.FAILED, note)
            log.warning("%s not copied: %s", path.name, note)
            return
        self._bucket.upload(path, _name(video.path), "video/mp4")
        picture = self._data_dir / (video.thumbnail_path or video.path)
        if video.thumbnail_path and picture.exists():
            self._bucket.upload(picture, _name(video.thumbnail_path), "image/jpeg")
        self._videos.set_copy(video.path, CopyState.COPIED)
        log.info("%s copied to %s", path.name, self._bucket.place)

    def _worked(self, video: ToCopy) -> None:
        self._trouble.worked()
        self._failures.pop(video.path, None)
        self._noted.pop(video.path, None)

    def _failed(self, video: ToCopy, exc: UpstreamError | OSError) -> float:
        """Record it and return how long to pause all copying."""
        why = reason_of(exc)
        if self._noted.get(video.path) != why:  # spare the SD card
            self._noted[video.path] = why
            self._videos.set_copy(video.path, CopyState.WAITING, why)
        self._failures[video.path] += 1
        return self._trouble.failed(exc)


def _name(path: str) -> str:
    """Return the key below the prefix: the path below videos/."""
    return path.removeprefix("videos/")
