"""What a clip's event says about it, in numbers and words. Pure."""

from __future__ import annotations

from mvsnap.footage import Clip


def details(clip: Clip) -> dict[str, str | int | float]:
    """Return the details of the event of a recorded clip.

    before_s, after_s: of video around the trigger; missing_s: seconds of that without
    any picture; the rest as in `Clip`. Nothing of a clip that failed.
    """
    if clip.began_at is None or clip.ended_at is None:
        return {}
    found: dict[str, str | int | float] = {
        "before_s": round(clip.before_s, 1),
        "after_s": round(max(0.0, (clip.ended_at - clip.at).total_seconds()), 1),
        "size_mb": round(clip.size_bytes / 1e6, 1),
        "codec": clip.codec,
        "partial": int(clip.partial),
    }
    missing_s = sum((g.ended_at - g.began_at).total_seconds() for g in clip.gaps)
    if missing_s > 0:
        found["missing_s"] = round(missing_s, 1)
    if clip.note:
        found["note"] = clip.note
    return found
