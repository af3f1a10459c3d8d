"""Retention: deletes old videos, and reconciles rows with files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from mvsnap.clock import Clock
from mvsnap.core.clip_retention import Limits, Video, Why, lacking_bytes, to_remove
from mvsnap.jobs.retry import GIVE_UP_AFTER
from mvsnap.recorder.files import clip_digest, free_bytes
from mvsnap.store.clip_deletion import finish_deletes
from mvsnap.store.files import Files
from mvsnap.store.videos import VideoStore

log = logging.getLogger(__name__)

# A newer file may belong to a clip whose row is not updated yet.
_STRAY_AFTER_S = 86400.0


@dataclass(frozen=True, slots=True)
class Rules:
    """copies: a video is kept until its copy is made."""

    keep_for: timedelta
    max_bytes: int
    min_free_bytes: int
    copies: bool = False


@dataclass(frozen=True, slots=True)
class Retired:
    clips: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SweepResult:
    """strays: files that belong to no clip; lost: clips whose file is missing."""

    strays: int = 0
    lost: int = 0


class Retention:
    """Safe to run in two processes at once."""

    def __init__(
        self,
        data_dir: Path,
        rules: Rules,
        videos: VideoStore,
        files: Files,
        clock: Clock,
    ) -> None:
        self._data_dir = data_dir
        self._rules = rules
        self._videos = videos
        self._files = files
        self._clock = clock

    def tidy(self) -> Retired:
        """Delete the videos that are too old, over the limit, or blocking new ones."""
        now = self._clock.now()
        limits = Limits(
            before=now - self._rules.keep_for,
            max_bytes=self._rules.max_bytes,
            lacking_bytes=lacking_bytes(
                free_bytes(self._data_dir), self._rules.min_free_bytes
            ),
        )
        retired = Retired()
        if self._has_work(limits):
            retired = self._retire(limits, now)
        # Finish what a crash or a deletion on a page left, too.
        finish_deletes(self._videos, self._files)
        return retired

    def forget(self) -> int:
        """Delete the rows of long deleted videos; return how many."""
        return self._videos.forget(self._clock.now() - self._rules.keep_for)

    def sweep(self) -> SweepResult:
        """Delete files that belong to no clip; mark clips whose file is missing."""
        root = self._data_dir / "videos"
        there = {path for path in root.rglob("*") if path.is_file()}
        strays = [path for path in there if self._is_old(path)]
        gone = self._remove_strays(strays) if strays else 0
        _remove_empty_folders(root, self._is_old)
        return SweepResult(gone, self._mark_lost(there))

    def _has_work(self, limits: Limits) -> bool:
        """Check cheaply: this runs every few minutes."""
        usage = self._videos.usage()
        is_old = usage.oldest_at is not None and usage.oldest_at < limits.before
        return is_old or limits.lacking_bytes > 0 or usage.size_bytes > limits.max_bytes

    def _retire(self, limits: Limits, now: datetime) -> Retired:
        clips, size_bytes = 0, 0
        for video, why in to_remove(self._candidates(now), limits):
            retired = self._videos.retire(video.path)
            if not retired:
                continue  # kept by somebody a moment ago
            clips += retired
            size_bytes += video.size_bytes
            _log_deletion(video, why)
        return Retired(clips, size_bytes)

    def _candidates(self, now: datetime) -> Iterator[Video]:
        for video in self._videos.videos(now - GIVE_UP_AFTER):
            waits = video.uncopied and self._rules.copies
            yield replace(video, uncopied=waits)

    def _is_old(self, path: Path) -> bool:
        try:
            changed_s = path.stat().st_mtime
        except FileNotFoundError:
            return False
        return self._clock.now().timestamp() - changed_s > _STRAY_AFTER_S

    def _remove_strays(self, paths: list[Path]) -> int:
        known = self._videos.known_paths()
        coming = {
            clip_digest(camera, name) for camera, name in self._videos.unfinished()
        }
        gone = 0
        for path in paths:
            digest = path.name.partition(".")[0].rpartition("_")[2]
            is_known = str(path.relative_to(self._data_dir)) in known
            if not is_known and digest not in coming:
                path.unlink(missing_ok=True)
                log.warning("removed %s, which belonged to no clip", path.name)
                gone += 1
        return gone

    def _mark_lost(self, there: set[Path]) -> int:
        shown = self._videos.shown()
        if shown and not there:
            # More likely the disk is not mounted than that all of them are missing.
            log.error(
                "the videos of %d clips are missing from %s", len(shown), self._data_dir
            )
            return 0
        lost = 0
        for clip_id, path in shown.items():
            whole = self._data_dir / path
            # Checked again: it may have appeared since.
            if whole not in there and not whole.exists():
                self._videos.lose(clip_id)
                log.warning("the file of clip %s is missing: %s", clip_id, path)
                lost += 1
        return lost


def _log_deletion(video: Video, why: Why) -> None:
    name = Path(video.path).name
    if video.uncopied:
        log.warning("%s removed before it was copied: the disk is full", name)
    else:
        log.info("%s removed: %s", name, why)


def _remove_empty_folders(root: Path, is_old: Callable[[Path], bool]) -> None:
    """Leave new ones: something may be about to be written into them."""
    folders = sorted(path for path in root.rglob("*") if path.is_dir())
    for folder in reversed(folders):
        if is_old(folder):
            with suppress(OSError):  # not empty
                folder.rmdir()
