"""Lists of visits and observations, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Subquery,
    and_,
    literal,
    select,
)

from mvsnap.errors import BadInput
from mvsnap.store.database import Database
from mvsnap.store.paging import Order
from mvsnap.values import as_stored
from mvsnap.wifi.conditions import of_hours, of_source, of_total, of_visits
from mvsnap.wifi.devices import device_name, mac_text
from mvsnap.wifi.longest import longest_slots, longest_visits
from mvsnap.wifi.model import ObservationRow, Radio, VisitOrder, VisitRow, WifiFilter
from mvsnap.wifi.tables import observations, scan_sources, visits
from mvsnap.wifi.visits import MINUTE_S

_KEY_FORM = re.compile(r"-?[0-9]{1,19}(\.-?[0-9]{1,19}){2,3}")


class WifiLists:
    def __init__(self, db: Database, *, long_stay_s: int) -> None:
        self._db = db
        self._long_stay_s = long_stay_s

    def visits(
        self,
        wanted: WifiFilter,
        order: VisitOrder = VisitOrder.TIME,
        *,
        after: str | None = None,
        limit: int = 100,
    ) -> list[VisitRow]:
        """Return visits, the newest, longest or strongest first.

        after: `key` of the last row of the previous page, in the same order.

        Raises:
            BadInput: `after` is not such a key.
        """
        by = _order(order)
        with self._db.reading() as connection:
            where = of_visits(connection, wanted, self._long_stay_s)
            sources = _sources(connection)
            key = None if after is None else _key(by, after)
            if key is not None:
                where.append(_beyond(by, key))
            slots = None
            if order is VisitOrder.DWELL and wanted.device is None:
                most_s = None if key is None else key[0]
                slots = longest_slots(connection, wanted, self._long_stay_s, most_s)
            if slots is None:
                rows = connection.execute(self._first(order, where, limit)).all()
            else:
                rows = longest_visits(self._db, connection, slots, where, limit)
        return [_visit(row, order, *sources[row.source_id]) for row in rows]

    def _first(
        self, order: VisitOrder, where: Sequence[ColumnElement[bool]], limit: int
    ) -> Select[Any]:
        by, statement = _order(order), select(visits)
        if order is not VisitOrder.TIME and self._db.is_sqlite:
            found = _first_of(by, where, limit)
            statement = statement.join(found, _same(found))
        else:
            statement = statement.where(*where)
        return statement.order_by(*(column.desc() for column in by)).limit(limit)

    def observations(
        self, wanted: WifiFilter, *, after: str | None = None, limit: int = 100
    ) -> list[ObservationRow]:
        """Return observations of the minutes of the span, newest first.

        after: `key` of the last row of the previous page.

        Raises:
            BadInput: `after` is not such a key.
        """
        seen = observations.c
        # The minute alone is in the index; the few rows of one are sorted.
        by = (seen.minute, seen.last_s, seen.source_id, seen.device)
        with self._db.reading() as connection:
            statement = (
                select(observations)
                .where(*_of_observations(connection, wanted))
                .order_by(*(column.desc() for column in by))
                .limit(limit)
            )
            if after is not None:
                key = _key(by, _with_second(after))
                statement = statement.where(_beyond(by, key))
            sources = _sources(connection)
            rows = connection.execute(statement).all()
        return [_observation(row, *sources[row.source_id]) for row in rows]


def _sources(connection: Connection) -> dict[int, tuple[str, Radio]]:
    """Return network and radio of each source: a handful, looked up separately.

    A join would look them up for every row to be sorted, to display a hundred.
    """
    rows = connection.execute(select(scan_sources)).all()
    return {row.id: (row.network_id, as_stored(Radio, row.radio)) for row in rows}


def _order(order: VisitOrder) -> tuple[ColumnElement[int], ...]:
    rest = (visits.c.time_in_s, visits.c.source_id, visits.c.device)
    if order is VisitOrder.DWELL:
        return (visits.c.time_out_s - visits.c.time_in_s, *rest)
    if order is VisitOrder.SIGNAL:
        return (visits.c.rssi_dbm, *rest)
    return rest


def _first_of(
    by: Sequence[ColumnElement[int]], where: Sequence[ColumnElement[bool]], limit: int
) -> Subquery:
    """Return the keys of the first rows in this order, of which many are equal.

    SQLite keeps the best so far. Read with the newest first, an equal one that comes
    later is not better; with the oldest first, nearly each would take a place.
    """
    first, *rest = by
    newest = (
        select(*rest, first.label("first"))
        .where(*where)
        .order_by(*(column.desc() for column in rest))
        .limit(-1)  # without a limit, SQLite would leave this order out
        .subquery()
    )
    keys = [newest.c[column.name] for column in visits.primary_key]
    falling = [column.desc() for column in (newest.c.first, *keys)]
    return select(*keys).order_by(*falling).limit(limit).subquery()


def _same(found: Subquery) -> ColumnElement[bool]:
    keys = visits.primary_key
    return and_(*(column == found.c[column.name] for column in keys))


def _key(by: Sequence[ColumnElement[int]], after: str) -> list[int]:
    """Return the numbers of a row's key."""
    known = after.split(".") if _KEY_FORM.fullmatch(after) else []
    numbers = [int(number) for number in known]
    if len(numbers) != len(by) or max(map(abs, numbers)) >= 2**63:
        raise BadInput(f"after: no such row: {after[:40]!r} (expected a row's key)")
    return numbers


