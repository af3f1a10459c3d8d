"""Observations in the store, of which a test names only what matters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mvsnap.store.database import Database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.model import Radio
from mvsnap.wifi.tables import observations, visit_counts, visits
from mvsnap.wifi.visits import Observation, VisitRule
from tests.core.build import NOON

RULE = VisitRule(gap_s=300, near_dbm=-65, long_stay_s=3600)
UTC_ZONE = ZoneInfo("UTC")
MINUTE = int(NOON.timestamp()) // 60
SHOP, YARD = "L_1", "L_2"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def observed(device: int, minute: int, second: int = 0, **given: Any) -> Observation:
    """Return an observation so many minutes after noon."""
    fields = {"last_s": second, "rssi_dbm": -80} | given
    return Observation(device, MINUTE + minute, second, **fields)


def stays(device: int, *minutes: int, **given: Any) -> list[Observation]:
    return [observed(device, minute, **given) for minute in minutes]


def put(
    store: WifiStore,
    found: Iterable[Observation],
    *,
    network_id: str = SHOP,
    radio: Radio = Radio.WIFI,
    rule: VisitRule = RULE,
) -> None:
    """Accept these as one batch and process all that waits."""
    store.add_batch(network_id, radio, list(found), NOON)
    while store.process(rule, NOON):
        pass


def tables(db: Database) -> list[list[Any]]:
    """Return all observations, visits and counts above zero."""
    with db.reading() as connection:
        rows = [
            sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for table in (observations, visits)
        ]
        # How long the longest was is not exact: it may be gone.
        exact = [c for c in visit_counts.c if c.name not in ("longest_s", "measured_s")]
        counts = select(*exact).where(visit_counts.c.visits != 0)
        return [*rows, sorted(tuple(r) for r in connection.execute(counts))]
