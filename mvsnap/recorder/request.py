"""Clip requests, and the file on disk with their progress."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from mvsnap import durable_file
from mvsnap.recorder import results
from mvsnap.recorder.model import ClipResult
from mvsnap.recorder.times import Instant
from mvsnap.texts import reasons
from mvsnap.values import asdict, replace

_NOTE = "clip.json"


class ClipRequest(Struct, frozen=True):
    """A request: [at - pre_roll, at + post_roll] of a camera."""

    camera: str
    name: str
    at: datetime
    pre_roll_s: float
    post_roll_s: float

    @property
    def begin(self) -> datetime:
        return self.at - timedelta(seconds=self.pre_roll_s)

    @property
    def end(self) -> datetime:
        return self.at + timedelta(seconds=self.post_roll_s)

    def limited(self, most_s: float) -> ClipRequest:
        pre_roll_s = min(self.pre_roll_s, most_s)
        post_roll_s = min(self.post_roll_s, most_s - pre_roll_s)
        return replace(self, pre_roll_s=pre_roll_s, post_roll_s=post_roll_s)


class Note:
    """A request's `clip.json`: survives a crash, so that no request is done twice."""

    def __init__(self, folder: Path, data_dir: Path) -> None:
        self._folder = folder
        self._data_dir = data_dir
        self.trigger = self._trigger()

    def until(self) -> datetime | None:
        """The end it was extended to, before a crash."""
        text = self._read().get("until")
        return datetime.fromisoformat(text) if text else None

    def result(self) -> ClipResult | None:
        """The outcome of the request; None while it is not done."""
        note = self._read()
        if not (found := note.get("result")):
            return None
        result = results.from_json(found, self._data_dir)
        kept = note.get("reasons")
        return replace(
            result,
            error=reasons.read(kept, "error", result.error),
            note=reasons.read(kept, "note", result.note),
        )

    def owner(self) -> ClipRequest | None:
        """The request whose clip covers this one, too."""
        found = self._read().get("part_of")
        if not found:
            return None
        return ClipRequest(**{**found, "at": datetime.fromisoformat(found["at"])})

    def write(
        self,
        request: ClipRequest,
        until: datetime,
        result: ClipResult | None,
        part_of: ClipRequest | None = None,
    ) -> None:
        """Write it durably, with `trigger`, replacing what was there."""
        note: dict[str, Any] = {"camera": request.camera, "name": request.name}
        note["trigger"] = self.trigger and asdict(self.trigger)
        note["until"] = until.isoformat()
        if part_of is not None:
            note["part_of"] = {**asdict(part_of), "at": part_of.at.isoformat()}
        if result is not None:
            note["result"] = results.to_json(result, self._data_dir)
            # Beside it: the release before reads a result as it knows it.
            note["reasons"] = reasons.stored(error=result.error, note=result.note)
        durable_file.write(self._folder / _NOTE, json.dumps(note).encode())

    def _trigger(self) -> Instant | None:
        """When it was by the monotonic clock, as found out by the first attempt."""
        found = self._read().get("trigger")
        return Instant(str(found["boot"]), float(found["mono"])) if found else None

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / _NOTE).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
