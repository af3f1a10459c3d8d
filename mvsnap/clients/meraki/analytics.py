"""Camera analytics: the Dashboard's counts of zones, areas and lines.

Zones are deprecated since March 2024 but still served; areas and lines succeed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import Any
from urllib.parse import quote

from mvsnap.clients.answers import moment
from mvsnap.clients.meraki.calls import DashboardCalls, DashboardRefused
from mvsnap.clients.meraki.zones import Count, CountedZone, ZoneKind
from mvsnap.clock import iso
from mvsnap.domain import Serial, ZoneId, parse_serial
from mvsnap.errors import BadInput, UpstreamError

# "perPage 1 - 1000", and no parameter to request the next page.
_MOST_ROWS = 1000
# Which intervals Meraki accepts is not published: finer ones are tried first.
_INTERVALS_S = (60, 300, 3600)
_HOUR_S = 3600


class CameraAnalytics:
    """Reads counts; thread-safe.

    Every method raises UpstreamError, as those of Dashboard do.
    """

    def __init__(self, calls: DashboardCalls) -> None:
        self._calls = calls
        self._intervals_s: tuple[int, ...] = _INTERVALS_S

    def has_sense(self, serial: Serial) -> bool:
        """Return whether MV Sense is on. Source: GET /devices/{serial}/camera/sense."""
        found = self._calls.call("GET", _camera(serial, "/sense"))
        if not isinstance(found, dict):
            raise UpstreamError(
                "Meraki answered something other than an object", retry=True
            )
        return found.get("senseEnabled") is True

    def zones(self, serial: Serial) -> list[CountedZone]:
        """Return the zones of a camera; "0" is the full frame.

        Source: GET /devices/{serial}/camera/analytics/zones, whose id is `id` in the
            specification and `zoneId` from some cameras.
        """
        rows = self._calls.pages(_camera(serial, "/analytics/zones"))
        found = []
        for row in rows:
            zone_id = _text(row, "id") or _text(row, "zoneId")
            if zone_id:
                label = _text(row, "label")
                zone = CountedZone(serial, ZoneId(zone_id), ZoneKind.ZONE, label)
                found.append(zone)
        return found

    def overview(
        self, serial: Serial, since: datetime, until: datetime
    ) -> dict[ZoneId, Count]:
        """Return the total count of each zone, over 7 days at most.

        Source: GET /devices/{serial}/camera/analytics/overview.
        """
        path = _camera(serial, "/analytics/overview")
        query = {"t0": iso(since), "t1": iso(until)}
        found: dict[ZoneId, Count] = {}
        for row in self._calls.pages(path, query=query):
            zone_id = _text(row, "zoneId")
            if zone_id:
                count = Count(since, until, _number(row, "entrances"), _average(row))
                found[ZoneId(zone_id)] = count
        return found

    def history(
        self, serial: Serial, zone_id: ZoneId, since: datetime, until: datetime
    ) -> list[Count]:
        """Return the counts per minute, over 14 hours at most.

        Source: GET /devices/{serial}/camera/analytics/zones/{zoneId}/history.
        """
        place = quote(zone_id, safe="")
        path = _camera(serial, f"/analytics/zones/{place}/history")
        query = {"t0": iso(since), "t1": iso(until), "resolution": 60}
        rows = self._calls.pages(path, query=query)
        counts = (_count(row, "startTs", "endTs", "entrances") for row in rows)
        return _within(counts, since, until)

    def boundaries(self, organization_id: str) -> list[CountedZone]:
        """Return the areas and lines of all cameras.

        Source: GET /organizations/{organizationId}/camera/boundaries/areas/byDevice and
        .../lines/byDevice. `boundaries` is one object in the specification; a list is
        accepted, too, and `label` for `name`, as in the beta.
        """
        found: list[CountedZone] = []
        for kind, word in ((ZoneKind.AREA, "areas"), (ZoneKind.LINE, "lines")):
            path = _organization(organization_id, f"/boundaries/{word}/byDevice")
            for row in self._calls.pages(path):
                found += _boundaries(row, kind)
        return found

    def crossings(
        self,
        organization_id: str,
        zone_ids: Sequence[ZoneId],
        since: datetime,
        until: datetime,
    ) -> dict[ZoneId, list[Count]]:
        """Return entrances into areas or over lines, in the finest intervals served.

        Source: GET /organizations/{organizationId}/camera/detections/history/
        byBoundary/byInterval.
        """
        *finer, coarsest = self._intervals_s
        for number, interval_s in enumerate(finer):
            try:
                found = self._detected(
                    organization_id, zone_ids, since, until, interval_s
                )
            except DashboardRefused:
                continue
            # Not earlier: what is refused at every interval proves nothing about
            # intervals.
            self._intervals_s = self._intervals_s[number:]
            return found
        found = self._detected(organization_id, zone_ids, since, until, coarsest)
        self._intervals_s = (coarsest,)
        return found

    def crossings_in_all(
        self,
        organization_id: str,
        zone_ids: Sequence[ZoneId],
        since: datetime,
        until: datetime,
    ) -> dict[ZoneId, Count]:
        """Return total entrances, one count for each area or line."""
        found = self._detected(organization_id, zone_ids, since, until, _HOUR_S)
        return {
            zone_id: Count(since, until, sum(count.entrances for count in counts))
            for zone_id, counts in found.items()
        }

    def _detected(
        self,
        organization_id: str,
        zone_ids: Sequence[ZoneId],
        since: datetime,
        until: datetime,
        interval_s: int,
    ) -> dict[ZoneId, list[Count]]:
        path = _organization(
            organization_id, "/detections/history/byBoundary/byInterval"
        )
        of_each = max(1, -int(-(until - since).total_seconds() // interval_s))
        at_once = max(1, _MOST_ROWS // of_each)
        found: dict[ZoneId, list[Count]] = {zone_id: [] for zone_id in zone_ids}
        for first in range(0, len(zone_ids), at_once):
            asked = zone_ids[first : first + at_once]
            query = [("boundaryIds[]", str(zone_id)) for zone_id in asked]
            query += [
                ("ranges[]startTime", iso(since)),
                ("ranges[]endTime", iso(until)),
                ("ranges[]interval", str(interval_s)),
                ("perPage", str(_MOST_ROWS)),
            ]
            for row in self._calls.pages(path, query=query):
                known = found.get(ZoneId(_text(row, "boundaryId")))
                if known is not None:
                    known += _within(_results(row), since, until)
        return found


def _camera(serial: Serial, rest: str) -> str:
    return f"/devices/{quote(serial, safe='')}/camera{rest}"


def _organization(organization_id: str, rest: str) -> str:
    return f"/organizations/{quote(organization_id, safe='')}/camera{rest}"


def _boundaries(row: Mapping[str, Any], kind: ZoneKind) -> Iterator[CountedZone]:
    try:
        serial = parse_serial(_text(row, "serial"))
    except BadInput:
        return
    given = row.get("boundaries")
    for boundary in given if isinstance(given, list) else [given]:
        if isinstance(boundary, dict) and _text(boundary, "id"):
            zone_id = ZoneId(_text(boundary, "id"))
            label = _text(boundary, "name") or _text(boundary, "label")
            yield CountedZone(serial, zone_id, kind, label)


def _results(row: Mapping[str, Any]) -> Iterator[Count | None]:
    given = row.get("results")
    for result in given if isinstance(given, list) else [given]:
        if isinstance(result, dict) and result.get("objectType", "person") == "person":
            yield _count(result, "startTime", "endTime", "in")


def _count(
    row: Mapping[str, Any], begins: str, ends: str, entrances: str
) -> Count | None:
    """Return the count of a row, None if it has no time."""
    began_at, ended_at = moment(row.get(begins)), moment(row.get(ends))
    if began_at is None:
        return None
    if ended_at is None or ended_at <= began_at:
        ended_at = began_at + timedelta(minutes=1)
    return Count(began_at, ended_at, _number(row, entrances), _average(row))


def _within(
    counts: Iterator[Count | None], since: datetime, until: datetime
) -> list[Count]:
    """Return those that begin in the requested time, sorted by time."""
    found = [count for count in counts if count and since <= count.began_at < until]
    return sorted(found, key=lambda count: count.began_at)


def _number(row: Mapping[str, Any], key: str) -> int:
    """Return a count, 0 for an invalid one."""
    value = _float(row.get(key))
    return 0 if value is None else int(value)


def _average(row: Mapping[str, Any]) -> float | None:
    return _float(row.get("averageCount"))


def _float(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) and 0 <= number < 1e9 else None


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else " ".join(str(value).split())
