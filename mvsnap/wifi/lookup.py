"""What a filter asks for, read from the store: for the pages and for programs."""

from __future__ import annotations

from mvsnap.web.context import feature, gateway
from mvsnap.wifi.correlation import WifiCorrelation
from mvsnap.wifi.filter import WifiForm
from mvsnap.wifi.model import (
    Correlation,
    ObservationRow,
    PresenceMatch,
    VisitOrder,
    VisitRow,
    WifiFilter,
)
from mvsnap.wifi.overview import Activity, activity
from mvsnap.wifi.parts import WifiParts
from mvsnap.wifi.presence_rows import parse_presence_key

# The number of visits that can be compared with presences, sorted, and read with all
# their observations while a person waits.
_MOST_COMPARED, _MOST_SORTED, _MOST_OBSERVED = 30_000, 300_000, 50_000


def activity_of(asked: WifiForm) -> tuple[WifiFilter, Activity]:
    """Return the overview, and the part of the span that it is about."""
    wanted, here = asked.wanted, gateway()
    if wanted.total is not None:
        wanted = feature(WifiParts).spans.last_with(wanted, _MOST_SORTED)
    reports = feature(WifiParts).reports
    return wanted, activity(reports, wanted, here.zone, here.clock.now())


def visits_of(asked: WifiForm, limit: int) -> tuple[WifiFilter, list[VisitRow]]:
    """Return a page of visits, and the part of the span that was read."""
    wanted = asked.wanted
    if asked.order is not VisitOrder.TIME or wanted.total is not None:
        wanted = feature(WifiParts).spans.last_with(wanted, _MOST_SORTED)
    lists = feature(WifiParts).lists
    return wanted, lists.visits(wanted, asked.order, after=_after(asked), limit=limit)


def observations_of(
    asked: WifiForm, limit: int
) -> tuple[WifiFilter, list[ObservationRow]]:
    """Return a page of observations, and the part of the span that was read."""
    wanted = asked.wanted
    some = (wanted.min_rssi_dbm, wanted.device, wanted.hours, wanted.total)
    if any(each is not None for each in some):
        wanted = feature(WifiParts).spans.last_with(wanted, _MOST_OBSERVED)
    lists = feature(WifiParts).lists
    return wanted, lists.observations(wanted, after=_after(asked), limit=limit)


def correlation_of(asked: WifiForm) -> tuple[WifiFilter, Correlation]:
    """Return the sums, and the part of the span that was compared."""
    wanted = feature(WifiParts).spans.last_with(asked.wanted, _MOST_COMPARED)
    reader = feature(WifiParts).correlation
    return wanted, reader.summary(wanted, asked.serial, asked.zone_id)


def presences_of(asked: WifiForm, limit: int) -> list[PresenceMatch]:
    """Return a page of presences of the whole span."""
    return read_presences(feature(WifiParts).correlation, asked, _after(asked), limit)


def read_presences(
    reader: WifiCorrelation, asked: WifiForm, after: str | None, limit: int
) -> list[PresenceMatch]:
    return reader.presences(
        asked.wanted,
        asked.serial,
        asked.zone_id,
        after=parse_presence_key(after) if after else None,
        limit=limit,
    )


def _after(asked: WifiForm) -> str | None:
    return None if asked.mistakes else asked.after
