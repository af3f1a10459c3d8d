"""What every process shares, built from the settings."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mvsnap.badges.parts import BadgeParts
from mvsnap.badges.store import PurgedBadges
from mvsnap.clients.meraki.budget import Budget
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import open_channels
from mvsnap.delivery.sender import MessageSender
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import Serial
from mvsnap.inventory import Inventory
from mvsnap.jobs.clip_results import ClipResults
from mvsnap.jobs.clip_retention import Retention, Rules
from mvsnap.jobs.executors import data_id
from mvsnap.jobs.runner import JobRunner
from mvsnap.jobs.stores import JobStores
from mvsnap.metrics import Metrics
from mvsnap.photographer import CameraNames, Cameras, Photographer
from mvsnap.store import database
from mvsnap.store.audit import AuditLog
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.store.users import UserStore
from mvsnap.store.videos import VideoStore
from mvsnap.visitors.counts import VisitorCounts
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.pictures import VisitorPictures
from mvsnap.visitors.refresh import VisitorRefresh
from mvsnap.wifi.batches import PurgedWifi, WifiStore

# Who changed what is asked long after the pictures are deleted.
_AUDIT_KEPT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a purge deleted; size_bytes: of the clips' videos."""

    events: int
    pictures: int
    clips: int
    size_bytes: int


class Parts:
    """Everything that one process shares, built from the settings; starts no thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.metrics = Metrics()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.files = Files(settings.data_dir)
        engine = database.open_database(store_url(settings))
        database.upgrade(engine)
        db = database.Database(engine)
        self.store = Store(db)
        self.clips = ClipStore(db)
        self.sense = SenseStore(db)
        self.site = SiteStore(db)
        self.visitors = VisitorParts.of(db)
        self.people = UserStore(db)
        self.audit = AuditLog(db)
        self.badges = BadgeParts.of(db)
        self.wifi = WifiStore(db)
        self.db = db
        self.dashboard = self._dashboard()
        self.names = CameraNames(
            self.dashboard, self.clock, organization_id=settings.meraki.organization_id
        )

    def _dashboard(self, budget: Budget | None = None) -> Dashboard:
        meraki = self.settings.meraki
        return Dashboard(
            meraki.base_url,
            meraki.api_key.get_secret_value() if meraki.api_key else "",
            clock=self.clock,
            requests_per_s=meraki.requests_per_s,
            budget=budget,
        )

    def inventory(self) -> Inventory:
        meraki = self.settings.meraki
        return Inventory(
            self.dashboard,
            self.names,
            self.site,
            self.sense,
            self.clock,
            organization_id=meraki.organization_id,
            network_id=meraki.network_id,
            wanted=tuple(Serial(serial) for serial in meraki.cameras),
        )

    def visitor_refresh(self, by: str) -> VisitorRefresh:
        """by: the id of this process; one process fetches for all."""
        zone, visitors = self.settings.site.zone, self.visitors.store
        # Nobody waits for these calls: triggers have priority in the budget.
        dashboard = self._dashboard(self.dashboard.spare_budget())
        return VisitorRefresh(
            VisitorCounts(
                dashboard,
                visitors,
                self.clock,
                organization_id=self.settings.meraki.organization_id,
                zone=zone,
            ),
            VisitorPictures(
                dashboard,
                self.visitors.store,
                self.sense,
                self.files,
                self.clock,
                zone=zone,
            ),
            visitors,
            self.site,
            self.clock,
            by=by,
        )

    def sender(self) -> MessageSender:
        site, prefix = self.settings.site, self.settings.webex.message_prefix
        return MessageSender(
            open_channels(self.settings),
            MessageTemplates(site.timezone, prefix, site.name, site.public_url),
            self.store,
            self.clock,
        )

    def oldest_kept(self) -> datetime:
        days = self.settings.storage.retention_days
        return self.clock.now() - timedelta(days=days)

    def videos(self) -> VideoStore:
        return VideoStore(self.db, f"-{data_id(self.settings.data_dir)}")

    def retention(self) -> Retention:
        storage = self.settings.storage
        rules = Rules(
            keep_for=timedelta(days=storage.retention_days),
            max_bytes=int(storage.max_gb * 1e9),
            min_free_bytes=int(self.settings.recorder.min_free_mb * 1e6),
            copies=storage.s3.configured,
        )
        data_dir, videos = self.settings.data_dir, self.videos()
        return Retention(data_dir, rules, videos, self.files, self.clock)

    def clip_results(self) -> ClipResults:
        return ClipResults(
            self.settings.recorder.serials(),
            self.clips,
            self.clock,
            self.metrics,
            data_dir=self.settings.data_dir,
            copies=self.settings.storage.s3.configured,
        )

    def purge(self) -> Removed:
        """Delete what is older than its retention, or over the limit."""
        retention = self.retention()
        retired = retention.tidy()
        purged = self.store.purge(self.oldest_kept())
        for path in purged.snapshot_paths:
            self.files.remove(path)
        for path in self.visitors.store.purge(self.oldest_kept()):
            self.files.remove(path)
        retention.forget()
        self.sense.purge(self.oldest_kept())
        self.site.purge(self.clock.now())
        self.people.purge(self.clock.now())
        self.audit.purge(min(self.oldest_kept(), self.clock.now() - _AUDIT_KEPT))
        return Removed(purged.events, len(purged.snapshot_paths), *astuple(retired))

    def purge_badges(self) -> PurgedBadges:
        """Delete old badge events with their pictures, and photos no longer used."""
        purged = self.badges.store.purge(self.oldest_kept())
        for path in purged.picture_paths:
            self.files.remove(path)
        self.files.keep_photos(self.badges.directory.photo_paths(), self.clock.now())
        return purged

    def purge_wifi(self) -> PurgedWifi:
        """Delete observations and visits, each older than its own retention."""
        scanning, now = self.settings.scanning, self.clock.now()
        return self.wifi.purge(
            now - timedelta(days=scanning.keep_observations_days),
            now - timedelta(days=scanning.keep_visits_days),
            now,
        )

    def photographer(self) -> Photographer:
        wait_s = self.settings.meraki.picture_wait_s
        return Photographer(self.dashboard, self.clock, picture_wait_s=wait_s)

    def runner(self, *, is_rerun: bool = True) -> JobRunner:
        """is_rerun: False where nothing runs an unfinished job again."""
        return JobRunner(
            JobStores(self.store, self.clips, self.files),
            Cameras(self.photographer(), self.names),
            self.sender(),
            self.clock,
            self.metrics,
            is_rerun=is_rerun,
        )


def open_bucket(settings: Settings) -> Bucket | None:
    """Return where clips are copied to, None without a bucket.

    Raises:
        UpstreamError: boto3 is missing, or a setting is invalid.
    """
    s3 = settings.storage.s3
    if s3.bucket is None or s3.access_key is None or s3.secret_key is None:
        return None
    return Bucket(
        s3.bucket,
        s3.access_key.get_secret_value(),
        s3.secret_key.get_secret_value(),
        endpoint_url=s3.endpoint_url,
        region=s3.region,
        prefix=s3.prefix,
    )


def store_url(settings: Settings) -> str:
    return _database_url(settings, "mvsnap.db")


def jobs_url(settings: Settings) -> str:
    """Return the engine's database: a file of its own, or the same PostgreSQL."""
    return _database_url(settings, "jobs.db")


def _database_url(settings: Settings, file_name: str) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return database.sqlite_url(Path(settings.data_dir) / file_name)
