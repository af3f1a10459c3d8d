"""Reads the status of a site from the store, by the database's time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mvsnap import __version__
from mvsnap.config.model import Settings
from mvsnap.store.processes import KnownProcess
from mvsnap.upstreams import Upstream
from mvsnap.web.context import gateway
from mvsnap.web.pages.recorder_rows import recorder_summary
from mvsnap.web.status.machines import folder_rows, machine_rows, process_rows
from mvsnap.web.status.model import Condition, Group, StatusRow
from mvsnap.web.status.services import outage_text, service_rows
from mvsnap.web.status.work import (
    camera_rows,
    cleaning_row,
    given_up_row,
    queue_row,
    sense_rows,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """at: when it was read. rows: in the order of `Group`."""

    at: datetime
    rows: tuple[StatusRow, ...]

    @property
    def trouble(self) -> tuple[StatusRow, ...]:
        return tuple(row for row in self.rows if row.health is Condition.TROUBLE)

    @property
    def health(self) -> Condition:
        return Condition.TROUBLE if self.trouble else Condition.OK


@dataclass(frozen=True, slots=True)
class Outage:
    """A service that fails. text: up to the time; waiting: jobs meanwhile."""

    text: str
    since: datetime
    waiting: int


def listens() -> bool:
    """Return whether MV Sense is switched on, by the settings or on the page."""
    choices = gateway().site.setting_overrides()
    return bool(choices.get("sense.enabled", gateway().settings.sense.enabled))


def read_status() -> SiteStatus:
    now, processes = gateway().database_now(), gateway().processes.all()
    return SiteStatus(now, tuple(_rows(processes, now, listens())))


def read_outages() -> list[Outage]:
    """Return the services that fail now; two queries while all is well."""
    failing = [state for state in gateway().processes.upstreams() if state.error]
    if not failing:
        return []
    now, processes = gateway().database_now(), gateway().processes.all()
    services = _services(processes, now, listens())
    waiting = gateway().jobs.backlog()
    return [
        Outage(outage_text(row), row.since, waiting)
        for row in services
        if row.health is Condition.TROUBLE and row.since is not None
    ]


def _rows(
    processes: list[KnownProcess], now: datetime, enabled: bool
) -> Iterator[StatusRow]:
    here, silent_after = gateway(), gateway().processes.silent_after
    yield from _services(processes, now, enabled)
    most = here.settings.server.queue_size
    waiting, oldest_at = here.jobs.backlog(), here.job_list.oldest_at()
    yield queue_row(waiting, most, oldest_at, now)
    yield given_up_row(here.store.count_undelivered(now - _DAY))
    seen, names = here.clips.recorder_cameras(), here.settings.recorder.serials()
    yield from camera_rows(recorder_summary(names, seen, now))
    yield from sense_rows(here.sense.listeners(), enabled, now)
    yield from process_rows(processes, now, silent_after, __version__)
    yield from machine_rows(processes, now, silent_after)
    shares_bucket = here.settings.storage.s3.configured
    yield from folder_rows(processes, now, silent_after, shares_bucket=shares_bucket)
    yield _database(here.settings)
    yield cleaning_row(here.cleanings.held())
    yield StatusRow(Group.SITE, "Version", Condition.OK, __version__)


def _services(
    processes: list[KnownProcess], now: datetime, enabled: bool
) -> list[StatusRow]:
    here = gateway()
    return service_rows(
        used_services(here.settings, listens=enabled),
        here.processes.upstreams(),
        processes,
        now,
        here.processes.silent_after,
    )


def used_services(settings: Settings, *, listens: bool) -> list[Upstream]:
    """Return the services that these settings use; listens: to MV Sense."""
    used = {
        Upstream.MERAKI: settings.meraki.configured,
        Upstream.WEBEX: settings.webex.configured,
        Upstream.IXON: settings.ixon.configured,
        Upstream.BROKER: listens,
        Upstream.S3: settings.storage.s3.configured,
        Upstream.PROVIDER: settings.login.backend == "oidc",
        Upstream.DIRECTORY: bool(settings.badges.directory),
    }
    return [name for name, is_used in used.items() if is_used]


def _database(settings: Settings) -> StatusRow:
    # It has just answered: without it there is no page.
    kind = "SQLite" if settings.database_url is None else "PostgreSQL"
    return StatusRow(Group.SITE, "Database", Condition.OK, f"{kind}, answers")
