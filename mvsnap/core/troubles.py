"""Troubles of a site: when one begins, when it is over, and what to report. Pure.

A trouble is reported once it has lasted `after`, and its end once nothing was wrong for
as long. One that comes back within that time is the same trouble; one that came and
went within it is never reported. Several that begin together are one message.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.values import replace

# Any fixed UUID: the same trouble must give the same ids, whoever sees it.
_NAMESPACE = uuid.UUID("7c0c2c39-2b0e-4d5a-9d6d-616c65727473")
# Their rows go after a day without a sign: then nobody can say that they are well.
_FORGOTTEN, _NOBODY = ("process",), "nobody"
# What begins soon after the first goes into the same message.
_GATHERS_AT_MOST = timedelta(minutes=1)


class Sight(Struct, frozen=True):
    """A part of the site as it is seen now; is_wrong: None where nobody can say."""

    name: str
    kind: str
    is_wrong: bool | None
    text: str = ""
    advice: str = ""


class Trouble(Struct, frozen=True):
    """ended_at: when it was first seen to be well again; None: it lasts.

    reported_by, over_by: the jobs that report it and of its end; "" as long as there is
    none. handed_over: the last of them was accepted.
    """

    id: str
    name: str
    kind: str
    text: str
    advice: str
    began_at: datetime
    ended_at: datetime | None = None
    reported_by: str = ""
    over_by: str = ""
    handed_over: bool = True

    def lasted(self, now: datetime) -> timedelta:
        return (self.ended_at or now) - self.began_at


def looked(
    known: Iterable[Trouble], seen: Sequence[Sight], now: datetime, after: timedelta
) -> list[Trouble]:
    """Return the troubles as they are now, without those that nobody has to know.

    known: those whose end no job reports yet. What is not seen any more is over.
    """
    by_name = _by_name(seen)
    before = {trouble.name: trouble for trouble in known}
    found = [
        _seen_again(trouble, by_name.get(trouble.name), now)
        for trouble in before.values()
    ]
    found += [
        _begun(sight, now)
        for name, sight in by_name.items()
        if sight.is_wrong and name not in before
    ]
    return [trouble for trouble in found if not _is_nothing(trouble, now, after)]


def reported(
    troubles: Sequence[Trouble], now: datetime, after: timedelta
) -> list[Trouble]:
    """Return the same, with a job for those of which it is time to report."""
    news = [t for t in troubles if not (t.reported_by or t.over_by)]
    due = {t.id: t.began_at + after for t in news if t.lasted(now) >= after}
    coming = [t.began_at + after for t in news if t.ended_at is None]
    reported_by = _job(due, coming, now, after, "trouble")
    ends = {
        t.id: t.ended_at + after
        for t in troubles
        if t.reported_by and not t.over_by and t.ended_at is not None and t.handed_over
    }
    over = {key: at for key, at in ends.items() if at <= now}
    over_by = _job(over, list(ends.values()), now, after, "over")
    found = []
    for trouble in troubles:
        if trouble.over_by:
            pass
        elif reported_by and trouble.id in due:
            trouble = replace(trouble, reported_by=reported_by, handed_over=False)
        elif over_by and trouble.id in over:
            trouble = replace(trouble, over_by=over_by, handed_over=False)
        found.append(trouble)
    return found


def moved(troubles: Iterable[Trouble], by: timedelta) -> list[Trouble]:
    """Return them as if the clock, which was set just now, had always been right."""
    return [
        replace(
            trouble,
            began_at=trouble.began_at + by,
            ended_at=trouble.ended_at + by if trouble.ended_at else None,
        )
        for trouble in troubles
    ]


def _by_name(seen: Sequence[Sight]) -> dict[str, Sight]:
    """Return one for each name: what is wrong counts, then what nobody knows."""
    ranks = {True: 2, None: 1, False: 0}
    found: dict[str, Sight] = {}
    for sight in seen:
        other = found.get(sight.name)
        if other is None or ranks[sight.is_wrong] > ranks[other.is_wrong]:
            found[sight.name] = sight
    return found


def _begun(sight: Sight, now: datetime) -> Trouble:
    key = str(uuid.uuid5(_NAMESPACE, f"{sight.name}\n{now.isoformat()}"))
    return Trouble(key, sight.name, sight.kind, sight.text, sight.advice, now)


def _seen_again(trouble: Trouble, sight: Sight | None, now: datetime) -> Trouble:
    if sight is not None and sight.is_wrong:
        return replace(trouble, ended_at=None)
    is_unknown = sight is not None and sight.is_wrong is None
    if trouble.ended_at is not None or is_unknown:
        return trouble  # nobody knows: as it was
    if sight is None and trouble.kind in _FORGOTTEN:
        return replace(trouble, ended_at=now, over_by=_NOBODY, handed_over=True)
    return replace(trouble, ended_at=now)


def _is_nothing(trouble: Trouble, now: datetime, after: timedelta) -> bool:
    """Return whether it came and went, and does not come back."""
    if trouble.reported_by or trouble.over_by or trouble.ended_at is None:
        return False
    return trouble.lasted(now) < after and now - trouble.ended_at >= after


def _job(
    due: Mapping[str, datetime],
    coming: Sequence[datetime],
    now: datetime,
    after: timedelta,
    what: str,
) -> str:
    """Return the id of the job that reports what is due; "": others are to follow.

    coming: when each becomes due that may go into the same message.
    """
    if not due:
        return ""
    until = min(due.values()) + min(after / 2, _GATHERS_AT_MOST)
    if any(now < at <= until for at in coming):
        return ""
    return str(uuid.uuid5(_NAMESPACE, "\n".join([what, *sorted(due)])))
