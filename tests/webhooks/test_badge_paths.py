from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mvsnap.badges.model import MAX_DETAIL, MAX_DETAILS
from mvsnap.errors import BadInput
from mvsnap.webhooks.badge_paths import BadgePaths, swipe_of
from tests.core.build import NOON

PATHS = BadgePaths("event.at", "event.card.number", "doors.0.name")
MESSAGE: dict[str, Any] = {
    "id": 17,
    "result": "granted",
    "event": {"at": "2026-01-31T08:15:00+01:00", "card": {"number": 4711}},
    "doors": [{"name": " Gate "}],
}


def test_the_paths_of_the_rule_say_when_who_and_where() -> None:
    found = swipe_of(PATHS, MESSAGE, NOON)
    assert found.swiped_at == datetime(2026, 1, 31, 7, 15, tzinfo=UTC)
    assert (found.user_id, found.reader) == ("4711", "Gate")
    assert found.details == {"id": 17, "result": "granted"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"event": {"card": {"number": 1}}}, "badge.timestamp: missing"),
        ({"event": MESSAGE["event"] | {"at": "soon"}}, "badge.timestamp: 'soon'"),
        ({"event": MESSAGE["event"] | {"card": 5}}, "badge.user_id: nothing"),
        ({"doors": []}, "badge.reader: nothing"),
        ({"doors": [{"name": ["Gate"]}]}, "badge.reader: ['Gate']"),
    ],
)
def test_what_is_not_there_is_named_with_its_path(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        swipe_of(PATHS, MESSAGE | change, NOON)
    assert caught.value.message.startswith(said)
    assert "the rule expects timestamp at event.at" in caught.value.message


def test_details_that_are_too_much_are_left_out_and_the_badge_event_is_kept() -> None:
    many = {f"name {n}": n for n in range(MAX_DETAILS * 2)}
    odd = {"long": "x" * (MAX_DETAIL + 1), "": 1, "x" * 101: 2, "none": None, "a": "\0"}
    found = swipe_of(PATHS, odd | MESSAGE | many, NOON)
    assert found.user_id == "4711"
    assert len(found.details) == MAX_DETAILS - 3
    assert not odd.keys() & found.details.keys()
