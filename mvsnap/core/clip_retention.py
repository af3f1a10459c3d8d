"""Retention: which videos to delete, by age, total size, and free disk space.

Pure. The oldest goes first; one that is kept, or still in use, never.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Why(StrEnum):
    AGE = "age"
    SIZE = "size"
    SPACE = "space"


class Video(Struct, frozen=True):
    """A file with the data of its clips; several clips may share it.

    last_at: the latest moment it was recorded for. busy: not to be deleted yet.
    uncopied: its copy is still to be made, so it is deleted only in an emergency.
    """

    path: str
    last_at: datetime
    size_bytes: int
    kept: bool = False
    busy: bool = False
    uncopied: bool = False


class ClipLimits(Struct, frozen=True):
    """before: older ones are deleted. lacking_bytes: to be freed on disk."""

    before: datetime
    max_bytes: int
    lacking_bytes: int = 0


def lacking_bytes(free_bytes: int, min_free_bytes: int) -> int:
    """Return how much space to free, before there is less than the minimum.

    Below that no clip is started, and this is asked every five minutes: so it begins
    with half as much again. A fifth more than needed is freed, so that it lasts.
    """
    enough_bytes = min_free_bytes * 3 // 2
    if free_bytes >= enough_bytes:
        return 0
    return enough_bytes * 6 // 5 - free_bytes


def to_remove(videos: Iterable[Video], limits: ClipLimits) -> list[tuple[Video, Why]]:
    """Return the videos to delete, in order, each with the reason."""
    found = sorted(videos, key=lambda video: video.last_at)
    over = sum(video.size_bytes for video in found) - limits.max_bytes
    lacking = limits.lacking_bytes
    gone: list[tuple[Video, Why]] = []
    free = [video for video in found if not video.kept and not video.busy]
    for video in free:
        if video.uncopied:
            continue
        why = _why(video, limits, over, lacking)
        if why is None:
            break
        gone.append((video, why))
        over -= video.size_bytes
        lacking -= video.size_bytes
    for video in free:
        if lacking <= 0:
            break
        if video.uncopied:
            gone.append((video, Why.SPACE))
            lacking -= video.size_bytes
    return gone


def _why(video: Video, limits: ClipLimits, over: int, lacking: int) -> Why | None:
    if video.last_at < limits.before:
        return Why.AGE
    if over > 0:
        return Why.SIZE
    return Why.SPACE if lacking > 0 else None
