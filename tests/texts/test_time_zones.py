"""Zones are called as in the language: Babel knows how, but does not run with us."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.dates import get_timezone_name

from mvsnap import texts
from mvsnap.core.site_time import foreign, stored_to_minute, to_minute, to_second

WINTER, SUMMER = (datetime(2026, month, 4, 12, tzinfo=UTC) for month in (1, 7))
EUROPE = ("Europe/Berlin", "Europe/Athens", "Europe/Lisbon")


@pytest.mark.parametrize("name", [*EUROPE, "UTC"])
@pytest.mark.parametrize("at", [WINTER, SUMMER])
def test_zones_have_the_names_of_the_language(name: str, at: datetime) -> None:
    zone = ZoneInfo(name)
    moment = at.astimezone(zone)
    english = moment.tzname() or ""
    assert to_second(moment, zone).endswith(f" {english}")
    texts.use("de")
    german = get_timezone_name(moment, "short", locale="de")
    assert to_second(moment, zone).endswith(f" {german}")
    assert to_minute(moment, zone).endswith(f" {german}")
    assert foreign(moment, zone, ZoneInfo("Asia/Tokyo")) == f" {german}"
    assert stored_to_minute(moment, zone).endswith(f" {english}"), "stored in English"


def test_others_have_the_name_that_everybody_knows() -> None:
    texts.use("de")
    tokyo = ZoneInfo("Asia/Tokyo")
    assert to_minute(WINTER, tokyo).endswith(" JST")
