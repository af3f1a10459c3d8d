"""Settings of visitors: opening hours, entrances of several zones, most people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from mvsnap.config.values import ChannelName, OneOrMore, Section, Text
from mvsnap.domain import FULL_FRAME, Serial, ZoneId, parse_serial
from mvsnap.errors import BadInput

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([0-9]{1,2})(?::00)?-([0-9]{1,2})(?::00)?")
_DAY = 24
_WEEK = 7 * _DAY
_MOST_CHARS, _MOST_PLACES, _MOST_ZONES = 60, 50, 100


def _zone(text: str) -> str:
    """Return SERIAL/ZONE; the zone of a camera alone is its full frame."""
    serial, _, zone_id = text.strip().partition("/")
    try:
        serial = parse_serial(serial)
    except BadInput as exc:
        raise ValueError(
            "expected SERIAL/ZONE like Q2XX-ABCD-1234/7, or SERIAL for all it sees"
        ) from exc
    if not zone_id.isprintable() or len(zone_id) > _MOST_CHARS or "/" in zone_id:
        raise ValueError(f"expected the id of a zone, at most {_MOST_CHARS} characters")
    return f"{serial}/{zone_id or FULL_FRAME}"


def _opening(text: str) -> str:
    for first, until in _spans(text):
        if first == until or first > _DAY - 1 or not 1 <= until <= _DAY:
            raise ValueError("expected full hours like 9-20, or 9-12, 14-18")
    return text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for part in text[: _MOST_CHARS + 1].split(","):
        found = _HOURS.fullmatch(part.strip())
        if found is None:
            raise ValueError("expected full hours like 9-20, or 9-12, 14-18")
        yield int(found[1]), int(found[2])


def _days(text: str) -> range:
    """Return the numbers of mon or mon-fri, 0 for Monday."""
    first, _, last = text.strip().lower().partition("-")
    if first not in WEEKDAYS or (last and last not in WEEKDAYS):
        raise ValueError(f"expected days like mon, or mon-fri; got {text[:20]!r}")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < begin:
        raise ValueError(f"expected days in the order of the week; got {text[:20]!r}")
    return range(begin, end + 1)


ZonePath = Annotated[Text, AfterValidator(_zone)]
Opening = Annotated[Text, AfterValidator(_opening)]


class _Zones(Section):
    name: ChannelName = Field(description="shown on pages, in reports and alerts")
    zones: tuple[ZonePath, ...] = Field(
        min_length=1,
        max_length=_MOST_ZONES,
        description="its zones: SERIAL/ZONE as in the address of the zone's page; "
        "SERIAL alone: all that the camera sees",
    )

    @property
    def keys(self) -> tuple[tuple[Serial, ZoneId], ...]:
        """Camera and zone of each, without duplicates."""
        pairs = (zone.partition("/") for zone in self.zones)
        return tuple(dict.fromkeys((Serial(s), ZoneId(z)) for s, _, z in pairs))


class EntranceSection(_Zones):
    """Zones that count as one entrance."""


class OccupancySection(_Zones):
    limit: int = Field(
        ge=1, le=100_000, description="most people that may be there at once"
    )


class ReportSection(Section):
    every: Literal["day", "week"] = Field(
        description="day: about the day before; week: on Mondays, about the week before"
    )
    hour: int = Field(
        7, ge=1, le=23, description="hour of the day at which it is sent, in site time"
    )
    channel: OneOrMore = Field(
        min_length=1,
        max_length=20,
        description="rooms, e-mail addresses or channels, one or a list, to send it to",
    )

    @property
    def cron(self) -> str:
        return f"0 {self.hour} * * {1 if self.every == 'week' else '*'}"


class VisitorSection(Section):
    opening_hours: dict[Text, Opening] = Field(
        {},
        description="when the site is open, in full hours of its time zone, like "
        "{mon-fri: 9-20, sat: 10-18}; a day without hours is closed; default: always",
    )
    entrances: tuple[EntranceSection, ...] = Field(
        (),
        max_length=_MOST_PLACES,
        description="zones, areas or lines that count as one entrance, by name",
    )
    occupancy: tuple[OccupancySection, ...] = Field(
        (),
        max_length=_MOST_PLACES,
        description="places of which the people in view now are counted together "
        "(needs sense), and reported above a limit (needs alerts.channel)",
    )

    reports: tuple[ReportSection, ...] = Field(
        (), max_length=20, description="reports of visitors, sent by themselves"
    )

    @field_validator("opening_hours")
    @classmethod
    def _days_differ(cls, given: dict[str, str]) -> dict[str, str]:
        days = [day for text in given for day in _days(text)]
        if len(set(days)) < len(days):
            raise ValueError("expected each day once")
        return given

    @model_validator(mode="after")
    def _names_differ(self) -> VisitorSection:
        several: Any = (("entrances", self.entrances), ("occupancy", self.occupancy))
        for field, places in several:
            names = [place.name.casefold() for place in places]
            if len(set(names)) < len(names):
                raise ValueError(f"{field}: two entries have the same name")
        counted = [key for entrance in self.entrances for key in entrance.keys]
        if len(set(counted)) < len(counted):
            raise ValueError("entrances: a zone is in two of them")
        return self

    @property
    def open_hours(self) -> frozenset[int] | None:
        """The hours of the week, 0 for Monday 0:00, to 167; None: always open."""
        if not self.opening_hours:
            return None
        return frozenset(
            (day * _DAY + hour) % _WEEK
            for days, text in self.opening_hours.items()
            for day in _days(days)
            for first, until in _spans(text)
            # Over midnight, they go on in the next day.
            for hour in range(first, until if first < until else until + _DAY)
        )
