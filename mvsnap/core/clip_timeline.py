"""Clip timeline: video, gaps and triggers of a clip as positions on a line. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from mvsnap.clip_model import Clip
from mvsnap.core.clip_text import clip_title
from mvsnap.texts import formats


class Stretch(Struct, frozen=True):
    """A period on the line; `left` and `width` in percent of it."""

    left: float
    width: float
    began_at: datetime
    ended_at: datetime

    @property
    def lasted(self) -> str:
        return formats.tenths((self.ended_at - self.began_at).total_seconds())


class Mark(Struct, frozen=True):
    """A moment on the line. seek_s: its position in the video."""

    clip: Clip
    left: float
    seek_s: float

    @property
    def title(self) -> str:
        return clip_title(self.clip)


class Timeline(Struct, frozen=True):
    """began_at, ended_at: of the line, with gaps before and after the video.

    begin_s: where the line begins in the video, negative if the video began late.

    before: the video from before the trigger. others: triggers of other
    clips that share the video.
    """

    began_at: datetime
    ended_at: datetime
    begin_s: float
    length_s: float
    video: Stretch
    before: Stretch | None
    gaps: tuple[Stretch, ...]
    trigger: Mark
    others: tuple[Mark, ...]


def timeline(clip: Clip, sharing: Iterable[Clip] = ()) -> Timeline | None:
    """Return the timeline of a recorded clip, None for any other.

    sharing: clips with the same video; this one may be among them.
    """
    began_at, ended_at = clip.began_at, clip.ended_at
    if began_at is None or ended_at is None or ended_at <= began_at:
        return None
    line = _Line(
        min([began_at, *(gap.began_at for gap in clip.gaps)]),
        max([ended_at, *(gap.ended_at for gap in clip.gaps)]),
        began_at,
        ended_at,
    )
    before_until = min(clip.at, ended_at)
    return Timeline(
        began_at=line.begin,
        ended_at=line.end,
        begin_s=(line.begin - began_at).total_seconds(),
        length_s=line.length_s,
        video=line.stretch(began_at, ended_at),
        before=line.stretch(began_at, before_until)
        if before_until > began_at
        else None,
        gaps=tuple(line.stretch(gap.began_at, gap.ended_at) for gap in clip.gaps),
        trigger=line.mark(clip),
        others=tuple(line.mark(other) for other in sharing if other.id != clip.id),
    )


class _Line(Struct, frozen=True):
    begin: datetime
    end: datetime
    video_began_at: datetime
    video_ended_at: datetime

    @property
    def length_s(self) -> float:
        return (self.end - self.begin).total_seconds()

    def percent(self, at: datetime) -> float:
        share = (at - self.begin).total_seconds() / self.length_s
        return round(100 * min(max(share, 0), 1), 2)

    def stretch(self, began_at: datetime, ended_at: datetime) -> Stretch:
        left = self.percent(began_at)
        width = round(self.percent(ended_at) - left, 2)
        return Stretch(left, width, began_at, ended_at)

    def mark(self, clip: Clip) -> Mark:
        within = min(max(clip.at, self.video_began_at), self.video_ended_at)
        seek_s = (within - self.video_began_at).total_seconds()
        return Mark(clip, self.percent(clip.at), round(seek_s, 2))
