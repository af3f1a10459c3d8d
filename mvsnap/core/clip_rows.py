"""Clip rows: a clip as shown by lists and its own page, as text and numbers. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.clip_model import Clip, ClipState, CopyState
from mvsnap.clock import is_to_come
from mvsnap.core import clip_text
from mvsnap.core.days import lasting
from mvsnap.texts import N_, _, formats, ngettext
from mvsnap.texts.reasons import said

_COPIES = {
    CopyState.NONE: "",
    CopyState.WAITING: N_("waiting to be copied to S3"),
    CopyState.COPIED: "copied to S3",
    CopyState.FAILED: N_("not copied to S3"),
}


class ClipRow(Struct, frozen=True):
    """A clip at a moment. pre_roll_s, post_roll_s: of the requested window."""

    clip: Clip
    now: datetime
    pre_roll_s: float
    post_roll_s: float

    @property
    def is_finished(self) -> bool:
        return self.clip.state not in (ClipState.WAITING, ClipState.RECORDING)

    @property
    def word(self) -> str:
        """The state in one word; `partial` is a ready clip that lacks something."""
        clip = self.clip
        if clip.state is ClipState.READY and clip.partial:
            return "partial"
        if clip.state is ClipState.RECORDING and self.now >= self._until:
            return "finishing"
        return clip.state.value

    @property
    def reason(self) -> str:
        """Explains the state, for people; "" for nothing."""
        clip = self.clip
        if clip.state is ClipState.FAILED:
            return said(clip.error or _("no video was recorded"))
        if clip.state is ClipState.DELETED:
            return ""
        length, missing = formats.tenths(self.missing_s), ""
        if self.missing_s >= 0.5:
            many = formats.many(self.missing_s)
            words = ngettext("%(length)s missing", "%(length)s missing", many)
            missing = words % {"length": length}
        return "; ".join(filter(None, (missing, said(clip.note or ""))))

    @property
    def missing_s(self) -> float:
        gaps = self.clip.gaps
        return sum((gap.ended_at - gap.began_at).total_seconds() for gap in gaps)

    @property
    def window_s(self) -> int:
        """Requested length of the clip, at least one second."""
        return max(1, round(self.pre_roll_s + self.post_roll_s))

    @property
    def recorded_s(self) -> int:
        """How much of the window has passed."""
        begin = self.clip.at - timedelta(seconds=self.pre_roll_s)
        gone_s = (self.now - begin).total_seconds()
        return round(min(max(gone_s, 0), self.window_s))

    @property
    def length_s(self) -> int | None:
        """Length of the video, None without one."""
        clip = self.clip
        if clip.began_at is None or clip.ended_at is None:
            return None
        return self._whole_s[2]

    @property
    def length(self) -> str:
        return "" if self.length_s is None else lasting(self.length_s)

    @property
    def clock(self) -> str:
        """The length as players show it, such as `0:32`."""
        if self.length_s is None:
            return ""
        minutes, seconds = divmod(self.length_s, 60)
        return f"{minutes}:{seconds:02}"

    @property
    def before(self) -> str:
        """How much of the length is from before the trigger."""
        return lasting(self._whole_s[0])

    @property
    def after(self) -> str:
        """How much of the length is from after the trigger."""
        return lasting(self._whole_s[1])

    @property
    def before_s(self) -> float:
        """Seconds of video before the trigger."""
        return clip_text.before_s(self.clip)

    @property
    def after_s(self) -> float:
        """Seconds of video after the trigger."""
        return clip_text.after_s(self.clip)

    @property
    def received(self) -> str:
        """How long after its moment the alarm arrived; "" if immediately."""
        late_s = (self.clip.received_at - self.clip.at).total_seconds()
        if late_s < 0.1:
            return ""
        length = f"{formats.decimal(late_s)} s" if late_s < 10 else lasting(late_s)
        return _("%(length)s later") % {"length": length}

    @property
    def size(self) -> str:
        return formats.as_written(clip_text.size(self.clip.size_bytes))

    @property
    def copy(self) -> str:
        return _COPIES.get(self.clip.copy_state, "")

    @property
    def title(self) -> str:
        return clip_text.clip_title(self.clip)

    @property
    def tag(self) -> str:
        """A text that changes whenever the row shows something else."""
        clip = self.clip
        recorded = "" if self.is_finished else str(self.recorded_s)
        parts = (clip.id, self.word, self.reason, recorded, clip.copy_state)
        marks = f"{clip.kept:d}{is_to_come(clip.at, self.now):d}"
        return "|".join([*parts, marks, clip.thumbnail_path or ""])

    @property
    def _whole_s(self) -> tuple[int, int, int]:
        clip = self.clip
        return clip_text.whole_seconds(clip.before_s, clip_text.length_s(clip))

    @property
    def _until(self) -> datetime:
        return self.clip.at + timedelta(seconds=self.post_roll_s)
