"""Quiet hours, groups and escalations, from the settings to who is sent what."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clock import ClockSettings, SystemClock
from mvsnap.config.model import Settings
from mvsnap.core.notices import NoticeState
from mvsnap.domain import (
    DeliveryState,
    EventId,
    EventKind,
    Job,
    JobId,
    Trigger,
    TriggerKind,
)
from mvsnap.jobs.due_notices import DueNotices
from mvsnap.jobs.notice_rules import NoticeRules
from mvsnap.jobs.notices import JobNotices
from mvsnap.rule_names import (
    crossing_rule,
    sense_rule,
    sensor_rule,
    token_rule,
    webhook_rule,
)
from mvsnap.store import database
from mvsnap.store.event_search import EventState, find_event
from mvsnap.store.events import Store
from mvsnap.store.notices import NoticeStore
from tests.core import build
from tests.core.build import DOOR, GATE

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
NIGHT = datetime(2026, 6, 1, 23, tzinfo=UTC)
MORNING = datetime(2026, 6, 2, 8, tzinfo=UTC)
BY_DAY = {"from": "08:00", "to": "18:00"}
BY_NIGHT = {"from": "22:00", "to": "06:00"}
SECOND = timedelta(seconds=1)


class SetClock(SystemClock):
    """Setting `at` lets time pass, `set` is as somebody who sets the clock."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at - timedelta(hours=2)
        self._is_ahead = timedelta()
        self.passed_since_start()  # looks at it first
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._is_ahead).timestamp()

    def set(self, by: timedelta) -> None:
        self.passed_since_step()
        self.at += by
        self._is_ahead += by

    def forget(self) -> None:
        """Be as the clock of a new process."""
        self._settings = ClockSettings()
        self.passed_since_step()


class Site:
    """Runs jobs as the engine does, but sends nothing: `sent` says what it would."""

    def __init__(self, folder: Path, at: datetime = NOON) -> None:
        self.clock = SetClock(at)
        engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(engine)
        db = database.Database(engine)
        self.events, self.notices = Store(db), NoticeStore(db)
        self.jobs: dict[JobId, Job] = {}
        # Jobs in their first run.
        self.running: set[JobId] = set()
        self.sent: list[tuple[str, str]] = []
        self._turn = threading.Lock()
        self.use()

    def use(self, **sections: Any) -> None:
        """Start the process again with these settings."""
        settings = Settings.model_validate({"webex": {"bot_token": "x"}} | sections)
        rules = NoticeRules(settings)
        self.decisions = JobNotices(self.notices, self.events, rules, self.clock)
        self.due = DueNotices(
            *(self.notices, self.decisions, rules, self, self.run, self.clock)
        )

    def run(self, job: Job) -> None:
        self.jobs[job.id] = job
        admitted = self.decisions.admitted(job)
        with self._turn:
            for room in dict.fromkeys(admitted.rooms):
                if (job.id, room) not in self.sent:
                    self.sent.append((job.id, room))

    def known(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)

    def resume(self, job_id: JobId) -> bool:
        if job_id not in self.jobs or job_id in self.running:
            return False
        self.run(self.jobs[job_id])
        return True

    def go_to(self, at: datetime) -> None:
        self.clock.at = at
        self.due.step()

    def trigger(self, name: str, *rooms: str, **given: Any) -> Job:
        given = {"accepted_at": self.clock.at} | given
        job = build.job(
            *given.pop("serials", ()),
            id=JobId(name),
            rooms=rooms or ("Alarms",),
            **given,
        )
        self.run(job)
        return job

    def event(self, kind: EventKind, job: Job, name: str) -> EventId:
        event = build.event(id=EventId(name), kind=kind, job_id=job.id)
        self.events.add_event(event)
        return event.id

    def reply(self, kind: EventKind, job: Job, name: str, **given: Any) -> Job:
        about = self.event(kind, job, name)
        made = replace(
            job, id=JobId(name), serials=(), about=about, accepted_at=self.clock.at
        )
        self.run(replace(made, **given))
        return made

    def confirm(self, name: str) -> None:
        event = build.event(id=EventId(name), job_id=JobId(name))
        self.notices.see(event, "ada", NOON)

    def state(self, name: str, room: str = "Alarms") -> NoticeState:
        return self.notices.of_job(JobId(name))[room].state


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.events.close()


