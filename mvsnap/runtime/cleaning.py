"""What is kept how long: one table, walked by the worker and by `purge`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from mvsnap.config.model import Settings
from mvsnap.jobs.clip_retention import ClipRetentionRules, Retention
from mvsnap.jobs.engine import JOBS_TABLE, ClientEngine
from mvsnap.jobs.finished import FinishedJobs, NoJobs
from mvsnap.runtime.hand_over import FILE_COLUMNS
from mvsnap.runtime.parts import Parts, jobs_url
from mvsnap.store.alarm_messages import purge_messages
from mvsnap.store.database import has_table
from mvsnap.store.known_files import KnownFiles
from mvsnap.store.old_bot_requests import purge_requests
from mvsnap.store.purging import PurgeResult, to_the_end
from mvsnap.store.stray_pictures import STRAY_PICTURES, StrayPictures

# Who changed what is asked for long after the pictures are gone.
_AUDIT_KEPT = timedelta(days=365)

_ASKED_FOR = timedelta(hours=6)

_OFTEN_S = 300.0
_HOURLY_S = 3600.0
_DAILY_S = 86400.0

_DAYS = "storage.retention_days"
_OBSERVATION_DAYS = "scanning.keep_observations_days"
_VISIT_DAYS = "scanning.keep_visits_days"
_CLIP_LIMITS = f"{_DAYS}, storage.max_gb, recorder.min_free_mb"

# Tables that nothing here empties, each with the reason.
KEPT = {
    "cameras": "one row for each camera, replaced by what the Dashboard says",
    "zones": "one row for each zone, replaced by what the Dashboard says",
    "visitor_zones": "one row for each zone, replaced by what the Dashboard says",
    "recorder_cameras": "one row for each camera that records",
    "workers": "a silent worker is forgotten as soon as its jobs are taken over",
    "processes": "one that was not seen for a day is forgotten at the next start",
    "upstreams": "as the process that called them",
    "claims": "one row for each kind of work that one process does for all",
    "identities": "one row for each process that a machine has at once",
    "holders": "one that is silent for an hour is forgotten by the next that renews",
    "holdings": "one row for each piece of work, replaced when it goes to another",
    "zone_buckets": "one row for each share of the zones, sixty-four in all",
    "call_budgets": "one row for each organization and bot",
    "fetches": "one row for each list that one process fetches for all",
    "restores": "one row for each time a backup was restored",
    "setting_overrides": "settings hold until they are changed",
    "published_events": "those of two days, forgotten by whoever publishes",
    "cleanings": "one row for each kind of data",
    "file_tasks": "each goes when it is done",
    "data_folders": "those of machines that are gone are forgotten after a month",
    "schedule_runs": "one row for each schedule, and for each change on the pages",
    "setting_entries": "entries hold until they are removed",
    "users": "users stay until they are removed",
    "second_factors": "one row for each user with an authenticator app",
    "recovery_codes": "ten for each user with an authenticator app, at most",
    "api_keys": "keys stay until they are removed, so that expired ones are explained",
    "cardholders": "replaced whenever the directory is read",
    "directories": "one row, about the directory that was read last",
    "scan_batches": "each goes when it is processed",
    "scan_sources": "few, and visits refer to them",
    "scan_pauses": "each goes when its rebuild ends",
    "visit_count_rule": "one row",
}

_DELIVERIES = ("deliveries", "repeats")
_VISITS = ("visits", "visit_counts", "device_days")
_NOTICES = ("notices", "notice_groups", "seen_jobs")

# Removes what is past its time; True: only says what that would remove.
Step = Callable[[bool], PurgeResult]


class _Purge(Protocol):
    """What stores offer; before: what is older goes."""

    def __call__(self, before: datetime, /, *, dry_run: bool) -> PurgeResult: ...


@dataclass(frozen=True, slots=True)
class DataKind:
    """One kind of data.

    kept: the setting that says how long, or what else does. tables: those it empties.
    every_s: how often the worker takes the step. for_room: what goes whatever its age.
    by_hand: what a person asks for, where a step is only a part of that; True: also
    what is held. Its result names files. let_go: somebody did so in another process.
    """

    name: str
    kept: str
    step: Step
    tables: tuple[str, ...] = ()
    every_s: float = _HOURLY_S
    for_room: Step | None = None
    by_hand: Callable[[bool], Step] | None = None
    let_go: Callable[[], None] | None = None

    def as_asked_for(self, *, force: bool) -> DataKind:
        """Return this with all that a person asks for in one step."""
        return self if self.by_hand is None else replace(self, step=self.by_hand(force))

    def purge(self, *, dry_run: bool = False) -> PurgeResult:
        return replace(self.step(dry_run), name=self.name)

    def make_room(self) -> PurgeResult:
        """Remove only what has to go for want of room."""
        result = PurgeResult() if self.for_room is None else self.for_room(False)
        return replace(result, name=self.name)


def kinds(parts: Parts, jobs: FinishedJobs) -> tuple[DataKind, ...]:
    """Return the table of a site; clips come first, for they hold their events.

    jobs: the engine, which keeps a record of its own.
    """
    steps = _Steps(parts, jobs)
    old, over = steps.older_than_retention, steps.over
    return (
        DataKind(
            "Clips",
            _CLIP_LIMITS,
            steps.clips,
            ("clips",),
            _OFTEN_S,
            for_room=steps.clips_over_limits,
        ),
        DataKind("Events", _DAYS, steps.events, ("events",)),
        DataKind(
            "Messages of alarms",
            _DAYS,
            steps.messages,
            ("alarm_messages",),
        ),
        DataKind("Deliveries", _DAYS, old(parts.store.purge_deliveries), _DELIVERIES),
        DataKind("Entries of removed clips", _DAYS, steps.clip_rows, ("clips",)),
        DataKind("Finished jobs", _DAYS, steps.finished_jobs),
        DataKind("States of jobs", _DAYS, old(parts.job_states.purge), ("job_states",)),
        DataKind(
            "Troubles", _DAYS, old(parts.troubles.purge), ("troubles", "reported_ends")
        ),
        *_of_people(parts, old),
        DataKind("Presences", _DAYS, old(parts.sense.purge), ("presences",)),
        DataKind(
            "MV Sense states",
            _DAYS,
            old(parts.sense.purge_states),
            ("watches", "camera_last_seen", "listeners"),
        ),
        *_of_visitors(parts, old),
        DataKind("Mutes", "until they end", over(parts.site.purge), ("mutes",)),
        *_of_log_ins(parts, over),
        DataKind("Audit log", f"{_DAYS}, at least a year", steps.audit, ("audit",)),
        DataKind(
            "Badge events",
            _DAYS,
            old(parts.badges.store.purge),
            ("badges", "judgements", "near_pictures"),
        ),
        DataKind("Unused photos", "until the directory drops them", steps.photos),
        DataKind(
            "Wi-Fi observations",
            _OBSERVATION_DAYS,
            steps.observations,
            ("observations",),
        ),
        DataKind("Wi-Fi visits", _VISIT_DAYS, steps.visits, _VISITS),
        *_of_no_row(steps),
    )


def _of_people(parts: Parts, old: Callable[[_Purge], Step]) -> Iterator[DataKind]:
    """Yield what is kept of whom to notify, and of what they answer."""
    yield DataKind("Notices", _DAYS, old(parts.notices.purge), _NOTICES)
    asked = old(partial(purge_requests, parts.db))
    yield DataKind("Requests to the bot", _DAYS, asked, ("bot_requests",))


def _of_no_row(steps: _Steps) -> Iterator[DataKind]:
    """Yield files that no row names."""
    yield DataKind(
        STRAY_PICTURES,
        "a week",
        steps.stray_pictures,
        every_s=_OFTEN_S,
        by_hand=steps.all_stray_pictures,
        let_go=steps.let_go_of_stray_pictures,
    )
    yield DataKind("Files without a clip", "a day", steps.stray_files, (), _DAILY_S)


def _of_visitors(parts: Parts, old: Callable[[_Purge], Step]) -> Iterator[DataKind]:
    visitors = parts.visitors.store
    yield DataKind(
        "Visitor counts",
        _DAYS,
        old(visitors.purge),
        ("visitor_hours", "visitor_days", "visitor_cameras", "zone_page_views"),
    )
    pictures = old(visitors.purge_pictures)
    yield DataKind("Busiest minutes", _DAYS, pictures, ("visitor_pictures",))


def _of_log_ins(parts: Parts, over: Callable[[_Purge], Step]) -> Iterator[DataKind]:
    hours, kept, users = "login.session_hours", "until they end", parts.users
    yield DataKind("Sessions", hours, over(users.sessions.purge), ("sessions",))
    ended = over(users.purge)
    yield DataKind("Provider log-ins, shared links", kept, ended, ("secrets",))
    yield DataKind("Replaced keys", kept, over(parts.keys.purge), ("key_secrets",))
    of_sessions = over(parts.session_keys.purge)
    yield DataKind("Replaced session keys", kept, of_sessions, ("secrets",))


@contextmanager
def record_of_jobs(settings: Settings) -> Iterator[FinishedJobs]:
    """Open the engine's record for a command, which runs no jobs itself."""
    url = jobs_url(settings)
    if not has_table(url, JOBS_TABLE):
        yield NoJobs()
        return
    with closing(ClientEngine(url)) as engine:
        yield engine


def retention(parts: Parts) -> Retention:
    """Return what removes clips: by age, by their size, for room on the disk."""
    settings = parts.settings
    rules = ClipRetentionRules(
        keep_for=timedelta(days=settings.storage.retention_days),
        max_bytes=int(settings.storage.max_gb * 1e9),
        # In a bucket they do not fill this disk; the cache has a limit of its own.
        min_free_bytes=0
        if settings.files_in_bucket
        else int(settings.recorder.min_free_mb * 1e6),
        copies=settings.copies_clips,
    )
    return Retention(settings.data_dir, rules, parts.videos(), parts.files, parts.clock)


class _Steps:
    """The steps of the table that need more than one call."""

    def __init__(self, parts: Parts, jobs: FinishedJobs) -> None:
        self._parts = parts
        self._jobs = jobs
        self._retention = retention(parts)
        self._stray_pictures = StrayPictures(
            parts.files, KnownFiles(parts.db, FILE_COLUMNS), parts.clock
        )

    def older_than_retention(self, purge: _Purge) -> Step:
        def step(dry_run: bool) -> PurgeResult:
            before = self._oldest_kept()
            return self._to_the_end(partial(purge, before), dry_run)

        return step

    def over(self, purge: _Purge) -> Step:
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
