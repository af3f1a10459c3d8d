"""What the worker asks of the Dashboard in the background, for the pages."""

from __future__ import annotations

from mvsnap.domain import Serial
from mvsnap.inventory import Inventory
from mvsnap.runtime import clouds
from mvsnap.runtime.parts import Parts
from mvsnap.visitors.counts import VisitorCounts
from mvsnap.visitors.pictures import VisitorPictures
from mvsnap.visitors.refresh import VisitorRefresh


def inventory(parts: Parts) -> Inventory:
    meraki = parts.settings.meraki
    return Inventory(
        parts.dashboard,
        parts.names,
        parts.site,
        parts.sense,
        parts.clock,
        organization_id=meraki.organization_id,
        network_id=meraki.network_id,
        wanted=tuple(Serial(serial) for serial in meraki.cameras),
    )


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
