"""What the worker asks of the Dashboard in the background, for the pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.domain import Serial
from mvsnap.inventory import Inventory
from mvsnap.runtime import clouds
from mvsnap.runtime.parts import Parts
from mvsnap.store.sharing.fetches import Fetches, OwnFetches, StoredFetches
from mvsnap.visitors.counts import VisitorCounts
from mvsnap.visitors.pictures import VisitorPictures
from mvsnap.visitors.refresh import VisitorRefresh


def inventory(parts: Parts) -> Inventory:
    made = Inventory(
        parts.dashboards,
        parts.names,
        parts.site,
        parts.sense,
        parts.clock,
        wanted=tuple(Serial(serial) for serial in parts.settings.default_cameras),
        fetches=fetches(parts, "inventory"),
    )
    is_all = all(each.network_id is None for each in parts.dashboards.each())
    parts.names.fetch_by(made.fetch_name, is_all=is_all)
    return made


def fetches(parts: Parts, kind: str) -> Fetches:
    """Return who fetches what of this kind; one machine has one worker."""
    if parts.db.is_sqlite:
        return OwnFetches(parts.clock)
    return StoredFetches(parts.db, kind, f"{uuid.uuid4()}", parts.clock)


def visitor_refreshes(parts: Parts, by: str) -> Iterator[tuple[str, VisitorRefresh]]:
    """Yield one for each organization, with its name for logs.

    by: the id of this process, of which one asks for all.
    """
    # Nobody waits for these calls: triggers have the first claim to the budgets.
    spare = clouds.dashboards(
        parts.settings,
        parts.clock,
        parts.call_budgets,
        parts.organizations,
        spare_of=parts.dashboards,
    )
    for dashboard in spare.each():
        name = f"visitors {dashboard.name}".strip()
        yield name, _visitor_refresh(parts, dashboard, by)


def _visitor_refresh(parts: Parts, dashboard: Dashboard, by: str) -> VisitorRefresh:
    zone, clock = parts.settings.site.zone, parts.clock
    visitors, name = parts.visitors.store, dashboard.name

    def is_ours(serial: Serial) -> bool:
        return parts.organizations.of(serial) == name

    counts = VisitorCounts(dashboard, visitors, clock, zone=zone)
    pictures = VisitorPictures(
        *(dashboard, visitors, parts.sense, parts.files, clock),
        zone=zone,
        is_ours=is_ours,
    )
    return VisitorRefresh(
        *(counts, pictures, visitors, parts.site, clock),
        by=by,
        organization=name,
        is_ours=is_ours,
    )
