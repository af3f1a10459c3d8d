"""The steps of the cleaning table that need more than one call."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from mvsnap.jobs.clip_retention import ClipRetentionRules, Retention
from mvsnap.jobs.finished import FinishedJobs
from mvsnap.runtime.hand_over import FILE_COLUMNS
from mvsnap.runtime.parts import Parts
from mvsnap.store.events.alarm_messages import purge_messages
from mvsnap.store.files.known import KnownFiles
from mvsnap.store.files.stray_pictures import StrayPictures
from mvsnap.store.purging import PurgeResult, to_the_end

# Who changed what is asked for long after the pictures are gone.
_AUDIT_KEPT = timedelta(days=365)

_ASKED_FOR = timedelta(hours=6)

# Removes what is past its time; True: only says what that would remove.
Step = Callable[[bool], PurgeResult]


class Purge(Protocol):
    """What stores offer; before: what is older goes."""

    def __call__(self, before: datetime, /, *, dry_run: bool) -> PurgeResult: ...


class CleaningSteps:
    """jobs: the engine, which keeps a record of its own."""

    def __init__(self, parts: Parts, jobs: FinishedJobs) -> None:
        self._parts = parts
        self._jobs = jobs
        self._retention = retention(parts)
        self._stray_pictures = StrayPictures(
            parts.files, KnownFiles(parts.db, FILE_COLUMNS), parts.clock
        )

    def older_than_retention(self, purge: Purge) -> Step:
        def step(dry_run: bool) -> PurgeResult:
            before = self._oldest_kept()
            return self._to_the_end(partial(purge, before), dry_run)

        return step

    def ended(self, purge: Purge) -> Step:
        """Return the step of what ends at a time of its own."""
        return lambda dry_run: purge(self._parts.clock.now(), dry_run=dry_run)

    def clips(self, dry_run: bool) -> PurgeResult:
        return self._retention.tidy(dry_run=dry_run)

    def clips_over_limits(self, dry_run: bool) -> PurgeResult:
        return self._retention.tidy(dry_run=dry_run, by_age=False)

    def events(self, dry_run: bool) -> PurgeResult:
        before, gone = self._oldest_kept(), self._gone(dry_run)
        return self._to_the_end(
            partial(self._parts.store.purge, before, gone=gone), dry_run
        )

    def messages(self, dry_run: bool) -> PurgeResult:
        before, gone = self._oldest_kept(), self._gone(dry_run)
        return self._to_the_end(
            partial(purge_messages, self._parts.store, before, gone=gone), dry_run
        )

    def clip_rows(self, dry_run: bool) -> PurgeResult:
        return self._retention.forget(gone=self._gone(dry_run), dry_run=dry_run)

    def stray_files(self, dry_run: bool) -> PurgeResult:
        return self._retention.sweep(gone=self._gone(dry_run), dry_run=dry_run)

    def stray_pictures(self, dry_run: bool) -> PurgeResult:
        return self._stray_pictures.step(dry_run=dry_run)

    def all_stray_pictures(self, force: bool) -> Step:
        strays = self._stray_pictures
        return lambda dry_run: strays.all(dry_run=dry_run, force=force)

    def let_go_of_stray_pictures(self) -> None:
        self._stray_pictures.let_go()

    def finished_jobs(self, dry_run: bool) -> PurgeResult:
        # Its times cannot be put right; who asks for a job does so within hours.
        if self._parts.clock.was_wrong_within(_ASKED_FOR):
            return PurgeResult()
        before = self._oldest_kept()
        return PurgeResult(removed=self._jobs.forget_finished(before, dry_run=dry_run))

    def audit(self, dry_run: bool) -> PurgeResult:
        before = min(
            self._oldest_kept(), self._parts.clock.removable_before(_AUDIT_KEPT)
        )
        return self._parts.audit.purge(before, dry_run=dry_run)

    def photos(self, dry_run: bool) -> PurgeResult:
        known, now = self._parts.badges.directory.photo_paths(), self._parts.clock.now()
        return PurgeResult(
            removed=self._parts.files.keep_photos(known, now, dry_run=dry_run)
        )

    def observations(self, dry_run: bool) -> PurgeResult:
        days = self._parts.settings.scanning.keep_observations_days
        return self._parts.wifi.purge_observations(self._ago(days), dry_run=dry_run)

    def visits(self, dry_run: bool) -> PurgeResult:
        days = self._parts.settings.scanning.keep_visits_days
        return self._parts.wifi.purge_visits(self._ago(days), dry_run=dry_run)

    def _gone(self, dry_run: bool) -> Collection[str]:
        """Return the clips that a dry run did not remove; what they hold goes, too."""
        return self._retention.going() if dry_run else ()

    def _to_the_end(
        self, purge: Callable[..., PurgeResult], dry_run: bool
    ) -> PurgeResult:
        return to_the_end(lambda: self._finish(purge(dry_run=dry_run), dry_run))

    def _finish(self, result: PurgeResult, dry_run: bool) -> PurgeResult:
        # What is in a bucket was noted with its rows, and goes as soon as it can.
        if not dry_run and not self._parts.files.shared:
            for path in result.paths:
                self._parts.files.remove(path)
        return result

    def _oldest_kept(self) -> datetime:
        return self._ago(self._parts.settings.storage.retention_days)

    def _ago(self, days: int) -> datetime:
        return self._parts.clock.removable_before(timedelta(days=days))


def retention(parts: Parts, *, least_free_bytes: int = 0) -> Retention:
    """Return what removes clips: by age, by their size, for room on the disk.

    least_free_bytes: as much is needed also where the settings want less.
    """
    settings = parts.settings
    wanted_bytes = int(settings.recorder.min_free_mb * 1e6)
    rules = ClipRetentionRules(
        keep_for=timedelta(days=settings.storage.retention_days),
        max_bytes=int(settings.storage.max_gb * 1e9),
        # In a bucket they do not fill this disk; the cache has a limit of its own.
        min_free_bytes=0
        if settings.files_in_bucket
        else max(wanted_bytes, least_free_bytes),
        copies=settings.copies_clips,
    )
    return Retention(settings.data_dir, rules, parts.videos(), parts.files, parts.clock)
