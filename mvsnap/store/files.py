"""Pictures next to the database: they appear complete or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from pathlib import Path

from mvsnap import durable_file
from mvsnap.clip_model import Clip, ClipState
from mvsnap.domain import Event, EventId
from mvsnap.store import pictures

_PHOTOS = "photos"
_PHOTO_IS_NEW_S = 3600


class Files:
    """Files below `data_dir`; all paths are relative to it."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir

    def save_snapshot(self, event_id: EventId, at: datetime, jpeg: bytes) -> str:
        """Write the picture durably and return its path."""
        return self.save_picture("snapshots", event_id, at, jpeg)

    def save_photo(self, image: bytes) -> str:
        """Store an image as a small JPEG and return its path.

        The same image has the same path.

        Raises:
            UnusablePicture
        """
        jpeg = pictures.portrait(image)
        path = Path(_PHOTOS) / f"{hashlib.sha256(jpeg).hexdigest()[:32]}.jpg"
        if not (self._root / path).exists():
            durable_file.write(self._root / path, jpeg)
        return str(path)

    def keep_photos(
        self, paths: Collection[str], now: datetime, *, dry_run: bool = False
    ) -> int:
        """Remove photos that are none of these, not those of just now; return how many.

        dry_run: only count them.
        """
        gone = 0
        for photo in (self._root / _PHOTOS).glob("*.jpg"):
            # It is written before its row is.
            age_s = now.timestamp() - photo.stat().st_mtime
            known = str(photo.relative_to(self._root)) in paths
            if not known and age_s > _PHOTO_IS_NEW_S:
                gone += 1
                if not dry_run:
                    photo.unlink(missing_ok=True)
        return gone

    def snapshot(self, event: Event) -> Path | None:
        """Return the picture's path on disk, None if there is none (any more)."""
        return self.picture(event.snapshot_path)

    def thumbnail(self, event: Event) -> Path | None:
        """Return a small copy of the picture, made on first use."""
        return self.small_picture(event.snapshot_path)

    def save_picture(self, kind: str, name: str, at: datetime, jpeg: bytes) -> str:
        """Write a picture that belongs to no event; kind: its folder."""
        path = Path(kind) / f"{at:%Y/%m/%d}" / f"{name}.jpg"
        durable_file.write(self._root / path, jpeg)
        return str(path)

    def picture(self, path: str | None) -> Path | None:
        """Return the path of a picture on disk, None if there is none (any more)."""
        return self._there(path)

    def small_picture(self, path: str | None) -> Path | None:
        """Return a small copy of a picture, made on first use."""
        return self._copy(self.picture(path), "thumbnail", pictures.thumbnail)

    def picture_within(self, event: Event, most_bytes: int) -> Path | None:
        """Return the picture, or a copy of it that is small enough."""
        path = self.snapshot(event)
        if path is None or path.stat().st_size <= most_bytes:
            return path
        small = partial(pictures.within, max_bytes=most_bytes)
        return self._copy(path, f"within-{most_bytes}", small) or path

    def clip(self, clip: Clip) -> Path | None:
        """Return the video's path on disk, None if there is none (any more)."""
        return None if _is_deleted(clip) else self._there(clip.path)

    def clip_thumbnail(self, clip: Clip) -> Path | None:
        return None if _is_deleted(clip) else self._there(clip.thumbnail_path)

    def clip_within(self, clip: Clip, most_bytes: int) -> Path | None:
        """Return the video unless it is too large to be attached."""
        path = self.clip(clip)
        return path if path and path.stat().st_size <= most_bytes else None

    def remove(self, path: str) -> None:
        """Delete a picture and the copies made of it."""
        whole = self._root / path
        for copy in whole.parent.glob(f"{whole.stem}.*"):
            copy.unlink(missing_ok=True)

    def remove_durably(self, path: str) -> None:
        """Delete a video and its thumbnail; they do not return after a power cut.

        Raises:
            OSError: something is still there.
        """
        self.remove(path)
        folder = (self._root / path).parent
        if folder.is_dir():
            durable_file.sync_folder(folder)

    def _there(self, path: str | None) -> Path | None:
        whole = self._root / path if path else None
        return whole if whole and whole.is_file() else None

    def _copy(
        self, path: Path | None, name: str, make: Callable[[Path], bytes | None]
    ) -> Path | None:
        if path is None:
            return None
        copy = path.with_suffix(f".{name}.jpg")
        if not copy.exists():
            content = make(path)
            if content is None:
                return None
            durable_file.write(copy, content)
        return copy


def _is_deleted(clip: Clip) -> bool:
    # Its file stays on disk for a moment, and as long as another clip shows it.
    return clip.state is ClipState.DELETED
