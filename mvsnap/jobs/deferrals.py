"""How often waiting jobs were deferred: said once for each thing they wait for.

While a room is away, one job after the other tries it every few seconds: a line for
each attempt would bury what else happens.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from mvsnap.domain import JobId
from mvsnap.jobs.waits import TIME, Wait

# More than wait with a room that is away; one that was forgotten is said once more.
_MOST = 10_000


class Deferrals:
    """Thread-safe. Counts the jobs of this process until they end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[JobId, tuple[str, int]] = OrderedDict()

    def is_news(self, job_id: JobId, wait: Wait) -> bool:
        """Count it; return whether the job did not wait for the same before.

        A wait for a time alone is news: each is longer than the one before.
        """
        with self._lock:
            before, times = self._known.pop(job_id, (TIME, 0))
            self._known[job_id] = wait.what, times + 1
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return wait.what == TIME or wait.what != before

    def end(self, job_id: JobId) -> int:
        """Forget the job; return how often it was deferred."""
        with self._lock:
            return self._known.pop(job_id, (TIME, 0))[1]
