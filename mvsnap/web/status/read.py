"""The status of a site as the pages and the API show it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from mvsnap.status.model import Condition, StatusRow
from mvsnap.status.read import StatusSources
from mvsnap.status.services import outage_text
from mvsnap.web.context import gateway


class SiteStatus(Struct, frozen=True):
    """at: when it was read. rows: in the order of `Group`."""

    at: datetime
    rows: tuple[StatusRow, ...]

    @property
    def trouble(self) -> tuple[StatusRow, ...]:
        return tuple(row for row in self.rows if row.health is Condition.TROUBLE)

    @property
    def health(self) -> Condition:
        return Condition.TROUBLE if self.trouble else Condition.OK


class Outage(Struct, frozen=True):
    """A service that fails. text: up to the time; waiting: jobs meanwhile."""

    text: str
    since: datetime
    waiting: int


def listens() -> bool:
    """Return whether MV Sense is switched on, by the settings or on the page."""
    return _sources().listens()


def read_status() -> SiteStatus:
    now = gateway().database_now()
    return SiteStatus(now, tuple(_sources().rows(now)))


def read_outages() -> list[Outage]:
    """Return the services that fail now; two queries while all is well."""
    failing = [state for state in gateway().processes.upstreams() if state.error]
    if not failing:
        return []
    now, processes = gateway().database_now(), gateway().processes.all()
    services = _sources().services(processes, now, listens())
    waiting = gateway().jobs.backlog()
    return [
        Outage(outage_text(row), row.since, waiting)
        for row in services
        if row.health is Condition.TROUBLE and row.since is not None
    ]


def _sources() -> StatusSources:
    here = gateway()
    return StatusSources(
        lambda: here.settings,
        here.processes,
        here.store,
        here.clips,
        here.sense,
        here.site,
        here.cleanings,
        here.jobs.backlog,
        here.job_list.oldest_at,
    )
