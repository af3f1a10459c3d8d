"""`check` warns where the hours of a rule and of those it notifies never meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mvsnap.cli.check_hours import checks
from mvsnap.config.entries import Entry
from mvsnap.config.load import settings_of
from mvsnap.runtime import Parts
from tests.cli.run import configure, mvsnap
from tests.core.build import GATE, NOON

BY_DAY = {"from": "08:00", "to": "18:00"}
BY_NIGHT = {"from": "22:00", "to": "06:00"}
WEEKEND = {"days": "sat, sun"}
WEEKDAYS = {"days": "mon-fri"}
OFFICE = {"name": "Office", "kind": "apprise", "url": "json://localhost"}
TOKEN = {"name": "PLC", "token": "t" * 20}


def tried(**sections: Any) -> tuple[bool | None, str] | None:
    """Return the line about hours, None if there is none."""
    every = checks(settings_of({"channels": [OFFICE | {"when": BY_DAY}]} | sections))
    lines = [check() for _name, check in every]
    return (lines[0].ok, lines[0].text) if lines else None


def webhooks(**more: Any) -> dict[str, Any]:
    return {"tokens": [TOKEN], "rules": [{"name": "Gate", **more}]}


def test_where_nobody_has_hours_there_is_no_line() -> None:
    assert tried(channels=[OFFICE]) is None


def test_hours_that_meet_are_named() -> None:
    rule = webhooks(room="office", when={"from": "17:00", "to": "20:00"})
    assert tried(webhooks=rule) == (True, "webhooks.rules Gate, Office")


@pytest.mark.parametrize(
    ("sections", "shown"),
    [
        (
            {"webhooks": webhooks(room="office", when=BY_NIGHT)},
            "webhooks.rules Gate",
        ),
        (
            {"webhooks": {"tokens": [TOKEN | {"room": "Office", "when": BY_NIGHT}]}},
            "webhooks.tokens PLC",
        ),
        (
            # Its room is that of the token.
            {
                "webhooks": {
                    "tokens": [TOKEN | {"room": "Office"}],
                    "rules": [{"name": "Gate", "when": BY_NIGHT}],
                }
            },
            "webhooks.rules Gate",
        ),
        (
            {
                "sense": {
                    "triggers": [{"topic": "a/#", "room": "Office", "when": BY_NIGHT}]
                }
            },
            "sense.triggers a/#",
        ),
        (
            {"sense": {"rooms": ["Office"], "crossings": [{"when": BY_NIGHT}]}},
            "sense.crossings * *",
        ),
        ({"sense": {"rooms": ["Office"], "when": BY_NIGHT}}, "sense"),
        (
            {
                "sense": {
                    "overrides": [
                        {"serial": GATE, "rooms": ["Office"], "when": BY_NIGHT}
                    ]
                }
            },
            f"sense.overrides {GATE} *",
        ),
        (
            # The hours are those of all zones, the room that of one.
            {
                "sense": {
                    "when": BY_NIGHT,
                    "overrides": [{"serial": GATE, "zone": "7", "rooms": ["Office"]}],
                }
            },
            f"sense.overrides {GATE} 7",
        ),
    ],
)
def test_hours_that_never_meet_are_a_warning(
    sections: dict[str, Any], shown: str
) -> None:
    expected = f"{shown} never notifies Office: their hours never meet"
    assert tried(**sections) == (None, expected)


def test_days_that_never_meet_are_a_warning_for_rooms_of_webex_too() -> None:
    webex = {"bot_token": "x", "room": "Alarms", "when": WEEKEND}
    found = tried(webex=webex, webhooks=webhooks(when=WEEKDAYS), channels=[])
    text = "webhooks.rules Gate never notifies Alarms: their hours never meet"
    assert found == (None, text)


def test_an_escalation_to_nobody_is_a_warning() -> None:
    escalates = OFFICE | {"escalation": {"after_s": 60, "to": "Site A - Guards"}}
    text = "Office: escalation.to is a room, but webex.bot_token is missing"
    assert tried(channels=[escalates]) == (None, text)


def test_what_was_made_on_the_pages_is_judged_too(tmp_path: Path) -> None:
    tree = {
        "data_dir": str(tmp_path / "data"),
        "channels": [OFFICE | {"when": BY_DAY}],
        "sense": {"rooms": ["Office"], "when": BY_DAY},
    }
    configure(tmp_path, tree)
    parts = Parts(settings_of(tree))
    night = {"kind": "apprise", "url": "json://localhost", "when": [BY_NIGHT]}
    for name, value in ("Night", night), ("office", night):
        entry = Entry("channels", name, value, NOON, "anna")
        assert parts.entries.put(entry, None, [])
    parts.site.choose({"sense.rooms": ["Night"]}, "anna", NOON, [])
    said = " ".join(mvsnap(tmp_path, "check").out.split())
    assert "hours sense never notifies Night: their hours never meet" in said
    unheld = "bad settings made on the pages, not in use: channels office: "
    assert unheld in said
    parts.site.choose({"sense.people": -1}, "anna", NOON, [])
    parts.store.close()
    said = " ".join(mvsnap(tmp_path, "check").out.split())
    assert "hours sense, Office, Night" in said
    assert "not in use: sense.people: " in said
