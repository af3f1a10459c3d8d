"""A bucket that cannot be used: said once, and tried again later and later."""

from __future__ import annotations

import logging
from datetime import timedelta

from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import defer_delay_s

log = logging.getLogger(__name__)


class BucketTrouble:
    """waits: what is so meanwhile, for the log, such as "clips are not copied".

    works: what is said when it is over.
    """

    def __init__(self, waits: str, works: str, clock: SystemClock) -> None:
        self._waits = waits
        self._works = works
        self._clock = clock
        self._said = ""
        self._since_s: float | None = None

    def failed(self, exc: UpstreamError | OSError) -> float:
        """Return how long to leave the bucket alone, in seconds."""
        why = reason_of(exc)
        upstream = exc if isinstance(exc, UpstreamError) else None
        if self._said != why:
            self._said = why
            # Waiting does not fix a wrong key: an operator has to.
            help_is_needed = upstream is not None and not upstream.retry
            level = logging.ERROR if help_is_needed else logging.WARNING
            log.log(level, "%s: %s", self._waits, why)
        now_s = self._clock.monotonic()
        if self._since_s is None:
            self._since_s = now_s
        asked_s = upstream.retry_after_s if upstream else None
        return defer_delay_s(timedelta(seconds=now_s - self._since_s), asked_s)

    def worked(self) -> None:
        if self._said:
            log.info(self._works)
        self._said = ""
        self._since_s = None


def reason_of(exc: UpstreamError | OSError) -> str:
    return exc.message if isinstance(exc, UpstreamError) else str(exc.strerror)
