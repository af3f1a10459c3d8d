"""Pictures beside the database: they appear whole or not at all."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from mvsnap.domain import Event, EventId


class Files:
    """Files below `data_dir`; paths given out are relative to it."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir

    def save_snapshot(self, event_id: EventId, at: datetime, jpeg: bytes) -> str:
        """Write the picture durably and return its path."""
        path = Path("snapshots") / f"{at:%Y/%m/%d}" / f"{event_id}.jpg"
        _write_whole(self._root / path, jpeg)
        return str(path)

    def snapshot(self, event: Event) -> Path | None:
        """Return the picture's place on disk, None when there is none (any more)."""
        if event.snapshot_path is None:
            return None
        path = self._root / event.snapshot_path
        return path if path.is_file() else None

    def remove(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Without it the name may be lost in a power cut although the content is safe.
        os.fsync(folder)
    finally:
        os.close(folder)
