"""Attachments: the file sent with a message, shrunk to what its destination accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mvsnap.delivery.channel import FileLimits
from mvsnap.delivery.kinds import Attachment, MessageKind
from mvsnap.domain import Event
from mvsnap.errors import EvidenceAway
from mvsnap.store.clips import ClipStore
from mvsnap.store.files import Files

_LOST = "its file is gone"


@dataclass(frozen=True, slots=True)
class Attached:
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
                return self._picture(event, limits.picture_bytes)
            if kind.attachment is Attachment.CLIP:
                clip = self._clips.clip(event.id)
                most = limits.clip_bytes
                return Attached(self._files.clip_within(clip, most) if clip else None)
        except EvidenceAway as exc:
            return Attached(lacking=exc.message)
        return Attached()

    def _picture(self, event: Event, most_bytes: int) -> Attached:
        found = self._files.picture_within(event, most_bytes)
        is_lost = found is None and event.snapshot_path is not None
        return Attached(found, _LOST if is_lost else "")