def channel(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "apprise", "url": "json://localhost"} | more


def webex(**more: Any) -> dict[str, Any]:
    return {"bot_token": "x", **more}


# --- quiet hours


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


# --- ends and clips


@pytest.mark.parametrize("kind", [EventKind.END, EventKind.CLIP])
def test_what_follows_a_message_that_waits_waits_with_it(
    site: Site, kind: EventKind
) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.reply(kind, site.trigger("1"), "2")
    assert site.sent == []
    site.go_to(MORNING)
    assert site.sent == [("1", "Alarms"), ("2", "Alarms")]


@pytest.mark.parametrize("kind", [EventKind.END, EventKind.CLIP])
def test_what_follows_a_message_that_is_never_sent_is_not_sent(
    site: Site, kind: EventKind
) -> None:
    site.use(sense={"when": BY_NIGHT})
    job = site.trigger("1", rule=SENSE_RULE)
    site.go_to(NIGHT)
    site.reply(kind, job, "2")
    assert site.sent == []


@pytest.mark.parametrize("kind", [EventKind.END, EventKind.CLIP])
def test_a_reply_that_runs_first_is_decided_after_what_it_replies_to(
    site: Site, kind: EventKind
) -> None:
    site.use(webex=webex(group={"messages": 0, "within_s": 600}))
    job = build.job(id=JobId("1"), rooms=("Alarms",))
    site.reply(kind, job, "2")  # it waits until the first is sent
    assert site.notices.of_job(JobId("2")) == {}
    site.run(job)
    again = site.decisions.admitted(site.jobs[JobId("2")])
    assert again.rooms == ()
    assert site.state("2") is NoticeState.GROUPED


def test_the_end_of_a_crowd_that_was_sent_before_there_were_hours_has_them(
    site: Site,
) -> None:
    job = site.trigger("1")
    site.events.set_delivery(job.id, GATE, "Alarms", DeliveryState.SENT, NOON)
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.reply(EventKind.END, job, "2")
    assert site.sent == [("1", "Alarms")]
    assert site.state("2") is NoticeState.LATE


def test_the_end_of_a_crowd_goes_by_its_own_time_a_clip_with_its_message(
    site: Site,
) -> None:
    site.use(webex=webex(when=BY_DAY, outside="never"))
    job = site.trigger("1")
    site.go_to(NIGHT)
    site.reply(EventKind.END, job, "2")
    site.reply(EventKind.CLIP, job, "3")
    assert site.sent == [("1", "Alarms"), ("3", "Alarms")]


# --- groups


def test_more_messages_become_one_with_their_number(site: Site) -> None:
    site.use(webex=webex(group={"messages": 2, "within_s": 600}))
    for number in range(5):
        site.clock.at = NOON + number * SECOND
        site.trigger(f"{number}")
    assert site.sent == [("0", "Alarms"), ("1", "Alarms")]
    site.go_to(NOON + timedelta(seconds=601))
    assert len(site.sent) == 2
    site.go_to(NOON + timedelta(seconds=602))
    (group_id, room) = site.sent[-1]
    group = site.notices.group(JobId(group_id))
    assert group is not None
    assert (room, group.messages, group.camera) == ("Alarms", 3, GATE)
    site.go_to(NOON + timedelta(hours=2))
    assert len(site.sent) == 3


