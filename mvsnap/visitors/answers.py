"""Answers of the visitors' API as types; see `web.answers`."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from mvsnap.visitors.rules import HourPictureState
from mvsnap.web.answers import Count, SerialText, Time
from mvsnap.web.bodies import HourFrom, HourTo, Opening, SerialFilter

Day = Annotated[
    str,
    Meta(description="last day of the period, like 2026-01-31; default: today"),
]
Days = Annotated[str, Meta(description="length of the period: 1, 7 (default) or 28")]
SortedBy = Annotated[
    str,
    Meta(description="camera, zone, entrances, change, average or people"),
]
InOrder = Annotated[str, Meta(description="asc or desc")]
OfDay = Annotated[
    str, Meta(description="a day like 2026-01-31; default: the last 14 hours")
]


class VisitorsQuery(Struct):
    """The period, and what of it."""

    day: Day | UnsetType = UNSET
    days: Days | UnsetType = UNSET
    opening: Opening | UnsetType = UNSET
    hour_from: HourFrom | UnsetType = UNSET
    hour_to: HourTo | UnsetType = UNSET
    serial: SerialFilter | UnsetType = UNSET
    sort: SortedBy | UnsetType = UNSET
    order: InOrder | UnsetType = UNSET


class VisitorHoursQuery(Struct):
    """The day of a zone."""

    day: OfDay | UnsetType = UNSET


class ChangeAnswer(Struct):
    """Entrances of what is over of the period, and of the same of the period before.

    percent: null where nobody came before.
    """

    so_far: Count
    before: Count
    percent: float | None


class PeriodAnswer(Struct):
    """A period; `since` is included, `until` is not."""

    since: Time
    until: Time


class VisitorTotalsAnswer(Struct):
    """What is counted of a period, all places together; `what`: which they are.

    entrances: null where nothing was counted. a_day: the average of days that are over.
    people_seen_at_once: the most that one camera saw (MV Sense).
    busiest: the bar with the most entrances.
    """

    what: str
    entrances: Count | None
    compared: ChangeAnswer | None
    a_day: float | None
    people_seen_at_once: Count | None
    busiest: PeriodAnswer | None


class EntranceAnswer(Struct):
    """An entrance of the settings: several zones that count as one."""

    name: str
    entrances: Count | None
    compared: ChangeAnswer | None


class VisitorZoneAnswer(Struct):
    """A zone, area or line; null where a source has no data."""

    serial: SerialText
    camera: str
    zone_id: str
    zone: str
    kind: str
    entrances: Count | None
    compared: ChangeAnswer | None
    average_people: float | None
    people_seen_at_once: Count | None
    people_seen_last: Time | None


class BarAnswer(Struct):
    """A bar of a chart; `values`: one of each series, null where nothing is known."""

    since: Time
    until: Time
    is_over: bool
    values: list[float | None]


class VisitorChartAnswer(Struct):
    """A chart; `unit`: entrances or people; `series`: the names of the places."""

    title: str
    unit: str
    series: list[str]
    bars: list[BarAnswer]


class OccupancyAnswer(Struct):
    """People in view at a place of the settings now; null where nobody can say."""

    name: str
    people: Count | None
    limit: Count
    is_over: bool | None


class NotCountingAnswer(Struct):
    """A camera that does not count, and why."""

    serial: SerialText
    camera: str
    why: str


class VisitorsAnswer(PeriodAnswer):
    """Who came in a period, counted by cameras.

    so_far, before: what is compared: the part of the period that is over, and the same
    part of the period before. week: average entrances of the 168 hours of a week,
    Monday 0:00 in site time first; null: of a period shorter than a week.
    """

    is_over: bool
    so_far: PeriodAnswer | None
    before: PeriodAnswer | None
    totals: VisitorTotalsAnswer
    entrances: list[EntranceAnswer]
    zones: list[VisitorZoneAnswer]
    chart: VisitorChartAnswer | None
    week: list[float | None] | None
    occupancy: list[OccupancyAnswer]
    not_counting: list[NotCountingAnswer]


class VisitorHourAnswer(PeriodAnswer):
    """One hour of a zone; null where a source has no data.

    busiest_at: the begin of its busiest minute. picture: taken, or why there is none of
    that minute.
    """

    is_over: bool
    entrances: Count | None
    average_people: float | None
    people_seen_at_once: Count | None
    busiest_at: Time | None
    busiest_entrances: Count | None
    busiest_average_people: float | None
    picture: HourPictureState | None
    video_link: str | None


class VisitorHoursAnswer(Struct):
    """The hours of a zone, oldest first."""

    serial: SerialText
    zone_id: str
    entrances: Count | None
    people_seen_at_once: Count | None
    hours: list[VisitorHourAnswer]
