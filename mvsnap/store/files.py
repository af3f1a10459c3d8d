"""Pictures beside the database: they appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from mvsnap.domain import Event, EventId
from mvsnap.store import pictures

# "File previews are only rendered for attachments of 1MB or less" (Webex, Messages).
_WEBEX_PREVIEW_BYTES = 1_000_000
_PHOTOS = "photos"
_PHOTO_IS_NEW_S = 3600


class Files:
    """Files below `data_dir`; paths given out are relative to it."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir

    def save_snapshot(self, event_id: EventId, at: datetime, jpeg: bytes) -> str:
        """Write the picture durably and return its path."""
        path = Path("snapshots") / f"{at:%Y/%m/%d}" / f"{event_id}.jpg"
        _write_whole(self._root / path, jpeg)
        return str(path)

    def save_badge_picture(self, badge_id: str, at: datetime, jpeg: bytes) -> str:
        """Write the picture of a badge event durably and return its path."""
        path = Path("badges") / f"{at:%Y/%m/%d}" / f"{badge_id}.jpg"
        _write_whole(self._root / path, jpeg)
        return str(path)

    def save_photo(self, image: bytes) -> str | None:
        """Keep a small JPEG of an image and return its path; None: it is no image.

        The same image has the same path.
        """
        jpeg = pictures.portrait(image)
        if jpeg is None:
            return None
        path = Path(_PHOTOS) / f"{hashlib.sha256(jpeg).hexdigest()[:32]}.jpg"
        if not (self._root / path).exists():
            _write_whole(self._root / path, jpeg)
        return str(path)

    def keep_photos(self, paths: Collection[str], now: datetime) -> None:
        """Remove photos that are none of these; not those of just now."""
        for photo in (self._root / _PHOTOS).glob("*.jpg"):
            # It is written before the store knows of it.
            age_s = now.timestamp() - photo.stat().st_mtime
            known = str(photo.relative_to(self._root)) in paths
            if not known and age_s > _PHOTO_IS_NEW_S:
                photo.unlink(missing_ok=True)

    def whole(self, path: str | None) -> Path | None:
        """Return a picture's place on disk, None when there is none (any more)."""
        found = self._root / path if path else None
        return found if found and found.is_file() else None

    def small(self, path: str | None) -> Path | None:
        """Return a small copy of a picture, made when it is first asked for."""
        return self._copy(self.whole(path), "thumbnail", pictures.thumbnail)

    def snapshot(self, event: Event) -> Path | None:
        """Return the picture's place on disk, None when there is none (any more)."""
        return self.whole(event.snapshot_path)

    def thumbnail(self, event: Event) -> Path | None:
        """Return a small copy of the picture, made when it is first asked for."""
        return self.small(event.snapshot_path)

    def for_webex(self, event: Event) -> Path | None:
        """Return the picture, or a copy small enough for Webex to show it inline."""
        path = self.snapshot(event)
        if path is None or path.stat().st_size <= _WEBEX_PREVIEW_BYTES:
            return path
        return self._copy(path, "webex", _preview) or path

    def remove(self, path: str) -> None:
        """Remove a picture and the copies made of it."""
        whole = self._root / path
        for copy in whole.parent.glob(f"{whole.stem}.*"):
            copy.unlink(missing_ok=True)

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
            _write_whole(copy, content)
        return copy


def _preview(path: Path) -> bytes | None:
    return pictures.within(path, _WEBEX_PREVIEW_BYTES)


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two requests may make the same copy: each writes a file of its own.
    part = path.with_suffix(f".{uuid.uuid4().hex[:8]}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        # On a full disk every retry would leave one.
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Without it the name may be lost in a power cut although the content is safe.
        os.fsync(folder)
    finally:
        os.close(folder)
