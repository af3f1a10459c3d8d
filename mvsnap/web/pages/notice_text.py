"""Notices in words: who is not notified of a job, or later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from mvsnap.core.notices import Notice, NoticeState
from mvsnap.texts import formats
from mvsnap.texts.sentences import localized


def notice_texts(notices: Iterable[Notice], zone: tzinfo) -> list[str]:
    """Return a sentence without its full stop for each that is not simply sent."""
    texts = (_text(one, zone) for one in notices)
    return [localized(text) for text in texts if text]


def _text(notice: Notice, zone: tzinfo) -> str:
    room = notice.room
    if notice.state is NoticeState.QUIET:
        return f"{room}: quiet hours, nothing is sent"
    if notice.state is NoticeState.GROUPED:
        return f"{room}: grouped, one message says how many there were"
    if notice.state is NoticeState.LATE and notice.due_at is not None:
        local = notice.due_at.astimezone(zone)
        at = f"{formats.near_day(local)} {local:%H:%M}"
        return f"{room}: quiet hours, to be sent {at}"
    return f"{room}: notified because nobody confirmed" if notice.is_extra else ""
