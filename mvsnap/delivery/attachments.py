"""Attachments: the file sent with a message, shrunk to what its destination accepts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from mvsnap.delivery.channel import FileLimits
from mvsnap.delivery.kinds import Attachment, MessageKind
from mvsnap.domain import Event
from mvsnap.errors import EvidenceAway
from mvsnap.store.clips import ClipStore
from mvsnap.store.files import Files

_LOST = "it was lost with its machine"
_NOT_HERE = "its file is not in the data_dir of this machine"


class Attached(Struct, frozen=True):
    """lacking: why there is no file although there should be one, in words."""

    file: Path | None = None
    lacking: str = ""


class Attachments:
    """limits: the files that a destination accepts."""

    def __init__(
        self, files: Files, clips: ClipStore, limits: Callable[[str], FileLimits]
    ) -> None:
        self._files = files
        self._clips = clips
        self._limits = limits

    def file(self, kind: MessageKind, event: Event, room: str) -> Attached:
        """Return the file to send: none where it is too large, or none is wanted."""
        limits = self._limits(room)
        try:
            if kind.attachment is Attachment.PICTURE and limits.picture_bytes:
                found = self._files.picture_within(event, limits.picture_bytes)
                return self._attached(found, is_expected=bool(event.snapshot_path))
            if kind.attachment is Attachment.CLIP:
                return self._clip(event, limits.clip_bytes)
        except EvidenceAway as exc:
            return Attached(lacking=exc.message[:1].lower() + exc.message[1:])
        return Attached()

    def _clip(self, event: Event, most_bytes: int) -> Attached:
        clip = self._clips.clip(event.id)
        if clip is None or clip.size_bytes > most_bytes:
            return Attached()
        is_expected = not self._files.is_gone(clip)
        return self._attached(self._files.clip(clip), is_expected=is_expected)

    def _attached(self, found: Path | None, *, is_expected: bool) -> Attached:
        if found is not None or not is_expected:
            return Attached(found)
        return Attached(lacking=_LOST if self._files.shared else _NOT_HERE)
