"""Seen, pressed in Webex: where the button is, what it stores, what it ends."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from mvsnap.bot.requests import BotRequest
from mvsnap.config.model import Settings
from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.delivery.buttons import MessageButtons
from mvsnap.delivery.cards import place_card
from mvsnap.domain import CameraName, EventId, EventKind, Job, JobId, Serial
from mvsnap.jobs.due_notices import DueNotices
from mvsnap.jobs.notice_rules import NoticeRules
from mvsnap.jobs.notices import JobNotices
from mvsnap.simulator.directory import portrait_of
from mvsnap.simulator.webex.cards import button_data, press, titles_of_buttons
from mvsnap.simulator.webex.webex import SimMessage
from mvsnap.values import replace
from tests.bot.build import GUARD, ROOM, STRANGER, Bot
from tests.core import build
from tests.jobs.fakes import Crew

AFTER = timedelta(minutes=5)
OTHER = "boss@example.com"


class Escalating:
    """Jobs of a room whose messages escalate to a person, as a worker runs them."""

    def __init__(self, bot: Bot) -> None:
        self.bot, self.crew = bot, bot.crew
        self.jobs: dict[JobId, Job] = {}
        self.has_picture = False
        bot.webex.people[OTHER] = "Bea Boss"
        escalation = {"after_s": AFTER.total_seconds(), "to": OTHER}
        settings = Settings.model_validate(
            {"webex": {"bot_token": "x", "escalation": escalation}}
        )
        rules, crew = NoticeRules(settings), bot.crew
        self.decisions = JobNotices(crew.notices, crew.store, rules, crew.clock)
        self.due = DueNotices(
            *(crew.notices, self.decisions, rules, self, self.run, crew.clock)
        )

    def run(self, job: Job) -> None:
        self.jobs[job.id] = job
        buttons = MessageButtons(
            lambda room: room == ROOM, {}, escalates=lambda room: room == ROOM
        )
        given: Any = {"buttons": buttons, "notices": self.decisions}
        assert self.crew.runner(**given).run(job) is None

    def known(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)

    def resume(self, job_id: JobId) -> bool:
        self.run(self.jobs[job_id])
        return True

    def crowd(self) -> SimMessage:
        """Post a crowd with its picture; return the message with the buttons."""
        serial, job_id = self.bot.serials[0], JobId(str(uuid.uuid4()))
        raised = build.event(
            kind=EventKind.CROWD,
            serial=serial,
            job_id=job_id,
            details={"limit": 3, "dwell_s": 3},
        )
        self.crew.store.add_event(raised)
        self.run(self.crew.job(serial, id=job_id, about=raised.id))
        return self.bot.webex.messages[-1]

    def raise_alone(self, kind: EventKind, *clips: CameraName) -> list[SimMessage]:
        """Post what no camera is asked for a picture of; return its messages."""
        known, job_id = len(self.bot.webex.messages), JobId(str(uuid.uuid4()))
        raised = build.event(
            kind=kind,
            serial=self.bot.serials[0],
            job_id=job_id,
            details={
                "text": "Door forced",
                "note": "",
                "person": "Ada",
                "user_id": "1",
                "reader": "Door 3",
            },
        )
        if kind is EventKind.MISMATCH and self.has_picture:
            at = raised.occurred_at
            path = self.crew.files.save_snapshot(raised.id, at, portrait_of("Ada"))
            raised = replace(raised, snapshot_path=path)
        self.crew.store.add_event(raised)
        job = self.crew.job(id=job_id, about=raised.id, clips=clips)
        self.run(replace(job, serials=()))
        return self.bot.webex.messages[known:]

    def others_notified(self) -> list[SimMessage]:
        """Let the time pass; return what the other person is sent."""
        self.crew.clock.sleep(AFTER.total_seconds() + 1)
        self.due.step()
        self.due.step()
        room = self.bot.webex.direct_room(OTHER)
        return [m for m in self.bot.webex.messages if m.room_id == room.id]


@pytest.fixture
def site(bot: Bot) -> Escalating:
    return Escalating(bot)


def seen_lines(bot: Bot) -> list[tuple[str, str]]:
    return [(c.who, c.what) for c in bot.changes if c.after == "seen"]


def test_nobody_presses_and_others_are_notified(site: Escalating) -> None:
    site.crowd()
    (said,) = site.others_notified()
    assert said.files
    assert site.others_notified() == [said]


def test_whoever_presses_ends_the_escalation_and_the_thread_says_who(
    site: Escalating,
) -> None:
    buttons = site.crowd()
    said = site.bot.press(buttons, "Seen")
    assert f"**Confirmed by {GUARD}**" in said
    (event,) = (e for e in site.crew.events if e.kind is EventKind.CROWD)
    assert seen_lines(site.bot) == [(GUARD, f"event {event.id}")]
    assert site.others_notified() == []


@pytest.mark.parametrize(
    ("kind", "clips", "words"),
    [
        (EventKind.ALARM, (CameraName("Robot"),), "Door forced"),
        (EventKind.MISMATCH, (), "at Door 3"),
    ],
    ids=str,
)
def test_words_without_a_picture_have_the_button_below_them(
    site: Escalating, kind: EventKind, clips: tuple[CameraName, ...], words: str
) -> None:
    (said,) = site.raise_alone(kind, *clips)
    assert said.card
    assert titles_of_buttons(said.card) == ["Seen"]
    assert words in said.markdown
    assert words in str(said.card["body"])
    assert "**Confirmed by" in site.bot.press(said, "Seen")
    assert site.others_notified() == []


def test_a_mismatch_with_its_picture_has_the_buttons_in_its_thread(
    site: Escalating,
) -> None:
    site.has_picture = True
    said, buttons = site.raise_alone(EventKind.MISMATCH)
    assert said.files
    assert buttons.parent_id == said.id
    assert "**Confirmed by" in site.bot.press(buttons, "Seen")
    assert site.others_notified() == []


def test_a_second_press_says_who_had(team: Crew) -> None:
    site = Escalating(Bot(team, team.folder, rooms=[ROOM]))
    buttons = site.crowd()
    site.bot.press(buttons, "Seen")
    for who in (STRANGER, GUARD):
        site.crew.clock.sleep(1)
        said = site.bot.press(buttons, "Seen", who=who)
        assert f"**Already confirmed by {GUARD}, 20" in said
    assert len(seen_lines(site.bot)) == 1


def test_a_press_that_is_answered_again_says_and_stores_the_same(
    site: Escalating, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, buttons = site.bot, site.crowd()
    assert buttons.card
    made = press(bot.webex, buttons.id, GUARD, button_data(buttons.card, "Seen"))
    request = BotRequest(made.id, BotRequestKind.PRESS, site.crew.clock.now(), 1)
    known = len(bot.webex.messages)
    with monkeypatch.context() as killed:
        killed.setattr(type(bot.responder), "_send", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bot.responder.answer(request)
    site.crew.clock.sleep(60)
    for _ in range(2):
        bot.responder.answer(request)
    (reply,) = bot.webex.messages[known:]
    assert f"**Confirmed by {GUARD}**" in reply.markdown
    assert len(seen_lines(bot)) == 1


def test_a_stranger_confirms_nothing(site: Escalating) -> None:
    buttons = site.crowd()
    assert "You may not" in site.bot.press(buttons, "Seen", who=STRANGER)
    (change,) = site.bot.changes
    assert "button seen" in change.before
    assert "refused" in change.after
    assert len(site.others_notified()) == 1


def test_what_was_pressed_long_ago_counts_all_the_same(site: Escalating) -> None:
    """The gateway was away; a picture of now would be of another moment."""
    bot, buttons = site.bot, site.crowd()
    assert buttons.card
    made = press(bot.webex, buttons.id, GUARD, button_data(buttons.card, "Seen"))
    request = BotRequest(made.id, BotRequestKind.PRESS, site.crew.clock.now(), 1)
    site.crew.clock.sleep(3600)
    bot.responder.answer(request)
    assert f"**Confirmed by {GUARD}**" in bot.webex.messages[-1].markdown


def test_an_event_that_is_gone_has_a_reply(site: Escalating) -> None:
    buttons = site.crowd()
    said = site.bot.send(buttons, {"mvsnap": "seen", "event": "gone"})
    assert "This event was deleted" in said
    assert seen_lines(site.bot) == []


def test_no_button_where_messages_do_not_escalate() -> None:
    place = WatchedPlace("Gate", Serial("Q2AA-AAAA-AAAA"))
    assert "Seen" not in titles_of_buttons(dict(place_card(place, None)))
    with_seen = dict(place_card(place, None, to_confirm=EventId("1")))
    assert "Seen" in titles_of_buttons(with_seen)


@pytest.mark.parametrize("escalates", [False, True])
def test_the_end_of_a_crowd_confirms_the_crowd(*, escalates: bool) -> None:
    buttons = MessageButtons(lambda _room: True, {}, escalates=lambda _room: escalates)
    end = build.event(kind=EventKind.END, details={"of": "the crowd"})
    card = dict(buttons.beside(end, ROOM) or {})
    assert ("Seen" in titles_of_buttons(card)) is escalates
    if escalates:
        assert button_data(card, "Seen") == {"mvsnap": "seen", "event": "the crowd"}