def test_what_follows_a_grouped_message_is_not_counted(site: Site) -> None:
    site.use(webex=webex(group={"messages": 1, "within_s": 600}))
    site.trigger("1")
    site.reply(EventKind.END, site.trigger("2"), "3")
    assert site.sent == [("1", "Alarms")]
    site.go_to(NOON + timedelta(hours=1))
    group = site.notices.group(JobId(site.sent[-1][0]))
    assert group is not None
    assert group.messages == 1


def test_the_messages_of_a_night_become_few_in_the_morning(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY, group={"messages": 2, "within_s": 600}))
    for number in range(9):
        site.clock.at = NIGHT + number * timedelta(minutes=20)
        site.trigger(f"{number}")
    site.go_to(MORNING)
    assert site.sent == [("0", "Alarms"), ("1", "Alarms")]
    site.go_to(MORNING + timedelta(minutes=10))
    group = site.notices.group(JobId(site.sent[-1][0]))
    assert group is not None
    assert group.messages == 7


def test_a_group_that_ends_at_night_is_posted_in_the_morning(site: Site) -> None:
    hours = {"from": "08:00", "to": "12:05"}
    site.use(
        webex=webex(when=hours, outside="never", group={"messages": 0, "within_s": 600})
    )
    site.trigger("1")
    site.go_to(NOON + timedelta(minutes=10))
    assert site.sent == []
    site.go_to(MORNING)
    (group_id, _room) = site.sent[-1]
    assert site.notices.group(JobId(group_id))


def test_every_event_is_kept_and_says_what_became_of_it(site: Site) -> None:
    site.use(
        webex=webex(group={"messages": 0, "within_s": 600}),
        channels=[channel("Office", when=BY_DAY, outside="never")],
    )
    grouped = site.event(EventKind.SNAPSHOT, site.trigger("1"), "event 1")
    site.clock.at = NIGHT
    quiet = site.event(EventKind.SNAPSHOT, site.trigger("2", "Office"), "event 2")
    states = [find_event(site.events, one) for one in (grouped, quiet)]
    assert [found.state for found in states if found] == [
        EventState.GROUPED,
        EventState.QUIET,
    ]


# --- escalation


ESCALATES = webex(escalation={"after_s": 300, "to": ["Guard"]})


def test_if_nobody_confirms_the_next_channel_is_notified(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=299))
    assert site.sent == [("1", "Alarms")]
    site.go_to(NOON + timedelta(seconds=300))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]
    site.go_to(NOON + timedelta(hours=1))
    assert len(site.sent) == 2


def test_whoever_confirms_ends_it(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.confirm("1")
    site.go_to(NOON + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]


def test_whoever_confirms_an_alarm_confirms_it_for_all_rules_that_match_it(
    site: Site,
) -> None:
    """Each rule has a job of its own; the alarm is stored with the first one."""
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    first = build.job(id=JobId("1"), rooms=("Alarms",), accepted_at=NOON)
    about = site.event(EventKind.ALARM, first, "alarm")
    for name, room in (("1", "Alarms"), ("2", "Office")):
        site.trigger(name, room, about=about)
    site.confirm("1")
    site.go_to(NOON + timedelta(hours=1))
    assert site.sent == [("1", "Alarms"), ("2", "Office")]


@pytest.mark.parametrize("kind", [TriggerKind.PAGE, TriggerKind.WEBEX])
def test_what_somebody_asks_for_is_sent_at_once_and_does_not_escalate(
    site: Site, kind: TriggerKind
) -> None:
    site.use(webex=ESCALATES | {"when": BY_DAY}, channels=[channel("Guard")])
    site.clock.at = NIGHT
    site.trigger("1", trigger=Trigger(kind, "ada@example.com"))
    site.go_to(NIGHT + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]


def test_it_goes_from_one_channel_to_the_next_and_not_around(site: Site) -> None:
    site.use(
        webex=ESCALATES,
        channels=[
            channel("Guard", escalation={"after_s": 60, "to": "Boss"}),
            channel("Boss", escalation={"after_s": 60, "to": ["Guard", "Alarms"]}),
        ],
    )
    site.trigger("1")
    for minute in range(1, 30):
        site.go_to(NOON + timedelta(minutes=minute))
    assert site.sent == [("1", "Alarms"), ("1", "Guard"), ("1", "Boss")]


def test_who_must_not_be_notified_now_passes_it_on_at_once(site: Site) -> None:
    guard = channel("Guard", when=BY_NIGHT, outside="never")
    site.use(
        webex=ESCALATES,
        channels=[
            guard | {"escalation": {"after_s": 900, "to": "Boss"}},
            channel("Boss"),
        ],
    )
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=300))
    site.go_to(NOON + timedelta(seconds=302))
    assert site.sent == [("1", "Alarms"), ("1", "Boss")]


