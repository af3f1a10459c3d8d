"""Reads the rows of the status from the store, by the database's time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap import __version__
from mvsnap.config.model import Settings
from mvsnap.status.cameras import meraki_camera_rows
from mvsnap.status.machines import folder_rows, machine_rows, process_rows
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.recorder_rows import recorder_summary
from mvsnap.status.services import service_rows
from mvsnap.status.work import (
    camera_rows,
    cleaning_row,
    given_up_row,
    queue_row,
    sense_rows,
)
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.sense import SenseStore
from mvsnap.store.sharing.processes import KnownProcess, ProcessStore
from mvsnap.store.site import SiteStore
from mvsnap.texts import N_
from mvsnap.upstreams import Upstream, service_name

_DAY = timedelta(days=1)


class StatusSources(Struct, frozen=True):
    """Where the status comes from.

    settings_now: those that hold now, with the entries of the pages.
    backlog: how many jobs wait.
    oldest_at: when the job that waits longest came.
    """

    settings_now: Callable[[], Settings]
    processes: ProcessStore
    store: Store
    clips: ClipStore
    sense: SenseStore
    site: SiteStore
    cleanings: CleaningStore
    backlog: Callable[[], int]
    oldest_at: Callable[[], datetime | None]

    @property
    def settings(self) -> Settings:
        return self.settings_now()

    def listens(self) -> bool:
        """Return whether MV Sense is switched on, by the settings or on the page."""
        choices = self.site.setting_overrides()
        return bool(choices.get("sense.enabled", self.settings.sense.enabled))

    def rows(self, now: datetime) -> Iterator[StatusRow]:
        """Yield the rows in the order of `Group`. now: the database's time."""
        processes, enabled = self.processes.all(), self.listens()
        silent_after = self.processes.silent_after
        yield from self.services(processes, now, enabled)
        most = self.settings.server.queue_size
        yield queue_row(self.backlog(), most, self.oldest_at(), now)
        yield given_up_row(self.store.count_undelivered(now - _DAY))
        yield from self._cameras(now, enabled)
        yield from process_rows(processes, now, silent_after, __version__)
        yield from machine_rows(processes, now, silent_after)
        shares = self.settings.storage.s3.configured
        yield from folder_rows(processes, now, silent_after, shares_bucket=shares)
        yield _database(self.settings)
        yield cleaning_row(self.cleanings.held())
        yield StatusRow(Group.SITE, N_("Version"), Condition.OK, __version__)

    def services(
        self, processes: Sequence[KnownProcess], now: datetime, enabled: bool
    ) -> list[StatusRow]:
        return service_rows(
            used_services(self.settings, listens=enabled),
            self.processes.upstreams(),
            processes,
            now,
            self.processes.silent_after,
        )

    def _cameras(self, now: datetime, enabled: bool) -> Iterator[StatusRow]:
        seen, names = self.clips.recorder_cameras(), self.settings.recorder.serials()
        yield from camera_rows(recorder_summary(names, seen, now))
        listeners = self.sense.listeners()
        yield from meraki_camera_rows(
            self.settings,
            self.site.cameras(),
            self.sense.last_seen(),
            listeners if enabled else (),
            now,
        )
        yield from sense_rows(listeners, enabled, now)


def dashboards_used(settings: Settings) -> list[str]:
    """Return a service name for each organization whose Dashboard is asked."""
    if not settings.asks_meraki:
        return []
    return [service_name(Upstream.MERAKI, name) for name in settings.dashboards]


def used_services(settings: Settings, *, listens: bool) -> list[str]:
    """Return the services that these settings use; listens: to MV Sense."""
    used = {
        Upstream.WEBEX: settings.webex.configured,
        Upstream.IXON: settings.ixon.configured,
        Upstream.BROKER: listens,
        Upstream.S3: settings.storage.s3.configured,
        Upstream.PROVIDER: settings.login.backend == "oidc",
        Upstream.DIRECTORY: bool(settings.badges.directory),
        Upstream.HEARTBEAT: settings.heartbeat_url is not None,
    }
    others = [name for name, is_used in used.items() if is_used]
    return [*dashboards_used(settings), *others, *_channels_used(settings)]


def _channels_used(settings: Settings) -> list[str]:
    """Return a service name for each channel; those of Webex are Webex."""
    return [
        service_name(Upstream.CHANNEL, entry.name)
        for entry in settings.channels
        if entry.kind != Upstream.WEBEX
    ]


def _database(settings: Settings) -> StatusRow:
    # It has just answered: without it there is no page.
    kind = "SQLite" if settings.database_url is None else "PostgreSQL"
    return StatusRow(Group.SITE, N_("Database"), Condition.OK, f"{kind}, answers")
