"""What is kept how long: one table, walked by the worker and by `purge`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.jobs.engine import JOBS_TABLE, ClientEngine
from mvsnap.jobs.finished import FinishedJobs, NoJobs
from mvsnap.runtime.cleaning_steps import CleaningSteps, Purge, Step
from mvsnap.runtime.parts import Parts, jobs_url
from mvsnap.store.database import has_table
from mvsnap.store.files.stray_pictures import STRAY_PICTURES
from mvsnap.store.old_bot_requests import purge_requests
from mvsnap.store.purging import PurgeResult
from mvsnap.values import replace

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


class DataKind(Struct, frozen=True):
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
    steps = CleaningSteps(parts, jobs)
    return (
        *_of_triggers(parts, steps),
        *_of_analytics(parts, steps),
        *_of_users(parts, steps),
        *_of_no_row(steps),
    )


def _of_triggers(parts: Parts, steps: CleaningSteps) -> Iterator[DataKind]:
    """Yield what happened, what was sent, and who was notified."""
    old = partial(_old, steps)
    limits, make_room = _CLIP_LIMITS, steps.clips_over_limits
    yield DataKind("Clips", limits, steps.clips, ("clips",), _OFTEN_S, make_room)
    yield DataKind("Events", _DAYS, steps.events, ("events",))
    yield DataKind("Messages of alarms", _DAYS, steps.messages, ("alarm_messages",))
    yield old("Deliveries", parts.store.purge_deliveries, "deliveries", "repeats")
    yield DataKind("Entries of removed clips", _DAYS, steps.clip_rows, ("clips",))
    yield DataKind("Finished jobs", _DAYS, steps.finished_jobs)
    yield old("States of jobs", parts.job_states.purge, "job_states")
    yield old("Troubles", parts.troubles.purge, "troubles", "reported_ends")
    notices = "notices", "notice_groups", "seen_jobs"
    yield old("Notices", parts.notices.purge, *notices)
    asked = partial(purge_requests, parts.db)
    yield old("Requests to the bot", asked, "bot_requests")


def _of_analytics(parts: Parts, steps: CleaningSteps) -> Iterator[DataKind]:
    """Yield what was counted and seen: zones, visitors, badges, phones."""
    old, visitors = partial(_old, steps), parts.visitors.store
    yield old("Presences", parts.sense.purge, "presences")
    states = "watches", "camera_last_seen", "listeners"
    yield old("MV Sense states", parts.sense.purge_states, *states)
    counts = "visitor_hours", "visitor_days", "visitor_cameras", "zone_page_views"
    yield old("Visitor counts", visitors.purge, *counts)
    yield old("Busiest minutes", visitors.purge_pictures, "visitor_pictures")
    badges = "badges", "judgements", "near_pictures"
    yield old("Badge events", parts.badges.store.purge, *badges)
    yield DataKind("Unused photos", "until the directory drops them", steps.photos)
    seen, visits = ("observations",), ("visits", "visit_counts", "device_days")
    yield DataKind("Wi-Fi observations", _OBSERVATION_DAYS, steps.observations, seen)
    yield DataKind("Wi-Fi visits", _VISIT_DAYS, steps.visits, visits)


def _of_users(parts: Parts, steps: CleaningSteps) -> Iterator[DataKind]:
    """Yield what ends at a time of its own, and who changed what."""
    ended, users = partial(_ended, steps), parts.users
    yield ended("Mutes", parts.site.purge, "mutes")
    hours = "login.session_hours"
    yield ended("Sessions", users.sessions.purge, "sessions", kept=hours)
    yield ended("Provider log-ins, shared links", users.purge, "secrets")
    yield ended("Replaced keys", parts.keys.purge, "key_secrets")
    yield ended("Replaced session keys", parts.session_keys.purge, "secrets")
    yield DataKind("Audit log", f"{_DAYS}, at least a year", steps.audit, ("audit",))


def _of_no_row(steps: CleaningSteps) -> Iterator[DataKind]:
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


def _old(steps: CleaningSteps, name: str, purge: Purge, *tables: str) -> DataKind:
    """Return a kind that goes by age alone."""
    return DataKind(name, _DAYS, steps.older_than_retention(purge), tables)


def _ended(
    steps: CleaningSteps,
    name: str,
    purge: Purge,
    *tables: str,
    kept: str = "until they end",
) -> DataKind:
    """Return a kind whose rows end at a time of their own."""
    return DataKind(name, kept, steps.ended(purge), tables)


@contextmanager
def record_of_jobs(settings: Settings) -> Iterator[FinishedJobs]:
    """Open the engine's record for a command, which runs no jobs itself."""
    url = jobs_url(settings)
    if not has_table(url, JOBS_TABLE):
        yield NoJobs()
        return
    with closing(ClientEngine(url)) as engine:
        yield engine
