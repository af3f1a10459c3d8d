"""Pictures and clips of many machines: they live in a bucket; local files are a cache.

A new file is written here first. What the bucket cannot take now stays here, with a row
that says so (`FileTasks`), until this machine's `HandOver` has stored it. Deleting is a
row, too: nothing is forgotten while the bucket or a machine is away.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from mvsnap import durable_file
from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clients.s3.stored_file import StoredFile
from mvsnap.clock import Clock
from mvsnap.errors import EvidenceAway, UpstreamError
from mvsnap.store.files.cache import FileCache
from mvsnap.store.files.evidence import remove_local
from mvsnap.store.files.tasks import FileTasks

log = logging.getLogger(__name__)

# While the bucket is away, neither an alarm nor a page waits for it each time.
_PAUSE_S = 10.0
_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}

Found = TypeVar("Found")


class EvidenceBucket:
    """open_bucket: called when it is first needed, in any thread; takes a second."""

    shared = True
    alone = False

    def __init__(
        self,
        root: Path,
        open_bucket: Callable[[], Bucket],
        tasks: FileTasks,
        cache: FileCache,
        clock: Clock,
    ) -> None:
        self._root = root
        self._open_bucket = open_bucket
        self._tasks = tasks
        self._cache = cache
        self._clock = clock
        self._bucket: Bucket | None = None
        self._lock = threading.Lock()
        self._paused_until_s = float("-inf")

    def put(self, path: str, content: bytes) -> None:
        durable_file.write(self._root / path, content)
        try:
            self._ask(lambda bucket: store(bucket, self._root, path))
        except EvidenceAway:
            self._tasks.store_later([path])
            return
        if self._tasks.is_to_be_removed(path):
            self._tasks.removed(path)
        self._cache.grew(len(content))

    def hand_over(self, *paths: str) -> None:
        self._tasks.store_later(paths)

    def local(self, path: str) -> Path | None:
        found = self._cache.find(path)
        if found is not None:
            return found
        whole = self._root / path
        if self._ask(lambda bucket: bucket.download(object_name(path), whole)):
            self._cache.grew(whole.stat().st_size)
            return whole
        self._require_here(path)
        return None

    def open(self, path: str) -> Path | StoredFile | None:
        here = self._cache.find(path)
        found = here or self._ask(lambda bucket: bucket.find(object_name(path)))
        if found is None:
            self._require_here(path)
        return found

    def is_there(self, path: str) -> bool:
        found = self._ask(lambda bucket: bucket.find(object_name(path)))
        return found is not None or self._tasks.waiting(path) is not None

    def is_elsewhere(self, path: str) -> bool:
        return self._cache.find(path) is None and self._tasks.waiting(path) is not None

    def listed(self, kind: str, after: str, at_most: int) -> list[tuple[str, datetime]]:
        # It is slow, and the key may not list: neither says that the bucket is away.
        return self._ask(
            lambda bucket: bucket.listed(f"{kind}/", after, at_most), pauses=False
        )

    def remove(self, path: str) -> None:
        self._tasks.remove([path])
        remove_local(self._root, path)

    def _require_here(self, path: str) -> None:
        """Raises EvidenceAway if a file that the bucket has not is on a machine."""
        waiting = self._tasks.waiting(path)
        if waiting is not None:
            where = waiting.machine or "another machine"
            if not waiting.is_running:
                raise EvidenceAway(f"It is on {where}, which is not running")
            raise EvidenceAway(f"It is still on {where}, not in the bucket yet")

    def _ask(self, call: Callable[[Bucket], Found], *, pauses: bool = True) -> Found:
        """Raises EvidenceAway; the log says why.

        pauses: whether others then do without the bucket for a while.
        """
        if self._clock.monotonic() < self._paused_until_s:
            raise EvidenceAway("The bucket of pictures and clips cannot be reached now")
        try:
            return call(self._opened())
        except UpstreamError as exc:
            words = exc.message
            if pauses:
                self._paused_until_s = self._clock.monotonic() + _PAUSE_S
        except OSError as exc:
            words = f"data_dir: {exc.strerror}"
        log.warning("pictures or clips were not stored, fetched or listed: %s", words)
        raise EvidenceAway("The bucket of pictures and clips cannot be reached now")

    def _opened(self) -> Bucket:
        with self._lock:
            if self._bucket is None:
                self._bucket = self._open_bucket()
            return self._bucket


def store(bucket: Bucket, root: Path, path: str) -> None:
    """Copy a file into the bucket.

    Raises:
        UpstreamError: not stored, or unknown.
        OSError: it cannot be read.
    """
    whole = root / path
    content_type = _TYPES.get(whole.suffix, "application/octet-stream")
    bucket.upload(whole, object_name(path), content_type)


def object_name(path: str) -> str:
    """Return the name below the prefix; that of a clip is the path below videos/."""
    return path.removeprefix("videos/")
