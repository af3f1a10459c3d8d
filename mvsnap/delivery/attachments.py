"""Attachments: the file sent with a message, shrunk to what its destination accepts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mvsnap.delivery.channel import FileLimits
from mvsnap.delivery.kinds import Attachment, MessageKind
from mvsnap.domain import Event
from mvsnap.store.clips import ClipStore
from mvsnap.store.files import Files


class Attachments:
    """limits: the files that a destination accepts."""

    def __init__(
        self, files: Files, clips: ClipStore, limits: Callable[[str], FileLimits]
    ) -> None:
        self._files = files
        self._clips = clips
        self._limits = limits

    def file(self, kind: MessageKind, event: Event, room: str) -> Path | None:
        """Return the file to send, None where there is none or it is too large."""
        limits = self._limits(room)
        if kind.attachment is Attachment.PICTURE and limits.picture_bytes:
            return self._files.picture_within(event, limits.picture_bytes)
        if kind.attachment is Attachment.CLIP:
            clip = self._clips.clip(event.id)
            return self._files.clip_within(clip, limits.clip_bytes) if clip else None
        return None
