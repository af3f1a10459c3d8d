"""Several organizations of Meraki in the settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mvsnap.config.model import Settings

DOOR, GATE = "Q2AA-0000-0001", "Q2AA-0000-0002"
NORTH = {"name": "North", "api_key": "key-north", "organization_id": "2"}
SOUTH = {"name": "South", "api_key": "key-south", "organization_id": "3"}


def settings(*organizations: dict[str, Any], **sections: Any) -> Settings:
    return Settings.model_validate({"organizations": organizations} | sections)


def test_without_organizations_there_is_the_one_of_meraki() -> None:
    alone = Settings.model_validate({"meraki": {"api_key": "k", "cameras": [DOOR]}})
    assert alone.dashboards == {"": alone.meraki}
    assert alone.default_cameras == (DOOR,)
    assert alone.zone_of("") is not None
    assert not Settings().asks_meraki


def test_what_an_entry_leaves_out_is_that_of_meraki() -> None:
    meraki = {"api_key": "k", "base_url": "https://api.meraki.cn/api/v1"}
    made = settings(
        NORTH | {"requests_per_s": 3, "timezone": "Asia/Tokyo", "cameras": [GATE]},
        SOUTH,
        meraki=meraki | {"picture_wait_s": 9, "cameras": [DOOR]},
        site={"timezone": "Europe/Berlin"},
    )
    north, south = made.dashboards["North"], made.dashboards["South"]
    assert list(made.dashboards) == ["", "North", "South"]
    assert north.base_url == south.base_url == made.meraki.base_url
    assert (north.requests_per_s, south.requests_per_s) == (3, 10)
    assert (north.picture_wait_s, south.cameras) == (9, ())
    assert str(made.zone_of("North")) == "Asia/Tokyo"
    assert str(made.zone_of("South")) == "Europe/Berlin"
    assert made.default_cameras == made.cameras_named() == (DOOR, GATE)
    assert {"key-north", "key-south"} <= set(made.secrets())


def test_an_entry_is_enough_without_meraki() -> None:
    made = settings(NORTH | {"cameras": [GATE]}, schedules=[{"cron": "0 7 * * *"}])
    assert list(made.dashboards) == ["North"]
    assert made.default_cameras == (GATE,)
    assert made.asks_meraki


@pytest.mark.parametrize(
    ("organizations", "mistake"),
    [
        ([NORTH, NORTH | {"organization_id": "4"}], "name: 'North' is the name of"),
        ([NORTH, SOUTH | {"name": "north"}], "is the name of organizations.0"),
        ([NORTH | {"cameras": [DOOR]}], f"cameras: {DOOR} is in meraki.cameras, too"),
        ([NORTH, SOUTH | {"organization_id": "2"}], "organizations.0 has the same one"),
        ([NORTH | {"organization_id": "1"}], "meraki has the same one"),
        (
            [
                {"name": "North", "api_key": "same"},
                {"name": "South", "api_key": "same"},
            ],
            "organizations.0 has the same api_key",
        ),
        ([NORTH | {"api_key": ""}], "organizations.0.api_key"),
        ([{"name": "North"}], "organizations.0.api_key"),
        ([NORTH | {"name": ""}], "organizations.0.name"),
        ([NORTH | {"timezone": "Moon"}], "organizations.0.timezone"),
        ([NORTH | {"webex": "x"}], "organizations.0.webex"),
        ([NORTH | {"name": "North\nroom"}], "organizations.0.name"),
        ([NORTH | {"name": " North"}], "organizations.0.name"),
    ],
)
def test_a_mistake_names_the_entry(
    organizations: list[dict[str, Any]], mistake: str
) -> None:
    meraki = {"api_key": "k", "organization_id": "1", "cameras": [DOOR]}
    with pytest.raises(ValidationError) as caught:
        settings(*organizations, meraki=meraki)
    places = [".".join(map(str, e["loc"])) for e in caught.value.errors()]
    assert mistake in f"{caught.value}" or mistake in places
    assert "key-north" not in f"{caught.value}"


def test_one_organization_may_be_split_by_network() -> None:
    made = settings(
        NORTH | {"network_id": "N_1"},
        SOUTH | {"organization_id": "2", "network_id": "N_2"},
    )
    assert len(made.dashboards) == 2
