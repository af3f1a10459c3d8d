"""Results: a clip's outcome as JSON and back. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mvsnap.clip_model import Gap
from mvsnap.recorder.model import ClipResult
from mvsnap.recorder.times import shifted
from mvsnap.values import asdict, replace

_MOMENTS = ("at", "began_at", "ended_at")
_SAME_S = 0.5  # two clocks that differ by less are the same
_PATHS = ("path", "thumbnail_path")


def to_json(result: ClipResult, root: Path) -> dict[str, Any]:
    """Paths are written relative to `root`, so that the folder can be moved."""
    found = asdict(result)
    for name in _MOMENTS:
        found[name] = found[name] and found[name].isoformat()
    for name in _PATHS:
        found[name] = found[name] and str(found[name].relative_to(root))
    found["gaps"] = [
        [g.began_at.isoformat(), g.ended_at.isoformat()] for g in result.gaps
    ]
    return found


def from_json(found: dict[str, Any], root: Path) -> ClipResult:
    """Raises KeyError, TypeError or ValueError for anything else."""
    values = dict(found)
    for name in _MOMENTS:
        values[name] = values[name] and datetime.fromisoformat(values[name])
    for name in _PATHS:
        values[name] = values[name] and root / values[name]
    values["gaps"] = tuple(
        Gap(datetime.fromisoformat(begin), datetime.fromisoformat(end))
        for begin, end in values["gaps"]
    )
    return ClipResult(**values)


def by_another_clock(shared: ClipResult, ahead_s: float) -> ClipResult:
    """Return the times of a clip by a clock that was set since by this much."""
    if abs(ahead_s) < _SAME_S:
        return shared
    step = timedelta(seconds=ahead_s)
    return replace(
        shared,
        began_at=shifted(shared.began_at, ahead_s),
        ended_at=shifted(shared.ended_at, ahead_s),
        gaps=tuple(Gap(g.began_at + step, g.ended_at + step) for g in shared.gaps),
    )
