"""What the worker asks of the Dashboard in the background, for the pages."""

from __future__ import annotations

import uuid

from mvsnap.domain import Serial
from mvsnap.inventory import Inventory
from mvsnap.runtime import clouds
from mvsnap.runtime.parts import Parts
from mvsnap.store.fetches import Fetches, OwnFetches, StoredFetches
from mvsnap.visitors.counts import VisitorCounts
from mvsnap.visitors.pictures import VisitorPictures
from mvsnap.visitors.refresh import VisitorRefresh


def inventory(parts: Parts) -> Inventory:
    meraki = parts.settings.meraki
    made = Inventory(
        parts.dashboard,
        parts.names,
        parts.site,
        parts.sense,
        parts.clock,
        organization_id=meraki.organization_id,
        network_id=meraki.network_id,
        wanted=tuple(Serial(serial) for serial in meraki.cameras),
        fetches=fetches(parts, "inventory"),
    )
    parts.names.fetch_by(made.fetch_name, is_all=meraki.network_id is None)
    return made


def fetches(parts: Parts, kind: str) -> Fetches:
    """Return who fetches what of this kind; one machine has one worker."""
    if parts.db.is_sqlite:
        return OwnFetches(parts.clock)
    return StoredFetches(parts.db, kind, f"{uuid.uuid4()}", parts.clock)


def visitor_refresh(parts: Parts, by: str) -> VisitorRefresh:
    """by: the id of this process, of which one asks for all."""
    meraki, zone = parts.settings.meraki, parts.settings.site.zone
    clock, visitors = parts.clock, parts.visitors.store
    # Nobody waits for these calls: triggers have the first claim to the budget.
    dashboard = clouds.dashboard(meraki, clock, parts.dashboard.spare_budget())
    counts = VisitorCounts(
        dashboard,
        visitors,
        clock,
        organization_id=meraki.organization_id,
        zone=zone,
    )
    pictures = VisitorPictures(
        dashboard, visitors, parts.sense, parts.files, clock, zone=zone
    )
    return VisitorRefresh(counts, pictures, visitors, parts.site, clock, by=by)
