"""Requests and answers of /scanning and the Wi-Fi API as types; see `web.answers`."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from mvsnap.web.answers import Count, SerialText, Time
from mvsnap.web.bodies import (
    MOST_LISTED,
    After,
    HourFrom,
    HourTo,
    Opening,
    SerialFilter,
)
from mvsnap.wifi.model import Radio

Period = Annotated[
    str, Meta(description="today, yesterday, 7-days (default) or 30-days")
]
FirstDay = Annotated[str, Meta(description="first day, like 2026-01-31")]
LastDay = Annotated[str, Meta(description="last day, included")]
Network = Annotated[str, Meta(description="one network; default: all")]
OneRadio = Annotated[str, Meta(description="wifi or bluetooth; default: both")]
LongStays = Annotated[
    str, Meta(description="yes: staff and printers, too; default: no")
]
LeastTotal = Annotated[
    int, Meta(description="least seconds of all visits of a device together", ge=0)
]
MostTotal = Annotated[
    int, Meta(description="most seconds of all visits of a device together", ge=0)
]
Device = Annotated[str, Meta(description="one device, as in an answer")]
LeastSignal = Annotated[int, Meta(description="in dBm", ge=-127, le=0)]
LeastDwell = Annotated[
    int, Meta(description="shortest visit, in seconds", ge=0, le=604_800)
]
VisitSort = Annotated[str, Meta(description="time (default), dwell or signal")]
Limit = Annotated[int, Meta(ge=1, le=MOST_LISTED)]
OfZone = Annotated[str, Meta(description="one zone; default: all")]


class ScanningMessage(Struct):
    """A message of Meraki's Location Scanning API, version 2 or 3."""


class ObservationsAnswer(Struct, tag_field="status", tag="accepted"):
    """How many observations were stored, were ignored, or were invalid."""

    observations: Count
    ignored: Count
    bad: Count


class WifiQuery(Struct, rename={"from_": "from"}):
    """The period, and what of it."""

    period: Period | UnsetType = UNSET
    from_: FirstDay | UnsetType = UNSET
    to: LastDay | UnsetType = UNSET
    network: Network | UnsetType = UNSET
    radio: OneRadio | UnsetType = UNSET
    long_stays: LongStays | UnsetType = UNSET
    opening: Opening | UnsetType = UNSET
    hour_from: HourFrom | UnsetType = UNSET
    hour_to: HourTo | UnsetType = UNSET
    min_total_s: LeastTotal | UnsetType = UNSET
    max_total_s: MostTotal | UnsetType = UNSET


class WifiVisitsQuery(WifiQuery):
    """Filters for the list of visits."""

    device: Device | UnsetType = UNSET
    min_rssi_dbm: LeastSignal | UnsetType = UNSET
    min_dwell_s: LeastDwell | UnsetType = UNSET
    sort: VisitSort | UnsetType = UNSET
    after: After | UnsetType = UNSET
    limit: Limit | UnsetType = UNSET


class WifiObservationsQuery(WifiQuery):
    """Filters for the list of observations."""

    device: Device | UnsetType = UNSET
    min_rssi_dbm: LeastSignal | UnsetType = UNSET
    after: After | UnsetType = UNSET
    limit: Limit | UnsetType = UNSET


class WifiCorrelationQuery(WifiQuery):
    """Filters of people and devices near them."""

    serial: SerialFilter | UnsetType = UNSET
    zone_id: OfZone | UnsetType = UNSET
    after: After | UnsetType = UNSET
    limit: Limit | UnsetType = UNSET


class WifiSpan(Struct):
    """since: included; later than asked for where there is too much; until: not."""

    since: Time
    until: Time


class WifiTotalsAnswer(Struct):
    """visits: that began in the period; devices: distinct, without long stays."""

    visits: Count
    long_stays: Count
    devices: Count
    new_devices: Count
    returning_devices: Count
    dwell_mean_s: float


class WifiPartAnswer(WifiSpan):
    """A part of a period; new_devices: visits of devices never seen before."""

    visits: Count
    new_devices: Count
    dwell_mean_s: float


class WifiComparedAnswer(Struct):
    """What is over of the period, and the same of the one before it."""

    so_far: WifiPartAnswer
    before: WifiPartAnswer
    percent: float | None


class WifiHourAnswer(Struct):
    """Visits that began in this hour of the day, on all days together.

    visits_a_day: the average of the hours that are over; null: none is, or of one day.
    """

    hour: Annotated[int, Meta(ge=0, le=23)]
    visits: Count
    new_devices: Count
    dwell_mean_s: float
    visits_a_day: float | None


class WifiDayAnswer(Struct):
    """A day of the site; devices: distinct within the day."""

    day: str
    is_over: bool
    visits: Count
    devices: Count
    new_devices: Count
    dwell_mean_s: float


class WifiLengthAnswer(Struct):
    """Visits that lasted at least from_s and less than to_s; null: no limit."""

    from_s: Count
    to_s: Count | None
    visits: Count


class WifiBusiestAnswer(Struct):
    """The hour of a day in which most visits began."""

    day: str
    hour: Annotated[int, Meta(ge=0, le=23)]
    visits: Count


class WifiActivityAnswer(WifiSpan):
    """The overview of a period.

    compared: null where the period before was not received completely. week: the
    average visits of the 168 hours of a week, Monday 0:00 in site time first.
    """

    is_over: bool
    totals: WifiTotalsAnswer
    compared: WifiComparedAnswer | None
    hours: list[WifiHourAnswer]
    days: list[WifiDayAnswer]
    lengths: list[WifiLengthAnswer]
    busiest: WifiBusiestAnswer | None
    week: list[float | None] | None


class WifiVisitAnswer(Struct):
    """One visit; near_in, near_out: when it was first and last near a camera."""

    device: str
    network_id: str
    radio: Radio
    time_in: Time
    time_out: Time
    dwell_s: Count
    minutes_heard: Count
    rssi_dbm: int
    near_in: Time | None
    near_out: Time | None
    is_new: bool


class WifiVisitsAnswer(WifiSpan):
    """A page of visits; `after`: pass it on for the next page, null: the last page."""

    visits: list[WifiVisitAnswer]
    after: str | None


class WifiObservationAnswer(Struct):
    """A device in one minute, as heard by all access points together."""

    device: str
    network_id: str
    radio: Radio
    first_at: Time
    last_at: Time
    rssi_dbm: int
    access_point: str | None
    ssid: str | None


class WifiObservationsAnswer(WifiSpan):
    """A page of observations; `after` as of visits."""

    observations: list[WifiObservationAnswer]
    after: str | None


class WifiZoneAnswer(Struct):
    """How often people were in a zone, and how often with a device near."""

    serial: SerialText
    camera: str
    zone_id: str
    zone: str
    presences: Count
    accompanied: Count
    visits: Count


class WifiPresenceAnswer(Struct):
    """People in a zone once; devices: visits near during it."""

    serial: SerialText
    camera: str
    zone_id: str
    zone: str
    time_in: Time
    time_out: Time
    people_seen_at_once: Count
    devices: Count


class WifiCorrelationAnswer(WifiSpan):
    """People seen by cameras and devices near them.

    since: from when on the sums are; presences are of the whole period, newest first.
    near_visits: visits near a camera; matched_visits: those of them near people.
    """

    near_visits: Count
    matched_visits: Count
    zones: list[WifiZoneAnswer]
    presences: list[WifiPresenceAnswer]
    after: str | None
