"""Does what is noted about files in the bucket, in a thread of its own.

Files that only this machine has go into the bucket, the newest first; deleted ones go
from the bucket and from this machine. One process at a time does it for a data_dir. All
of it may be done twice.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mvsnap import durable_file
from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clip_model import CopyState
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.jobs.bucket_trouble import BucketTrouble
from mvsnap.jobs.executors import acquire_leadership
from mvsnap.loop import Every, Loop
from mvsnap.store.database import OUTAGES
from mvsnap.store.files.cache import FileCache, FileGroup
from mvsnap.store.files.evidence import remove_local
from mvsnap.store.files.evidence_bucket import object_name, store
from mvsnap.store.files.known import KnownFiles
from mvsnap.store.files.tasks import FileTask, FileTasks, Task
from mvsnap.store.files.videos import VideoStore
from mvsnap.store.sharing.leadership import FileLeadership

log = logging.getLogger(__name__)

_POLL_S = 2.0
_AT_ONCE = 100
_MOST_PAUSE_S = 60.0
_PRUNE_EVERY_S = 300.0
_SWEEP_EVERY_S = 86400.0
# A newer file may belong to a row that is not there yet.
_STRAY_AFTER_S = 86400.0
_NOTED = "in-bucket"


class HandOver:
    """Start its `loop`, or call `step`. open_bucket: may take a second."""

    def __init__(
        self,
        open_bucket: Callable[[], Bucket],
        tasks: FileTasks,
        cache: FileCache,
        known: KnownFiles,
        videos: VideoStore,
        clock: SystemClock,
        data_dir: Path,
    ) -> None:
        self._open_bucket = open_bucket
        self._tasks = tasks
        self._cache = cache
        self._known = known
        self._videos = videos
        self._clock = clock
        self._data_dir = data_dir
        self._bucket: Bucket | None = None
        self._leadership = FileLeadership(
            partial(acquire_leadership, data_dir, "hand-over")
        )
        self._failures: Counter[str] = Counter()  # keyed by path
        self._trouble = BucketTrouble(
            "pictures and clips wait for the bucket", "the bucket works again", clock
        )
        self._prune = Every(_PRUNE_EVERY_S, clock)
        self._sweep = Every(_SWEEP_EVERY_S, clock)
        self.loop = Loop(
            "hand-over", self.step, _POLL_S, clock, outages=OUTAGES, at_end=self.close
        )

    def step(self) -> float | None:
        """Do all that is due; return how long to pause if the bucket is away."""
        if not self._leadership.is_ours():
            return None
        if self._prune.due():
            self._cache.prune()
        try:
            if self._sweep.due():
                self._adopt_and_sweep()
            return self._do_all()
        except UpstreamError as exc:  # the bucket cannot be used at all
            return self._failed(exc)

    def close(self) -> None:
        """Let another process do it; needed only where no thread was started."""
        self._leadership.leave()

    def _do_all(self) -> float | None:
        mine = self._tasks.due(_AT_ONCE)
        for task in mine:
            if task.task is FileTask.REMOVE:
                remove_local(self._data_dir, task.path)
                self._tasks.done(task)
        removals = self._tasks.removals(_AT_ONCE)
        unstored = [task for task in mine if task.task is FileTask.STORE]
        # One that keeps failing does not hold up the others.
        unstored.sort(key=lambda task: self._failures[task.path])
        error: UpstreamError | OSError | None = None
        for do, tasks in ((self._store, unstored), (self._remove, removals)):
            for task in tasks:
                if self._clock.stopped:
                    return None
                try:
                    do(task)
                    self._failures.pop(task.path, None)
                except (UpstreamError, OSError) as exc:
                    self._failures[task.path] += 1
                    error = exc
                    if isinstance(exc, UpstreamError) and exc.retry:
                        return self._failed(exc)
        if error is not None:
            return self._failed(error)
        self._trouble.worked()
        return 0 if len(mine) + len(removals) >= _AT_ONCE else None

    def _store(self, task: Task) -> None:
        if (self._data_dir / task.path).exists():
            store(self._opened(), self._data_dir, task.path)
            # Clips that waited for a copy, before the bucket was for all machines.
            self._videos.set_copy(task.path, CopyState.COPIED)
        elif self._opened().find(object_name(task.path)) is None:
            log.error("%s is lost: neither here nor in the bucket", task.path)
        if not self._tasks.done(task):
            # Deleted meanwhile, perhaps before it was in the bucket.
            self._tasks.remove([task.path])

    def _remove(self, task: Task) -> None:
        self._opened().remove(object_name(task.path))
        self._tasks.removed(task.path)

    def _opened(self) -> Bucket:
        if self._bucket is None:
            self._bucket = self._open_bucket()
        return self._bucket

    def _failed(self, exc: UpstreamError | OSError) -> float:
        return min(self._trouble.failed(exc), _MOST_PAUSE_S)

    # --- what no row noted

    def _adopt_and_sweep(self) -> None:
        """Compare the files here with the store.

        Those from before the bucket are noted once. What no row names is removed: its
        row was deleted while this machine was off, or never written, as a process died.
        """
        groups = self._cache.groups()
        names = {path: group for group in groups for path in self._names(group)}
        known = self._known.of(names)
        note, place = self._data_dir / "executors" / _NOTED, self._opened().place
        if not note.exists() or note.read_text() != place:
            here = [path for path in known if (self._data_dir / path).exists()]
            self._tasks.store_later(here)
            durable_file.write(note, place.encode())
        for path in known:
            names.pop(path)
        kept = {path.rpartition(".")[0] for path in known}
        before = self._clock.now().timestamp() - _STRAY_AFTER_S
        strays = [
            path
            for path, group in names.items()
            if path.rpartition(".")[0] not in kept and group.used_at_s < before
        ]
        # The files of a folder that no row names at all may be of another database:
        # they stay in the bucket.
        folders = {path.rpartition("/")[0] for path in known}
        here = [path for path in strays if (self._data_dir / path).exists()]
        self._tasks.remove([p for p in here if p.rpartition("/")[0] in folders])
        for path in strays:
            names[path].remove()

    def _names(self, group: FileGroup) -> tuple[str, str]:
        """Return what a row may call it: a picture or a video."""
        stem = group.stem.relative_to(self._data_dir)
        return f"{stem}.jpg", f"{stem}.mp4"