def test_what_waits_for_its_hours_escalates_after_it_was_sent(site: Site) -> None:
    site.use(webex=ESCALATES | {"when": BY_DAY}, channels=[channel("Guard")])
    site.clock.at = NIGHT
    site.trigger("1")
    site.go_to(MORNING - SECOND)
    assert site.sent == []
    site.go_to(MORNING)
    site.go_to(MORNING + timedelta(seconds=299))
    assert site.sent == [("1", "Alarms")]
    site.go_to(MORNING + timedelta(seconds=300))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_an_escalation_that_waits_for_its_hours_ends_when_somebody_confirms(
    site: Site,
) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard", when=BY_NIGHT)])
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=300))
    site.confirm("1")
    site.go_to(NIGHT)
    assert site.sent == [("1", "Alarms")]
    assert site.state("1", "Guard") is NoticeState.QUIET


def test_who_was_notified_by_an_escalation_gets_the_end_too(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    job = site.trigger("1")
    site.go_to(NOON + timedelta(seconds=300))
    site.reply(EventKind.END, job, "2")
    assert site.sent[2:] == [("2", "Alarms"), ("2", "Guard")]


def test_a_restart_in_between_loses_no_escalation(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.go_to(NOON + timedelta(hours=3))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_an_alert_of_the_site_does_not_escalate(site: Site) -> None:
    """There is no event that somebody could confirm."""
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    alerts = Trigger(TriggerKind.SCHEDULE, "alerts")
    site.run(Job(JobId("1"), alerts, (), NOON, rooms=("Alarms",)))
    site.go_to(NOON + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]


# --- clocks that are set, several workers, jobs that fail


FIVE = timedelta(seconds=300)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("step", [-24 * HOUR, -HOUR, HOUR, 24 * HOUR], ids=str)
@pytest.mark.parametrize("is_restarted", [False, True])
def test_it_escalates_after_what_passed_whatever_the_clock_is_set_to(
    site: Site, step: timedelta, *, is_restarted: bool
) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.clock.set(step)
    if is_restarted:
        site.clock.forget()
    begun_at = site.clock.at
    site.go_to(begun_at + FIVE - SECOND)
    # A process that does not know of the step goes by what the clock says.
    is_early = is_restarted and step > FIVE
    assert site.sent == [("1", "Alarms"), *([("1", "Guard")] if is_early else [])]
    site.go_to(begun_at + FIVE)
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_after_a_start_it_does_not_go_by_a_clock_that_ntp_has_yet_to_set(
    site: Site,
) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.clock.set(24 * HOUR)
    site.clock.forget()
    begun_at = site.clock.at
    site.go_to(begun_at)
    site.go_to(begun_at + 100 * SECOND)
    assert site.sent == [("1", "Alarms")]
    site.clock.set(-24 * HOUR)
    site.go_to(NOON + FIVE - SECOND)
    assert site.sent == [("1", "Alarms")]
    site.go_to(NOON + FIVE)
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_a_start_delays_what_is_due_by_two_minutes_at_most(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.clock.at += HOUR
    site.clock.forget()
    site.go_to(site.clock.at)
    assert site.sent == [("1", "Alarms")]
    site.go_to(site.clock.at + timedelta(minutes=2))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_what_a_clock_that_was_ahead_kept_back_is_sent_in_its_hours(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT + timedelta(days=10)
    site.trigger("1")
    site.clock.set(NOON - site.clock.at)
    site.go_to(NOON + SECOND)
    assert site.sent == [("1", "Alarms")]


def test_a_group_of_a_clock_that_was_ahead_is_posted(site: Site) -> None:
    site.use(webex=webex(group={"messages": 0, "within_s": 600}))
    site.clock.at = NOON + timedelta(days=10)
    site.trigger("1")
    site.clock.set(NOON - site.clock.at)
    site.trigger("2")
    site.go_to(NOON + SECOND)
    site.go_to(NOON + timedelta(seconds=600))
    groups = [site.notices.group(JobId(sent)) for sent, _room in site.sent]
    assert [group.messages for group in groups if group] == [1, 1]


def test_a_message_that_comes_while_the_others_are_counted_joins_the_next(
    site: Site,
) -> None:
    run = site.run

    def run_while_another_comes(job: Job) -> None:
        run(job)
        if not job.serials and "2" not in site.jobs:
            site.clock.at -= SECOND  # of a machine whose clock is a little behind
            site.trigger("2")

    site.run = run_while_another_comes  # type: ignore[method-assign]
    site.use(webex=webex(group={"messages": 0, "within_s": 600}))
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=600))
    site.go_to(NOON + timedelta(seconds=1200))
    groups = [site.notices.group(JobId(sent)) for sent, _room in site.sent]
    assert [group.messages for group in groups if group] == [1, 1]


def test_of_many_that_come_at_once_no_more_are_sent_by_themselves(site: Site) -> None:
    site.use(webex=webex(group={"messages": 2, "within_s": 600}))
    real = JobNotices(
        site.notices, site.events, site.decisions._rules, clock=SystemClock()
    )
    jobs = [build.job(id=JobId(f"{number}"), rooms=("Alarms",)) for number in range(30)]
    with ThreadPoolExecutor(10) as pool:
        admitted = list(pool.map(real.admitted, jobs))
    assert sum(bool(job.rooms) for job in admitted) == 2


def test_two_workers_send_each_once(site: Site) -> None:
    site.use(
        webex=ESCALATES | {"when": BY_DAY, "group": {"messages": 1, "within_s": 600}},
        channels=[channel("Guard")],
    )
    site.clock.at = NIGHT
    for number in range(10):
        site.trigger(f"{number}")
    rules = site.decisions._rules
    another = DueNotices(
        *(site.notices, site.decisions, rules, site, site.run, site.clock)
    )
    for minute in range(30):
        site.clock.at = MORNING + minute * timedelta(minutes=1)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(DueNotices.step, (site.due, another)))
    assert len(site.sent) == len(set(site.sent)) == 3
    assert site.sent[:2] == [("0", "Alarms"), ("0", "Guard")]
    group = site.notices.group(JobId(site.sent[2][0]))
    assert group is not None
    assert group.messages == 9


def test_a_job_that_fails_does_not_hold_up_the_others(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1")
    site.trigger("2")
    known = site.known

    def fail_for_one(job_id: JobId) -> Job | None:
        if job_id == "1":
            raise ValueError("an entry of a later release")
        return known(job_id)

    site.known = fail_for_one  # type: ignore[method-assign]
    site.go_to(MORNING)
    site.go_to(MORNING + SECOND)
    assert site.sent == [("2", "Alarms")]
    assert caplog.text.count("will be tried again") == 1
    site.known = known  # type: ignore[method-assign]
    site.go_to(MORNING + 2 * SECOND)
    assert site.sent == [("2", "Alarms"), ("1", "Alarms")]
