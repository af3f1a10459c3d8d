"""Badge pictures without a key for the Dashboard: nobody waits for what never comes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mvsnap.badges.model import BadgePictureState
from mvsnap.domain import Role
from tests.badges.build import badge
from tests.web.build import GATE, Web, send

SAID = "Pictures cannot be fetched: meraki.api_key is not set."


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, meraki={}, badges={"camera_of_reader": {"Gate": GATE}})


def test_list_and_review_say_what_is_not_set(web: Web) -> None:
    made = badge(now=datetime.now(UTC))
    web.badges.add([made])
    client = web.log_in(Role.REVIEWER)
    assert SAID in client.get("/badges").text
    page = client.get(f"/badges/{made.id}").text
    assert SAID in page
    assert "data-look" not in page


def test_nothing_can_be_fetched_again(web: Web) -> None:
    made = badge(now=datetime.now(UTC))
    web.badges.add([made])
    web.badge_pictures.not_fetched(made.id, BadgePictureState.NO_VIDEO, "none", None)
    client = web.log_in(Role.REVIEWER)
    address = f"/badges/{made.id}"
    assert "Fetch again" not in client.get(address).text
    send(client, f"{address}/picture")
    assert SAID in client.get(address).text
    found = web.badges.badge(made.id)
    assert found is not None
    assert found.picture is BadgePictureState.NO_VIDEO
