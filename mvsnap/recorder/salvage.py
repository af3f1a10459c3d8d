"""Salvage: the segments of a clip that can be read, when one of them cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mvsnap.recorder.spool import SpooledSegment
from mvsnap.values import replace


def readable(
    spooled: Sequence[SpooledSegment], is_readable: Callable[[Path], bool]
) -> list[SpooledSegment]:
    """Return those that can be read, each in a file of its own."""
    alone = [_alone(segment) for segment in spooled]
    return [segment for segment in alone if is_readable(segment.path)]


def _alone(segment: SpooledSegment) -> SpooledSegment:
    """Cut it out of the file of its run; the spool deletes that with the others."""
    if segment.place is None:
        return segment
    begin, end = segment.place
    path = segment.path.with_name(f"{segment.run}-{segment.number}.ts")
    with segment.path.open("rb") as file:
        file.seek(begin)
        path.write_bytes(file.read(end - begin))
    return replace(segment, path=path, place=None)
