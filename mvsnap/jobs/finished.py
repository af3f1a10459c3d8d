"""The engine's record of jobs that are finished: kept for a time, then forgotten."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from mvsnap.clock import SystemClock

_FINISHED = ["SUCCESS", "ERROR", "CANCELLED"]
# Each lot is one transaction, which a trigger waits for.
_AT_ONCE = 200
_MOST_PAUSE_S = 0.5


class FinishedJobs(Protocol):
    def forget_finished(self, before: datetime, *, dry_run: bool = False) -> int:
        """Drop the record of finished jobs created before; return how many.

        dry_run: only count them.
        """


class NoJobs:
    """The record where no worker has ever run."""

    def forget_finished(self, before: datetime, *, dry_run: bool = False) -> int:
        return 0


def finished_pages(
    engine: Any, before: datetime, *, dry_run: bool = False
) -> Iterator[int]:
    """Forget finished jobs created before, some at a time; yield how many each time.

    engine: DBOS itself or its client, which list and delete workflows alike.
    """
    seen, many, clock = 0, _AT_ONCE, SystemClock()
    while many == _AT_ONCE:
        old = engine.list_workflows(
            status=_FINISHED,
            end_time=before.isoformat(),
            limit=_AT_ONCE,
            offset=seen if dry_run else 0,
            load_input=False,
            load_output=False,
        )
        many = len(old)
        if many and not dry_run:
            began_s = time.monotonic()
            engine.delete_workflows([status.workflow_id for status in old])
            # The others have as much time as this took.
            clock.sleep(min(time.monotonic() - began_s, _MOST_PAUSE_S))
        seen += many
        yield many
