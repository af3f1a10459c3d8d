"""The hours that the page sets hold for what is sent, within two seconds."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import OperationalError

from mvsnap.config.model import Settings
from mvsnap.config.notify import hours_text
from mvsnap.jobs.notice_rules import NoticeRules
from mvsnap.rule_names import sense_rule
from mvsnap.store.settings.overrides import LiveOverrides
from tests.clients.fakes import FakeClock
from tests.web.build import GATE

FILE = Settings.model_validate({"sense": {"people": 3, "when": {"days": "sat"}}})
AWAY = OperationalError("select", {}, OSError("away"))


class Kept:
    """The overrides of a store; None: it is away."""

    def __init__(self) -> None:
        self.overrides: dict[str, Any] | None = {}
        self.reads = 0

    def read(self) -> dict[str, Any]:
        self.reads += 1
        if self.overrides is None:
            raise AWAY
        return dict(self.overrides)


def test_what_the_page_says_holds_within_two_seconds() -> None:
    kept, clock = Kept(), FakeClock()
    live = LiveOverrides(kept.read, clock)
    before = live(FILE)
    assert before is FILE
    kept.overrides = {"sense.people": 4}
    assert live(FILE) is before
    clock.pass_time(2)
    after = live(FILE)
    assert (after.sense.people, after.sense.when) == (4, FILE.sense.when)
    clock.pass_time(2)
    assert live(FILE) is after
    assert kept.reads == 3


def test_what_is_not_valid_or_out_of_reach_changes_nothing() -> None:
    kept, clock = Kept(), FakeClock()
    live = LiveOverrides(kept.read, clock)
    kept.overrides = {"sense.people": 4}
    held = live(FILE)
    kept.overrides = None
    clock.pass_time(2)
    assert live(FILE) is held
    kept.overrides = {"sense.people": -1}
    clock.pass_time(2)
    assert live(FILE) is FILE
    kept.overrides["webex.when"] = [{"days": "mon"}]
    clock.pass_time(2)
    assert live(FILE).sense is FILE.sense
    assert hours_text(live(FILE).webex.when) == "mon"


def test_the_hours_of_a_zone_follow() -> None:
    kept, clock = Kept(), FakeClock()
    live = LiveOverrides(kept.read, clock)
    rules = NoticeRules(FILE, lambda: live(FILE))
    zone = sense_rule(GATE, "7")
    assert len(rules.of_rule(zone)) == 1
    kept.overrides = {
        "sense.overrides": [{"serial": GATE, "zone": "7", "outside": "later"}],
        "sense.when": [{"days": "mon-fri", "from": "08:00", "to": "18:00"}],
    }
    clock.pass_time(2)
    (hours,) = rules.of_rule(zone)
    assert hours.is_kept
    kept.overrides = {"sense.when": [{"days": "sun"}]}
    clock.pass_time(2)
    (hours,) = rules.of_rule(zone)
    assert not hours.is_kept


def test_the_hours_of_webex_rooms_follow_and_not_those_of_a_channel() -> None:
    kept, clock = Kept(), FakeClock()
    channel = {"name": "Guards", "kind": "webex", "room": "Site A"}
    bot = {"bot_token": "a-token-of-a-bot", "room": "Office"}
    settings = Settings.model_validate({"webex": bot, "channels": [channel]})
    live = LiveOverrides(kept.read, clock)
    rules = NoticeRules(settings, lambda: live(settings))
    assert not rules.of_room("Office").hours
    kept.overrides = {"webex.when": [{"days": "sun"}], "webex.outside": "never"}
    clock.pass_time(2)
    (hours,) = rules.of_room("Office").hours
    assert not hours.is_kept
    assert not rules.of_room("Guards").hours
