from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mvsnap.config.visitors import VisitorSection

ZONES = ["Q2SM-0000-0001/7"]


def section(**given: Any) -> VisitorSection:
    return VisitorSection.model_validate(given)


def test_without_hours_the_site_is_always_open() -> None:
    assert section().open_hours is None


def test_opening_hours_are_hours_of_the_week() -> None:
    found = section(opening_hours={"mon-tue": "9-12, 14:00-15:00", "sun": "22-2"})
    assert set(found.open_hours or ()) == {
        *(9, 10, 11, 14),
        *(33, 34, 35, 38),
        *(6 * 24 + 22, 6 * 24 + 23, 0, 1),  # the night of Sunday ends on Monday
    }


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"monday": "9-20"}, id="no day"),
        pytest.param({"fri-mon": "9-20"}, id="days the other way round"),
        pytest.param({"mon-fri": "9-20", "tue": "9-20"}, id="a day twice"),
        pytest.param({"mon": "9:30-20"}, id="half an hour"),
        pytest.param({"mon": "9-9"}, id="nothing"),
        pytest.param({"mon": "25-26"}, id="no such hour"),
        pytest.param({"mon": ""}, id="empty"),
        pytest.param({"mon": "9-20," * 10_000}, id="very long"),
    ],
)
def test_wrong_opening_hours_say_what_is_expected(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="expected"):
        section(opening_hours=given)


def test_a_zone_without_an_id_is_all_that_the_camera_sees() -> None:
    zones = ["q2sm-0000-0001", "Q2SM-0000-0001/0", *ZONES]
    (one,) = section(entrances=[{"name": "Main", "zones": zones}]).entrances
    assert one.keys == (("Q2SM-0000-0001", "0"), ("Q2SM-0000-0001", "7"))


@pytest.mark.parametrize(
    "zone", ["", "7", "Q2SM-0000-0001/" + "7" * 61, "Q2SM-0000-0001/a/b", "a\0b"]
)
def test_a_wrong_zone_says_what_is_expected(zone: str) -> None:
    with pytest.raises(ValidationError, match="expected"):
        section(entrances=[{"name": "Main", "zones": [zone]}])


def test_entrances_differ_in_name_and_in_zones() -> None:
    main = {"name": "Main", "zones": ZONES}
    with pytest.raises(ValidationError, match="the same name"):
        section(entrances=[main, {"name": "main", "zones": ["Q2SM-0000-0002"]}])
    with pytest.raises(ValidationError, match="a zone is in two"):
        section(entrances=[main, {"name": "Other", "zones": ZONES}])


def test_places_of_occupancy_may_share_zones() -> None:
    two = [{"name": name, "zones": ZONES, "limit": 5} for name in ("Hall", "All")]
    assert [one.limit for one in section(occupancy=two).occupancy] == [5, 5]
