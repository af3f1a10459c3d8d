"""What every process shares, built from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mvsnap import logs, texts
from mvsnap.badges.parts import BadgeParts
from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import Channels, open_channels
from mvsnap.delivery.evidence_links import EvidenceLinks
from mvsnap.delivery.message import Message
from mvsnap.delivery.sender import MessageSender
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import JobId, Serial
from mvsnap.jobs.clip_results import ClipResults
from mvsnap.jobs.executors import data_id
from mvsnap.jobs.notice_rules import NoticeRules
from mvsnap.jobs.notices import JobNotices
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.runner import JobRunner
from mvsnap.jobs.stores import JobStores
from mvsnap.jobs.turns import JobPlaces
from mvsnap.metrics import Metrics
from mvsnap.photographer import CameraNames, Cameras, Photographer
from mvsnap.runtime import clouds, shared_files, visitor_reports
from mvsnap.runtime.call_budgets import CallBudgets
from mvsnap.store import database
from mvsnap.store.audit import AuditLog
from mvsnap.store.changes import FileChanges
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files.videos import VideoStore
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.keys import KeyStore
from mvsnap.store.notices import NoticeStore
from mvsnap.store.pools import Pool
from mvsnap.store.repeats import RepeatStore
from mvsnap.store.restores import RestoreStore
from mvsnap.store.sense import SenseStore
from mvsnap.store.settings import LiveSettings
from mvsnap.store.settings.entries import EntryStore
from mvsnap.store.settings.overrides import LiveOverrides
from mvsnap.store.sharing.identities import IdentityStore
from mvsnap.store.sharing.processes import ProcessStore
from mvsnap.store.site import SiteStore
from mvsnap.store.sqlite_file import require_sound
from mvsnap.store.troubles import TroubleStore
from mvsnap.store.users import UserStore
from mvsnap.store.users.session_keys import SessionKeyStore
from mvsnap.upstreams import Upstream, service_name
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.store import VisitorStore
from mvsnap.wifi.batches import WifiStore

if TYPE_CHECKING:
    from mvsnap.delivery.buttons import MessageButtons

# People come back to a message after a holiday, not after a year.
_SEEN_WITHIN = timedelta(days=30)


class Parts:
    """Everything that one process shares, built from the settings; starts no thread."""

    def __init__(self, settings: Settings) -> None:
        """settings: of the file. The own ones have the entries of the pages, too."""
        self.clock = SystemClock()
        self.metrics = Metrics()
        self.rooms = Rooms(self.clock)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        require_sound(store_url(settings))
        pool = settings.database
        engine = database.open_database(
            store_url(settings), size=pool.pool_size, overflow=pool.pool_overflow
        )
        database.upgrade(engine)
        in_bucket = settings.files_in_bucket
        self.db = db = database.Database(engine, files_in_bucket=in_bucket)
        self.entries = EntryStore(db)
        self.live = self.following(settings, None)
        self.settings = settings = self.live.now()
        self.heartbeat_url = settings.heartbeat_url
        self.files = shared_files.files(settings, db, self.clock)
        self.store = Store(db)
        self.identities = IdentityStore(db, self.store, self.clock)
        self.clips = ClipStore(db)
        self.repeats = RepeatStore(db)
        self.restores = RestoreStore(db)
        self.job_states = JobStateStore(db)
        self.sense = SenseStore(db)
        self.site = SiteStore(db)
        self.keys = KeyStore(db)
        self.session_keys = SessionKeyStore(db)
        self.visitors = VisitorParts(
            VisitorStore(db), partial(visitor_reports.wifi_lines, settings, db)
        )
        self.users = UserStore(db)
        self.audit = AuditLog(db)
        self.badges = BadgeParts.of(db)
        self.wifi = WifiStore(db)
        self.processes = ProcessStore(db)
        self.troubles = TroubleStore(db)
        self.notices = NoticeStore(db)
        self.call_budgets = CallBudgets(settings, self.clock, db)
        self.organizations = CameraOrganizations(
            settings, self.clock, self._stored_organization, self.live.now
        )
        self.dashboards = clouds.dashboards(
            settings, self.clock, self.call_budgets, self.organizations
        )
        self.names = CameraNames(self.dashboards, self.clock)

    def following(self, file: Settings, begun: LiveSettings | None) -> LiveSettings:
        """Return settings of a file with the entries of the pages, as they change.

        begun: those with which this process began.
        """
        return LiveSettings(
            file,
            self.entries.all,
            self.clock,
            on_change=lambda settings: logs.hide(settings.secrets()),
            begun=begun,
        )

    def settings_now(self) -> Settings:
        """Return those that hold now for what reports on the site."""
        url = self.heartbeat_url
        return self.live.now().model_copy(update={"heartbeat_url": url})

    def notice_rules(self) -> NoticeRules:
        overrides = LiveOverrides(self.site.setting_overrides, self.clock)
        return NoticeRules(self.settings, lambda: overrides(self.live.now()))

    def calls_left(self) -> Mapping[str, float]:
        """Return how many calls to a service the shared budget would let leave now."""
        if not self.settings.asks_meraki:
            return {}
        every = self.dashboards.each()
        return {
            service_name(Upstream.MERAKI, one.name): one.calls_left() for one in every
        }

    def _stored_organization(self, serial: Serial) -> str | None:
        """Return what the inventory says; None also while the store is away."""
        try:
            return self.site.organization_of(serial)
        except database.OUTAGES:
            return None

    def channels(self) -> Channels:
        return open_channels(self.settings, self.call_budgets.webex(), self.live.now)

    def jobs_pool(self) -> Pool | None:
        """Return the store's connections, if the job engine has the same database."""
        return None if self.db.is_sqlite else self.db.engine

    def changes(self) -> FileChanges | None:
        """Return those of the store's file for one thread; None with PostgreSQL."""
        return FileChanges.of(self.db.engine)

    def sender(self) -> MessageSender:
        site, prefix = self.settings.site, self.settings.webex.message_prefix
        texts.use(site.locale)
        links = EvidenceLinks(site.public_url, self.users.link_key, self.clock)
        rules = self.notice_rules()
        return MessageSender(
            self.channels(),
            MessageTemplates(
                *(site.timezone, prefix, site.name, site.public_url),
                zone_of=self.organizations.zone,
                seen_link=partial(_seen_link, rules, links),
                is_escalated=partial(self._is_escalated, rules),
            ),
            self.store,
            self.clock,
            restored_at=self.restores.last(),
            links=links,
            site=site.name,
        )

    def _is_escalated(self, rules: NoticeRules, message: Message) -> bool:
        if not rules.escalate:
            return False
        notice = self.notices.of_job(message.job.id).get(message.room)
        return notice is not None and notice.is_extra

    def videos(self) -> VideoStore:
        # In a bucket they belong to all machines.
        in_bucket = self.settings.files_in_bucket
        owner = "" if in_bucket else f"-{data_id(self.settings.data_dir)}"
        return VideoStore(self.db, owner)

    def clip_results(self) -> ClipResults:
        return ClipResults(
            self.settings.recorder.serials(),
            self.clips,
            self.clock,
            self.metrics,
            data_dir=self.settings.data_dir,
            copies=self.settings.copies_clips,
            hand_over=self.files.hand_over,
        )

    def photographer(self) -> Photographer:
        wait_s = self.settings.meraki.picture_wait_s
        return Photographer(self.dashboards, self.clock, picture_wait_s=wait_s)

    def buttons(self) -> MessageButtons | None:
        """Return those below pictures, None where nobody could press them."""
        webex, site = self.settings.webex, self.settings.site
        if not webex.takes_commands:
            return None
        # Imported here: most gateways have none.
        from mvsnap.delivery.buttons import MessageButtons
        from mvsnap.delivery.pressing import RoomsWithButtons

        recorder = self.settings.recorder
        recorded = {
            serial: name
            for name, serial in recorder.serials().items()
            # Without a ring there is no clip of what was.
            if serial and recorder.cameras[name].is_ring
        }
        rooms = RoomsWithButtons(webex.commands, self.channels())
        rules = self.notice_rules()
        return MessageButtons(
            *(rooms, recorded, site.public_url),
            escalates=lambda room: rules.of_room(room).escalation is not None,
        )

    def runner(
        self,
        *,
        is_rerun: bool = True,
        on_told: Callable[[JobId], None] = lambda _job_id: None,
    ) -> JobRunner:
        """is_rerun: False where nothing runs an unfinished job again."""
        places = JobPlaces.of(self.settings.server.jobs_at_once)
        return JobRunner(
            JobStores(
                *(self.store, self.clips, self.files),
                *(self.job_states, self.troubles, self.notices),
                report=partial(
                    visitor_reports.report,
                    *(self.settings, self.visitors, self.site, self.sense),
                ),
            ),
            Cameras(self.photographer(), self.names),
            self.sender(),
            self.rooms,
            self.clock,
            self.metrics,
            is_rerun=is_rerun,
            # A command runs once, and has no other jobs.
            most_repeating=places.repeating if is_rerun else None,
            on_told=on_told,
            notices=self.job_notices() if is_rerun else None,
            buttons=self.buttons(),
        )

    def job_notices(self) -> JobNotices:
        return JobNotices(self.notices, self.store, self.notice_rules(), self.clock)


def _seen_link(
    rules: NoticeRules, links: EvidenceLinks, message: Message
) -> str | None:
    """Return where a message is confirmed, if others are notified otherwise."""
    if rules.of_room(message.room).escalation is None:
        return None
    return links.seen(message.facts, _SEEN_WITHIN)


def store_url(settings: Settings) -> str:
    return _database_url(settings, "mvsnap.db")


def jobs_url(settings: Settings) -> str:
    """Return the engine's database: a file of its own, or the same PostgreSQL."""
    return _database_url(settings, "jobs.db")


def _database_url(settings: Settings, file_name: str) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return database.sqlite_url(Path(settings.data_dir) / file_name)
