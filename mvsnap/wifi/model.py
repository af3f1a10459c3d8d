"""Queries and results of visits and observations, for the pages."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from mvsnap.core.days import HoursOfDay
from mvsnap.core.week_hours import OpeningHours
from mvsnap.domain import Presence, Serial, ZoneId


class Radio(StrEnum):
    """How a device was detected: the Location Scanning API distinguishes them."""

    WIFI = "wifi"
    BLUETOOTH = "bluetooth"


class VisitOrder(StrEnum):
    """TIME: newest first; DWELL: longest first; SIGNAL: strongest first."""

    TIME = "time"
    DWELL = "dwell"
    SIGNAL = "signal"


class TotalTime(Struct, frozen=True):
    """How long a device was there in [since, until), all of its visits together.

    least_s, most_s: both inclusive; None: no limit. Long stays count, too.
    """

    since: datetime
    until: datetime
    least_s: int | None = None
    most_s: int | None = None


class WifiFilter(Struct, frozen=True):
    """Which visits or observations; None means any.

    since, until: visits that began, observations that lie in [since, until); sums use
    whole quarters of an hour, so both should be full hours or days.
    long_stays: include staff and printers, which are excluded by default.
    device: its number, see wifi.devices; only for lists, like the two below.
    min_rssi_dbm, min_dwell_s: minimum signal and length.
    hours: when visits began, observations or presences were, on the site's clock.
    total: of devices; its span stays when a part of the filter's span is read.
    """

    since: datetime
    until: datetime
    network_id: str | None = None
    radio: Radio | None = None
    long_stays: bool = False
    device: int | None = None
    min_rssi_dbm: int | None = None
    min_dwell_s: int | None = None
    hours: HoursOfDay | OpeningHours | None = None
    total: TotalTime | None = None


class Totals(Struct, frozen=True):
    """visits: that began in the span; long_stays: those longer than long_stay_s.

    devices: distinct; new_devices: seen for the first time; returning_devices: the
    others. A device counts by its first visit in the span: if that was a long stay, it
    is staff and not counted. dwell_mean_s: 0 without visits.
    """

    visits: int
    long_stays: int
    devices: int
    new_devices: int
    dwell_mean_s: float

    @property
    def returning_devices(self) -> int:
        return self.devices - self.new_devices


class VisitSums(Struct, frozen=True):
    """visits: that began in a span; new_devices: of devices never seen before."""

    visits: int
    new_devices: int
    dwell_mean_s: float


class Comparison(Struct, frozen=True):
    """What is over of a period, and the same of the one before it."""

    since: datetime
    until: datetime
    so_far: VisitSums
    before_since: datetime
    before_until: datetime
    before: VisitSums

    @property
    def percent(self) -> float | None:
        """Of visits; None where there were none before."""
        if not self.before.visits:
            return None
        more = self.so_far.visits - self.before.visits
        return round(100 * more / self.before.visits, 1)


class HourActivity(Struct, frozen=True):
    """Visits that began in this hour of the day, 0 to 23, summed over all days."""

    hour: int
    visits: int
    new_devices: int
    dwell_mean_s: float


class DayActivity(Struct, frozen=True):
    """One day at the site; devices: distinct within the day."""

    day: date
    visits: int
    devices: int
    new_devices: int
    dwell_mean_s: float

    @property
    def returning_devices(self) -> int:
        return self.devices - self.new_devices


class BusyHour(Struct, frozen=True):
    """An hour of a day, and how many visits began in it."""

    day: date
    hour: int
    visits: int


class DwellClass(Struct, frozen=True):
    """Visits that lasted at least from_s, and less than to_s; None: no limit."""

    from_s: int
    to_s: int | None
    visits: int


class VisitRow(Struct, frozen=True):
    """One visit; device: as displayed, a hash or an address.

    observations: minutes with sightings; rssi_dbm: the strongest; near_in, near_out:
    first and last time it was near a camera; is_new: the first visit of the device;
    key: for `after`.
    """

    device: str
    network_id: str
    radio: Radio
    time_in: datetime
    time_out: datetime
    observations: int
    rssi_dbm: int
    near_in: datetime | None
    near_out: datetime | None
    is_new: bool
    key: str

    @property
    def dwell(self) -> timedelta:
        return self.time_out - self.time_in


class ObservationRow(Struct, frozen=True):
    """A device in one minute, across all access points.

    access_point: of the strongest signal, None if unknown; key: for `after`.
    """

    device: str
    network_id: str
    radio: Radio
    first_at: datetime
    last_at: datetime
    rssi_dbm: int
    access_point: str | None
    ssid: str | None
    key: str


class PresenceMatch(Struct, frozen=True):
    """A presence, and how many visits were near during it."""

    presence: Presence
    visits: int


class ZoneMatch(Struct, frozen=True):
    """One zone: its presences, those with a visit near, and all visits near them.

    A visit that was near during two presences counts for both.
    """

    serial: Serial
    zone_id: ZoneId
    presences: int
    accompanied: int
    visits: int

    @property
    def visits_mean(self) -> float:
        """Return visits per presence, 0 without presences."""
        return self.visits / self.presences if self.presences else 0.0


class Correlation(Struct, frozen=True):
    """near_visits: visits that were near a camera in the span;

    matched_visits: those that were near while a zone had people in it;
    zones: by serial and zone.
    """

    near_visits: int
    matched_visits: int
    zones: tuple[ZoneMatch, ...]