def _beyond(
    by: Sequence[ColumnElement[int]], key: Sequence[int]
) -> ColumnElement[bool]:
    """Return the condition for rows after this key, in descending order."""
    # PostgreSQL refuses a number that is out of the column's range.
    return Order(falling=by).behind([literal(n, BigInteger) for n in key])


def _with_second(after: str) -> str:
    """Return a key of the release before, which has no second, with the last one.

    Then rows of that minute are shown again, and none is left out.
    """
    minute, _, rest = after.partition(".")
    return f"{minute}.60.{rest}" if after.count(".") == 2 else after


def _of_observations(
    connection: Connection, wanted: WifiFilter
) -> list[ColumnElement[bool]]:
    seen = observations.c
    found = [
        seen.minute >= int(wanted.since.timestamp()) // MINUTE_S,
        seen.minute < -(-int(wanted.until.timestamp()) // MINUTE_S),
        *of_source(connection, seen.source_id, wanted),
        *of_hours(seen.minute * MINUTE_S, wanted),
        *of_total(seen, wanted),
    ]
    if wanted.device is not None:
        found.append(seen.device == wanted.device)
    if wanted.min_rssi_dbm is not None:
        found.append(seen.rssi_dbm >= wanted.min_rssi_dbm)
    return found


def _visit(row: Row[Any], order: VisitOrder, network_id: str, radio: Radio) -> VisitRow:
    key: tuple[int, ...] = (row.time_in_s, row.source_id, row.device)
    if order is VisitOrder.DWELL:
        key = (row.time_out_s - row.time_in_s, *key)
    elif order is VisitOrder.SIGNAL:
        key = (row.rssi_dbm, *key)
    return VisitRow(
        device=device_name(row.device),
        network_id=network_id,
        radio=radio,
        time_in=_moment(row.time_in_s),
        time_out=_moment(row.time_out_s),
        observations=row.observations,
        rssi_dbm=row.rssi_dbm,
        near_in=None if row.near_in_s is None else _moment(row.near_in_s),
        near_out=None if row.near_out_s is None else _moment(row.near_out_s),
        is_new=row.previous_in_s is None,
        key=".".join(map(str, key)),
    )


def _observation(row: Row[Any], network_id: str, radio: Radio) -> ObservationRow:
    begin_s = row.minute * MINUTE_S
    return ObservationRow(
        device=device_name(row.device),
        network_id=network_id,
        radio=radio,
        first_at=_moment(begin_s + row.first_s),
        last_at=_moment(begin_s + row.last_s),
        rssi_dbm=row.rssi_dbm,
        access_point=mac_text(row.ap) if row.ap else None,
        ssid=row.ssid,
        key=f"{row.minute}.{row.last_s}.{row.source_id}.{row.device}",
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
