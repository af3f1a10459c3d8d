"""Pictures and clips by what they are of: events, badges, photos, small copies."""

from __future__ import annotations

import glob
import hashlib
import logging
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from pathlib import Path

from mvsnap import durable_file
from mvsnap.clip_model import Clip, ClipState
from mvsnap.domain import Event, EventId
from mvsnap.store.files import pictures
from mvsnap.store.files.evidence import EvidenceFiles, EvidenceFolder, EvidenceStream

log = logging.getLogger(__name__)

SNAPSHOTS = "snapshots"
_PHOTOS = "photos"
_PHOTO_IS_NEW_S = 3600


class Files:
    """All paths are relative to `data_dir`.

    evidence: where the files are; default: in data_dir alone. What returns a path or a
    file raises EvidenceAway while that is unknown; it is None if there is none (any
    more).
    """

    def __init__(self, data_dir: Path, evidence: EvidenceFiles | None = None) -> None:
        self._root = data_dir
        self._evidence = evidence or EvidenceFolder(data_dir)

    @property
    def shared(self) -> bool:
        """Whether machines share the files in a bucket."""
        return self._evidence.shared

    def save_snapshot(self, event_id: EventId, at: datetime, jpeg: bytes) -> str:
        """Write the picture durably and return its path."""
        return self.save_picture(SNAPSHOTS, event_id, at, jpeg)

    def save_photo(self, image: bytes) -> str:
        """Store an image as a small JPEG and return its path.

        The same image has the same path.

        Raises:
            UnusablePicture
        """
        jpeg = pictures.portrait(image)
        path = f"{_PHOTOS}/{hashlib.sha256(jpeg).hexdigest()[:32]}.jpg"
        if self.shared or not (self._root / path).exists():
            self._evidence.put(path, jpeg)
        return path

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
                    self._evidence.remove(str(photo.relative_to(self._root)))
        return gone

    def snapshot(self, event: Event) -> Path | None:
        """Return the picture's path on this machine's disk."""
        return self.picture(event.snapshot_path)

    def thumbnail(self, event: Event) -> Path | None:
        """Return a small copy of the picture, made on first use."""
        return self.small_picture(event.snapshot_path)

    def save_picture(self, kind: str, name: str, at: datetime, jpeg: bytes) -> str:
        """Write the picture of a row durably and return its path; kind: its folder.

        The path says what is in the file. Another picture of the same row, stored by
        a machine that was frozen or without the bucket, has another path: it never
        takes the place of what the row names.
        """
        content = hashlib.sha256(jpeg).hexdigest()[:16]
        path = f"{kind}/{at:%Y/%m/%d}/{name}-{content}.jpg"
        self._evidence.put(path, jpeg)
        return path

    def settle(self, path: str | None, *, named: str | None) -> None:
        """Remove what a row does not name, now that it is written.

        path: of the picture that was stored for it. It goes if another process was
            first; if not, those go that were left here by attempts that died.
        """
        if path is None:
            return
        for unused in [path] if path != named else self._others(path):
            try:
                self.remove(unused)
            except OSError as exc:
                log.warning("an unused picture was not removed: %s", exc.strerror)

    def _others(self, path: str) -> list[str]:
        """Return the pictures here that were stored for the same row."""
        whole = self._root / path
        row = whole.stem.rpartition("-")[0]
        found = whole.parent.glob(f"{glob.escape(row)}-*.jpg")
        # Those with a dot are small copies, which go with theirs.
        own = (p for p in found if p != whole and "." not in p.stem)
        return [str(p.relative_to(self._root)) for p in own]

    def hand_over(self, *paths: str) -> None:
        """Take over files that were written to their place on this machine."""
        self._evidence.hand_over(*paths)

    def picture(self, path: str | None) -> Path | None:
        """Return the path of a picture on this machine's disk."""
        return self._evidence.local(path) if path else None

    def has(self, path: str | None) -> bool:
        """Return whether a file is to be expected: a bucket is not asked."""
        return bool(path and (self.shared or self._evidence.is_there(path)))

    def is_there(self, path: str | None) -> bool:
        """Return whether the file is not gone. Raises EvidenceAway."""
        return bool(path and self._evidence.is_there(path))

    def is_elsewhere(self, path: str | None) -> bool:
        """Return whether another machine still has to hand the file over."""
        return bool(path and self._evidence.is_elsewhere(path))

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
        """Return the video's path on this machine's disk."""
        return None if _is_deleted(clip) else self.picture(clip.path)

    def open_clip(self, clip: Clip) -> Path | EvidenceStream | None:
        """Return the video to be sent: what is not here is not fetched as a whole."""
        if _is_deleted(clip) or clip.path is None:
            return None
        return self._evidence.open(clip.path)

    def has_clip(self, clip: Clip) -> bool:
        return not _is_deleted(clip) and self.has(clip.path)

    def is_gone(self, clip: Clip) -> bool:
        """Return whether the video was deleted, or as good as that."""
        return _is_deleted(clip) or (self._evidence.alone and not self.has_clip(clip))

    def has_clip_thumbnail(self, clip: Clip) -> bool:
        return not _is_deleted(clip) and self.has(clip.thumbnail_path)

    def clip_thumbnail(self, clip: Clip) -> Path | None:
        return None if _is_deleted(clip) else self.picture(clip.thumbnail_path)

    def listed(self, kind: str, after: str, at_most: int) -> list[tuple[str, datetime]]:
        """Return the next pictures of a folder, with their times. Raises EvidenceAway.

        after: the last one that is known already, "" for none.
        """
        return self._evidence.listed(kind, after, at_most)

    def remove(self, path: str) -> None:
        """Delete a picture and the copies made of it.

        Raises:
            OSError: something is still there.
        """
        self._evidence.remove(path)

    def remove_clip(self, path: str) -> None:
        """Delete a video and its thumbnail; they do not return after a power cut.

        Raises:
            OSError: something is still there.
        """
        self.remove(path)
        self.remove(str(Path(path).with_suffix(".jpg")))
        folder = (self._root / path).parent
        if folder.is_dir():
            durable_file.sync_folder(folder)

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
