"""Messages that were worked on, but whose effects may not all be durable yet.

The broker sends them again if this process ends before they are acknowledged.
"""

from __future__ import annotations

from mvsnap.sense.buffer import Batch


class Unacknowledged:
    """Batches wait for the next save; those that started a job wait for it, too."""

    def __init__(self) -> None:
        self._to_save: list[Batch] = []
        self._with_jobs: list[Batch] = []

    @property
    def waits_to_be_saved(self) -> bool:
        return bool(self._to_save)

    def add(self, batch: Batch, *, has_job: bool) -> None:
        # Only those that started a job wait for it: counts go on with a full queue.
        (self._with_jobs if has_job else self._to_save).append(batch)

    def pop(self, *, jobs_are_accepted: bool) -> list[Batch]:
        """Return those that may be acknowledged; call it when all is saved."""
        safe, self._to_save = self._to_save, []
        if jobs_are_accepted:
            safe += self._with_jobs
            self._with_jobs = []
        return safe

    def clear(self) -> None:
        """Forget them: their connection has ended, so nobody can acknowledge them."""
        self._to_save.clear()
        self._with_jobs.clear()
