"""What the views need, in one object attached to the Flask app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import Flask, current_app, request
from msgspec import Struct, field

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import Clock
from mvsnap.config.model import Settings
from mvsnap.config.sense import Sense
from mvsnap.config.setting_overrides import overridden
from mvsnap.jobs.listing import JobList
from mvsnap.jobs.service import JobService
from mvsnap.metrics import Metrics
from mvsnap.recorder import ClipFrames, LiveView
from mvsnap.store.audit import AuditLog
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.clips import ClipStore
from mvsnap.store.counts import RowCounts
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.files.videos import VideoStore
from mvsnap.store.keys import KeyStore
from mvsnap.store.notices import NoticeStore
from mvsnap.store.sense import SenseStore
from mvsnap.store.settings import LiveSettings
from mvsnap.store.settings.entries import EntryStore
from mvsnap.store.sharing.processes import ProcessStore
from mvsnap.store.site import SiteStore
from mvsnap.store.users import UserStore
from mvsnap.store.users.session_keys import SessionKeyStore
from mvsnap.values import replace
from mvsnap.web.access_limits import AccessLimits
from mvsnap.web.entry_trials import EntryTrials
from mvsnap.web.places import Places, known_places
from mvsnap.web.recipients import RecipientCheck
from mvsnap.web.shared_reads import SharedReads

EXTENSION = "mvsnap"

Parts = TypeVar("Parts")

# How long counts of a past day are used.
_PAST_DAY_S = 60.0
_PROBES = frozenset({"ops.healthz", "ops.readyz"})


class Gateway(Struct, frozen=True):
    """settings: those that hold now, of the file and of the pages (`following`).

    features: the parts of each feature, such as BadgeParts.

    organizations: which one of Meraki a camera belongs to.
    files_problem: says why some pictures and clips cannot be seen on all machines.
    test_messages: sends one to each of the names it is asked for.
    calls_left: says how many calls to a service the budget would let leave now.
    shared_reads: what many viewers of live pages see alike.
    past_days: counts of days that are over, whoever asks for them.
    """

    settings: Settings
    following: LiveSettings
    entries: EntryStore
    trials: EntryTrials
    organizations: CameraOrganizations
    jobs: JobService
    job_list: JobList
    store: Store
    clips: ClipStore
    videos: VideoStore
    sense: SenseStore
    site: SiteStore
    users: UserStore
    keys: KeyStore
    session_keys: SessionKeyStore
    audit: AuditLog
    cleanings: CleaningStore
    processes: ProcessStore
    notices: NoticeStore
    files: Files
    clock: Clock
    metrics: Metrics
    row_counts: RowCounts
    features: tuple[object, ...]
    files_problem: Callable[[], str] = lambda: ""
    calls_left: Callable[[], Mapping[str, float]] = dict
    recipients: RecipientCheck = field(default_factory=RecipientCheck)
    test_messages: RecipientCheck = field(default_factory=RecipientCheck)
    accesses: AccessLimits = field(default_factory=AccessLimits)
    live: LiveView = field(default_factory=LiveView)
    shared_reads: SharedReads = field(default_factory=SharedReads)
    past_days: SharedReads = field(default_factory=lambda: SharedReads(_PAST_DAY_S))
    frames: ClipFrames = field(default_factory=ClipFrames)

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone, in which all times are displayed."""
        return self.settings.site.zone

    def places(self) -> Places:
        """Return all cameras and their zones by name; three queries."""
        return known_places(self.site, self.sense)

    def sense_settings(self) -> Sense:
        """Return those that hold now; the file's where an override is outdated."""
        overrides = self.site.setting_overrides()
        return overridden(self.settings, overrides).settings.sense

    def database_now(self) -> datetime:
        """Return the database's time, by which processes say that they live.

        A file has this machine's.
        """
        is_file = self.settings.database_url is None
        return self.clock.now() if is_file else self.store.now()


def follow_settings(app: Flask) -> None:
    """Let each request see the settings that hold when it begins."""

    def follow() -> None:
        if request.endpoint in _PROBES:
            return  # they answer while the database is away, and soon
        here: Gateway = app.extensions[EXTENSION]
        settings = here.following.now()
        if settings is not here.settings:
            app.extensions[EXTENSION] = replace(here, settings=settings)

    app.before_request(follow)


def gateway() -> Gateway:
    found: Gateway = current_app.extensions[EXTENSION]
    return found


def feature(kind: type[Parts]) -> Parts:
    """Return the parts of one feature of the current application."""
    return next(parts for parts in gateway().features if isinstance(parts, kind))
