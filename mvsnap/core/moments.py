"""Moments of pictures: what a picture must show, and how far it is from that. Pure."""

from __future__ import annotations

from datetime import datetime

from mvsnap.domain import Event, EventKind, Job

# In the details of an event: a picture of now, while the wanted one is not there yet.
IS_FIRST = "is_first"
# Less than this is what asking a camera takes.
_SAME_S = 2.0


def wanted_moment(job: Job, raised: Event | None = None) -> datetime:
    """Return the moment that the pictures of a job must show.

    raised: what the job is about. A crowd began earlier than it became an alarm, so
        only the time of an alarm counts.
    """
    if job.at is None and raised is not None and raised.kind is EventKind.ALARM:
        return raised.occurred_at
    return job.at or job.accepted_at


def is_first_picture(event: Event) -> bool:
    """Return whether it is a picture of now that another one follows."""
    return event.kind is EventKind.SNAPSHOT and IS_FIRST in event.details


def seconds_off(shown: datetime, wanted: datetime) -> float | None:
    """Return how much later a picture is than wanted; None: as good as the same."""
    off_s = (shown - wanted).total_seconds()
    return off_s if abs(off_s) >= _SAME_S else None
