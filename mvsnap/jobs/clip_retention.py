"""Retention: deletes old videos, and reconciles rows with files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from mvsnap.clock import SystemClock
from mvsnap.core.clip_retention import ClipLimits, Video, Why, lacking_bytes, to_remove
from mvsnap.errors import EvidenceAway
from mvsnap.jobs.retry import GIVE_UP_AFTER
from mvsnap.recorder.files import clip_digest, free_bytes
from mvsnap.sqlite_errors import is_full
from mvsnap.store.clips.deletion import finish_deletes
from mvsnap.store.database import OUTAGES
from mvsnap.store.files import Files
from mvsnap.store.files.videos import VideoStore
from mvsnap.store.purging import PurgeResult
from mvsnap.values import replace

log = logging.getLogger(__name__)

_EVER = datetime.min.replace(tzinfo=UTC)
# A newer file may belong to a clip whose row is not updated yet.
_STRAY_AFTER_S = 86400.0


class ClipRetentionRules(Struct, frozen=True):
    """copies: a video is kept until its copy is made."""

    keep_for: timedelta
    max_bytes: int
    min_free_bytes: int
    copies: bool = False


class Retention:
    """Running it in two processes at once is harmless.

    dry_run: only say what would go. gone: what `going` said, for what follows it.
    """

    def __init__(
        self,
        data_dir: Path,
        rules: ClipRetentionRules,
        videos: VideoStore,
        files: Files,
        clock: SystemClock,
    ) -> None:
        self._data_dir = data_dir
        self._root = data_dir / "videos"
        self._rules = rules
        self._videos = videos
        self._files = files
        self._clock = clock

    def tidy(self, *, dry_run: bool = False, by_age: bool = True) -> PurgeResult:
        """Remove the videos that are too old, too much, or in the way of new ones.

        by_age: False while the clock cannot be believed.
        """
        removed, size_bytes = 0, 0
        for video, why in self._to_remove(by_age=by_age):
            clips = self._retire(video.path, dry_run=dry_run)
            if not clips:
                continue  # somebody keeps it since a moment
            removed += clips
            size_bytes += video.size_bytes
            if not dry_run:
                _log(video, why)
        if not dry_run:
            # What a crash, or somebody at a page, left is finished here, too.
            finish_deletes(self._videos, self._files)
        left_bytes = self._videos.usage().size_bytes
        return PurgeResult(
            removed=removed,
            size_bytes=size_bytes,
            left_bytes=left_bytes - size_bytes if dry_run else left_bytes,
        )

    def going(self) -> frozenset[str]:
        """Return the paths of the videos that `tidy` would remove."""
        paths = (video.path for video, _ in self._to_remove())
        going = {path for path in paths if self._videos.retire(path, dry_run=True)}
        return frozenset(going.union(self._videos.deleted_files()))

    def forget(
        self, *, gone: Collection[str] = (), dry_run: bool = False
    ) -> PurgeResult:
        """Remove the rows of clips that are long gone."""
        before = self._clock.removable_before(self._rules.keep_for)
        return self._videos.purge(before, gone=gone, dry_run=dry_run)

    def sweep(
        self, *, gone: Collection[str] = (), dry_run: bool = False
    ) -> PurgeResult:
        """Remove files that no clip shows; mark clips whose file is gone."""
        if self._files.shared:  # each machine looks after its own cache
            return self._sweep_shared(gone, dry_run=dry_run)
        going = {_without_suffixes(self._data_dir / path) for path in gone}
        there = {path for path in self._there() if _without_suffixes(path) not in going}
        old = [path for path in there if self._is_old(path)]
        strays = self._strays(old) if old else []
        if not dry_run:
            for path in strays:
                path.unlink(missing_ok=True)
                log.warning("removed %s, which belonged to no clip", path.name)
            _remove_empty_folders(self._root, self._is_old)
        lost = self._mark_lost(there, gone, dry_run=dry_run)
        return PurgeResult(removed=len(strays), lost=lost)

    def _retire(self, path: str, *, dry_run: bool) -> int:
        try:
            return self._videos.retire(path, dry_run=dry_run)
        except OUTAGES as exc:
            if dry_run or not is_full(exc):
                raise
        if not self._videos.retire(path, dry_run=True):
            return 0
        # Not even a row can be written: its file goes first.
        self._files.remove_clip(path)
        return self._videos.retire(path)

    def _sweep_shared(self, gone: Collection[str], *, dry_run: bool) -> PurgeResult:
        shown = self._videos.shown().items()
        due = {clip_id: path for clip_id, path in shown if path not in gone}
        try:
            there = {p for p in set(due.values()) if self._files.is_there(p)}
        except EvidenceAway as exc:  # the log says why; tomorrow again
            return PurgeResult(unseen=exc.message)
        if due and not there:
            log.error("the videos of %d clips are missing from the bucket", len(due))
            return PurgeResult()
        lost = [clip_id for clip_id, path in due.items() if path not in there]
        for clip_id in lost if not dry_run else ():
            self._videos.lose(clip_id)
            log.warning("the file of clip %s is missing: %s", clip_id, due[clip_id])
        return PurgeResult(lost=len(lost))

    def _mark_lost(
        self, there: set[Path], gone: Collection[str], *, dry_run: bool
    ) -> int:
        shown = self._videos.shown()
        due = {clip_id: path for clip_id, path in shown.items() if path not in gone}
        if due and not there:
            # More likely the disk is not mounted than that all of them are gone.
            log.error(
                "the videos of %d clips are missing from %s", len(due), self._data_dir
            )
            return 0
        lost = 0
        for clip_id, path in due.items():
            whole = self._data_dir / path
            # Asked again: it may have come since the look.
            if whole not in there and not whole.exists():
                lost += 1
                if not dry_run:
                    self._videos.lose(clip_id)
                    log.warning("the file of clip %s is missing: %s", clip_id, path)
        return lost

    def _to_remove(self, *, by_age: bool = True) -> list[tuple[Video, Why]]:
        now = self._clock.now()
        limits = ClipLimits(
            before=self._clock.removable_before(self._rules.keep_for)
            if by_age
            else _EVER,
            max_bytes=self._rules.max_bytes,
            lacking_bytes=lacking_bytes(
                free_bytes(self._data_dir), self._rules.min_free_bytes
            ),
        )
        if not self._has_work(limits):
            return []
        return to_remove(self._candidates(now), limits)

    def _has_work(self, limits: ClipLimits) -> bool:
        """Check cheaply: this runs every few minutes."""
        usage = self._videos.usage()
        is_old = usage.oldest_at is not None and usage.oldest_at < limits.before
        return is_old or limits.lacking_bytes > 0 or usage.size_bytes > limits.max_bytes

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

    def _there(self) -> set[Path]:
        return {path for path in self._root.rglob("*") if path.is_file()}

    def _strays(self, paths: list[Path]) -> list[Path]:
        known = self._videos.known_paths()
        coming = {
            clip_digest(camera, name) for camera, name in self._videos.unfinished()
        }
        return [
            path
            for path in paths
            if str(path.relative_to(self._data_dir)) not in known
            and path.name.partition(".")[0].rpartition("_")[2] not in coming
        ]


def _log(video: Video, why: Why) -> None:
    name = Path(video.path).name
    if video.uncopied:
        log.warning("%s removed before it was copied: the disk is full", name)
    else:
        log.info("%s removed: %s", name, why)


def _without_suffixes(path: Path) -> Path:
    """Return what the files that go together have in common."""
    return path.with_name(path.name.partition(".")[0])


def _remove_empty_folders(root: Path, is_old: Callable[[Path], bool]) -> None:
    """Leave new ones: something may be about to be written into them."""
    folders = sorted(path for path in root.rglob("*") if path.is_dir())
    for folder in reversed(folders):
        if is_old(folder):
            with suppress(OSError):  # not empty
                folder.rmdir()
