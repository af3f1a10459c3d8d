"""A store with very many Wi-Fi observations and their visits, written directly.

What mvsnap itself would have made of them, in a tenth of the time: devices come, stay
for twenty minutes and come again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from mvsnap.store.bulk import Bulk
from mvsnap.store.database import Database
from mvsnap.wifi.counts import recount_at_once
from mvsnap.wifi.model import Radio
from mvsnap.wifi.tables import observations, scan_sources, visits
from mvsnap.wifi.visits import MINUTE_S, Observation, VisitRule

# Devices that are heard in each minute.
AROUND = int(os.environ.get("MVSNAP_BENCH_AROUND", "500"))
_STAY_MINUTES = 20
_SOURCE = 1
_ROWS = 50_000


def around(minute: int, many: int = AROUND) -> list[Observation]:
    """Return who is heard in a minute: some left the minute before, some came."""
    return [_observed(place, minute) for place in range(many)]


def write(db: Database, minutes: range, rule: VisitRule) -> None:
    """Write what is heard in these minutes, into an empty store."""
    with db.writing() as connection:
        source = {"id": _SOURCE, "network_id": "L_1", "radio": Radio.WIFI}
        connection.execute(scan_sources.insert(), [source])
        _put(db, connection, visits, sorted(_visits(minutes, rule)))
        recount_at_once(db, connection, rule)
    rows: list[tuple[Any, ...]] = []
    for minute in minutes:
        seen = sorted(
            (minute, _SOURCE, *here[:1], *here[2:]) for here in around(minute)
        )
        rows += seen
        if len(rows) >= _ROWS or minute == minutes[-1]:
            with db.writing() as connection:
                _put(db, connection, observations, rows)
            rows = []


def _visits(minutes: range, rule: VisitRule) -> Iterator[tuple[Any, ...]]:
    last_in_s: dict[int, int] = {}
    for place in range(AROUND):
        for stay in _stays(minutes, place):
            device, in_s = stay[0].device, _at_s(stay[0])
            near = [one for one in stay if one.rssi_dbm >= rule.near_dbm]
            yield (
                in_s,
                _SOURCE,
                device,
                _at_s(stay[-1]),
                len(stay),
                max(one.rssi_dbm for one in stay),
                _at_s(near[0]) if near else None,
                _at_s(near[-1]) if near else None,
                last_in_s.get(device),
            )
            last_in_s[device] = in_s


def _stays(minutes: range, place: int) -> Iterator[list[Observation]]:
    """Yield who is heard at a place, one after the other."""
    stay: list[Observation] = []
    for minute in minutes:
        here = _observed(place, minute)
        if stay and here.device != stay[-1].device:
            yield stay
            stay = []
        stay.append(here)
    yield stay


def _at_s(here: Observation) -> int:
    return here.minute * MINUTE_S + here.first_s


def _observed(place: int, minute: int) -> Observation:
    stay = (minute + place) // _STAY_MINUTES
    chance = (place * 7919 + stay * 104_729) % 100
    # Three of ten have been here before.
    back = chance // 2 + 2 if chance < 30 else 0
    number = (place * 1_000_003 + stay - back) * 0x9E37_79B9_7F4A_7C15
    device = 1 << 62 | number & (1 << 60) - 1
    rssi_dbm = -50 - (place * 31 + minute) % 40
    return Observation(device, minute, place % 60, place % 60, rssi_dbm, 1)


def _put(db: Database, connection: Connection, table: Any, rows: list[Any]) -> None:
    names = table.columns.keys()
    statement = db.insert(table).values(dict.fromkeys(names))
    Bulk(db, statement, *names).run(connection, rows)
