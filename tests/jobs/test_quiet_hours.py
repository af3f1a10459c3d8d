"""Quiet hours of channels and rules, from the settings to who is sent what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mvsnap.core.notices import NoticeState
from mvsnap.domain import (
    Job,
    JobId,
    Trigger,
    TriggerKind,
)
from mvsnap.rule_names import (
    crossing_rule,
    sense_rule,
    sensor_rule,
    token_rule,
    webhook_rule,
)
from tests.core import build
from tests.core.build import DOOR, GATE
from tests.jobs.notice_site import (
    BY_DAY,
    BY_NIGHT,
    MORNING,
    NIGHT,
    NOON,
    SECOND,
    Site,
    channel,
    webex,
)
from tests.jobs.notice_site import site as site


def test_without_settings_nothing_is_stored(site: Site) -> None:
    site.trigger("1", "Alarms", "boss@example.com")
    assert site.sent == [("1", "Alarms"), ("1", "boss@example.com")]
    assert site.notices.of_job(JobId("1")) == {}


def test_at_night_a_message_waits_for_the_morning(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1")
    site.go_to(MORNING - SECOND)
    assert site.sent == []
    site.go_to(MORNING)
    assert site.sent == [("1", "Alarms")]
    site.go_to(MORNING + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]
    assert site.notices.due(MORNING + timedelta(days=1)) == []


def test_or_is_never_sent(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY, outside="never"))
    site.clock.at = NIGHT
    site.trigger("1")
    site.go_to(MORNING)
    assert site.sent == []
    assert site.state("1") is NoticeState.QUIET


def test_each_channel_has_its_own_hours(site: Site) -> None:
    site.use(channels=[channel("Guard", when=BY_NIGHT), channel("Office", when=BY_DAY)])
    site.clock.at = NIGHT
    site.trigger("1", "Guard", "Office", "Alarms")
    assert site.sent == [("1", "Guard"), ("1", "Alarms")]
    site.go_to(MORNING)
    assert site.sent[2:] == [("1", "Office")]


def test_a_channel_is_known_in_any_spelling(site: Site) -> None:
    site.use(channels=[channel("Night Guard", when=BY_DAY)])
    site.clock.at = NIGHT
    site.trigger("1", "night guard")
    assert site.sent == []


def test_hours_go_by_the_clock_of_the_site(site: Site) -> None:
    site.use(site={"timezone": "Asia/Tokyo"}, webex=webex(when=BY_DAY))
    site.trigger("1")  # 21:00 there
    site.go_to(datetime(2026, 6, 1, 22, 59, 59, tzinfo=UTC))
    assert site.sent == []
    site.go_to(datetime(2026, 6, 1, 23, tzinfo=UTC))
    assert site.sent == [("1", "Alarms")]


SENSE_RULE = sense_rule(GATE, "7")
TOKEN = {"name": "PLC", "token": "t" * 20}
RULES: dict[str, dict[str, Any]] = {
    SENSE_RULE: {"sense": {"when": BY_NIGHT}},
    token_rule("PLC"): {"webhooks": {"tokens": [TOKEN | {"when": BY_NIGHT}]}},
    sensor_rule(0): {"sense": {"triggers": [{"topic": "a/#", "when": BY_NIGHT}]}},
    webhook_rule("Door"): {"webhooks": {"rules": [{"name": "Door", "when": BY_NIGHT}]}},
}


@pytest.mark.parametrize("rule", RULES)
def test_each_kind_of_rule_has_hours_outside_of_which_it_notifies_nobody(
    site: Site, rule: str
) -> None:
    site.use(**RULES[rule])
    site.trigger("1", rule=rule)
    site.trigger("2", rule="")
    assert site.sent == [("2", "Alarms")]
    site.go_to(NIGHT)
    site.trigger("3", rule=rule)
    assert site.sent == [("2", "Alarms"), ("3", "Alarms")]


def test_a_rule_for_crossings_has_the_hours_of_its_camera_or_its_own(
    site: Site,
) -> None:
    own = [{}, {"when": BY_DAY}, {"outside": "later"}]
    site.use(sense={"when": BY_NIGHT, "crossings": own})
    for number in range(4):  # the last is gone from the settings
        site.trigger(f"{number}", rule=crossing_rule(number, GATE, "a line"))
    assert site.sent == [("1", "Alarms")]
    site.go_to(NIGHT)
    assert site.sent == [("1", "Alarms"), ("2", "Alarms")]


def test_an_exception_for_a_zone_has_hours_of_its_own(site: Site) -> None:
    of_zone = {"serial": GATE, "zone": "7", "when": BY_DAY}
    of_camera = {"serial": DOOR, "outside": "later"}
    site.use(sense={"when": BY_NIGHT, "overrides": [of_zone, of_camera]})
    site.trigger("1", rule=sense_rule(GATE, "7"))
    site.trigger("2", rule=sense_rule(GATE, "8"))
    site.trigger("3", rule=sense_rule(DOOR, ""))
    assert site.sent == [("1", "Alarms")]
    site.go_to(NIGHT)
    assert site.sent == [("1", "Alarms"), ("3", "Alarms")]


def test_a_rule_and_a_channel_have_to_agree(site: Site) -> None:
    rule = {"name": "Door", "when": {"from": "17:00", "to": "06:00"}}
    site.use(
        webex=webex(when=BY_DAY),
        webhooks={"rules": [rule | {"outside": "later"}]},
    )
    site.trigger("1", rule=webhook_rule("Door"))
    site.go_to(NOON.replace(hour=17) - SECOND)
    assert site.sent == []
    site.go_to(NOON.replace(hour=17))
    assert site.sent == [("1", "Alarms")]


def test_what_somebody_asked_for_at_once_is_sent_at_once(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1", trigger=Trigger(TriggerKind.PAGE, "ada"))
    assert site.sent == [("1", "Alarms")]


def test_an_alert_of_the_site_is_never_dropped(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY, outside="never"))
    site.clock.at = NIGHT
    site.run(
        Job(
            *(JobId("1"), Trigger(TriggerKind.SCHEDULE, "alerts"), (), NIGHT),
            rooms=("Alarms",),
        )
    )
    site.go_to(MORNING)
    assert site.sent == [("1", "Alarms")]


def test_what_was_decided_is_not_decided_again_by_other_settings(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY, outside="never"))
    site.clock.at = NIGHT
    job = site.trigger("1")
    site.use()
    site.run(job)
    assert site.sent == []


def test_what_waits_goes_by_the_settings_of_the_moment_it_is_due(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1")
    site.use(webex=webex(when={"from": "09:00", "to": "18:00"}))
    site.go_to(MORNING)
    assert site.sent == []
    site.go_to(MORNING + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]


def test_a_job_that_still_runs_when_it_is_due_is_looked_at_later(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1")
    site.running = {JobId("1")}
    site.go_to(MORNING)
    assert site.sent == []
    site.running = set()
    site.go_to(MORNING + timedelta(seconds=10))
    assert site.sent == [("1", "Alarms")]


def test_a_process_that_dies_after_the_decision_loses_nothing(site: Site) -> None:
    """It is due, and its job was handed over to a process that never ran it."""
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1")
    lost: list[JobId] = []
    run, site.resume = site.resume, lambda job_id: bool(lost.append(job_id)) or True  # type: ignore[method-assign, func-returns-value]
    site.go_to(MORNING)
    assert (lost[0], site.sent) == ("1", [])
    site.use(webex=webex(when=BY_DAY))
    site.resume = run  # type: ignore[method-assign]
    site.go_to(MORNING + timedelta(minutes=2))
    assert site.sent == [("1", "Alarms")]


def test_a_job_that_nobody_knows_any_more_is_dropped(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1")
    site.jobs.clear()
    site.go_to(MORNING)
    assert site.state("1") is NoticeState.QUIET
    assert site.notices.due(MORNING + timedelta(days=9)) == []


def test_a_camera_keeps_its_own_recipients(site: Site) -> None:
    site.use(channels=[channel("Guard"), channel("Office", when=BY_DAY)])
    site.clock.at = NIGHT
    job = build.job(
        *(GATE, DOOR),
        rooms=("Guard", "Office"),
        camera_rooms=((GATE, ("Guard",)), (DOOR, ("Office",))),
    )
    admitted = site.decisions.admitted(job)
    assert admitted.rooms_of(GATE) == ("Guard",)
    assert admitted.rooms_of(DOOR) == ()
