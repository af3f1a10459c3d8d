"""Titles and details of clips, as numbers and text. Pure."""

from __future__ import annotations

from mvsnap.clip_model import AT_ONCE_S, Clip
from mvsnap.domain import Trigger, TriggerKind
from mvsnap.texts import N_, audit_wordings
from mvsnap.texts.sentences import localized
from mvsnap.texts.wording import Reason

# Titles of clips whose alarm has no text: and of those without an alarm.
_WITHOUT_ONE = (N_("Alarm"), N_("Manual recording"))
# What starts jobs whose titles are ours: a camera's crowd, a verdict on a badge.
_OURS = (TriggerKind.SENSE, TriggerKind.BADGE)


def title(clip: Clip) -> str:
    """Return the first line of the alarm's text, never an empty one."""
    if said := clip.title.partition("\n")[0].strip():
        return said
    by_hand = clip.trigger.kind is TriggerKind.COMMAND
    return _WITHOUT_ONE[by_hand]


def title_reason(clip: Clip) -> Reason:
    """Return the title as the audit log has it."""
    text = title(clip)
    if clip.title.strip():
        return Reason(text)
    return (
        audit_wordings.BY_HAND() if text == _WITHOUT_ONE[1] else audit_wordings.ALARM()
    )


def event_title(title: str, trigger: Trigger) -> str:
    """Return a title of ours in the site's language; others have their own words.

    Also the first words of a message, which are the title of what it is about.
    """
    return localized(title) if trigger.kind in _OURS else title


def clip_title(clip: Clip) -> str:
    """Return the title in the site's language, unless an alarm brought it."""
    said = title(clip)
    return localized(said) if said in _WITHOUT_ONE else event_title(said, clip.trigger)


def size(size_bytes: int) -> str:
    """Return the size for people, such as `340 kB`; "" for nothing."""
    if not size_bytes:
        return ""
    size_kb = max(1, round(size_bytes / 1e3))
    if size_kb < 1000:
        return f"{size_kb} kB"
    size_mb = size_bytes / 1e6
    return f"{size_mb:.1f} MB" if size_mb < 100 else f"{size_mb:.0f} MB"


def before_s(clip: Clip) -> float:
    """Return the seconds of video before the trigger, rounded as everywhere."""
    return round(clip.before_s, 1)


def after_s(clip: Clip) -> float:
    """Return the seconds of video after the trigger, rounded as everywhere."""
    if clip.ended_at is None:
        return 0
    after_it_s = max(0.0, (clip.ended_at - clip.at).total_seconds())
    # A video that began later has not all of that.
    return round(min(after_it_s, length_s(clip)), 1)


def length_s(clip: Clip) -> float:
    """Return the seconds of the video, rounded as everywhere; 0 without one."""
    if clip.began_at is None or clip.ended_at is None:
        return 0
    return round((clip.ended_at - clip.began_at).total_seconds(), 1)


def whole_seconds(before_s: float, length_s: float) -> tuple[int, int, int]:
    """Return what is before and after the trigger, and the length, as people read it.

    The first two add up to the third, so that no two places say different lengths.
    """
    whole_s = round(length_s)
    before = min(max(round(before_s), 0), whole_s)
    return before, whole_s - before, whole_s


def details(clip: Clip) -> dict[str, str | int | float]:
    """Return the details of the event of a recorded clip.

    before_s, after_s: of video around the trigger; length_s: of all of it; late_s: from
        the trigger to its begin; missing_s: seconds without a picture; the rest as in
        `Clip`. Empty for a failed clip.
    """
    if clip.began_at is None or clip.ended_at is None:
        return {}
    found: dict[str, str | int | float] = {
        "before_s": before_s(clip),
        "after_s": after_s(clip),
        "length_s": length_s(clip),
        "size_mb": round(clip.size_bytes / 1e6, 1),
        "codec": clip.codec,
        "partial": int(clip.partial),
    }
    late_s = (clip.began_at - clip.at).total_seconds()
    if late_s >= AT_ONCE_S:
        found["late_s"] = round(late_s, 1)
    missing_s = sum((g.ended_at - g.began_at).total_seconds() for g in clip.gaps)
    if missing_s > 0:
        found["missing_s"] = round(missing_s, 1)
    if clip.note:
        found["note"] = clip.note
    return found
