"""Buttons below pictures: where there are any, and what they do."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.commands import Verb
from mvsnap.delivery.buttons import MessageButtons
from mvsnap.delivery.cards import choice_card, undo_card, with_words
from mvsnap.domain import (
    CameraName,
    EventId,
    EventKind,
    Job,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.simulator.webex.cards import rows_of_buttons
from mvsnap.simulator.webex.webex import SimMessage
from tests.bot.build import GUARD, STRANGER, Bot
from tests.core import build

PUBLIC = "https://mvsnap.example.com"


def posted(bot: Bot, *, can_press: bool = True, **about: Any) -> list[SimMessage]:
    """Post a picture, of a crowd if `about` says so; return all messages."""
    serial = bot.serials[0]
    given: dict[str, Any] = {}
    if about:
        raised = build.event(serial=serial, occurred_at=bot.crew.clock.now(), **about)
        bot.crew.store.add_event(raised)
        given["about"] = raised.id
    job = bot.crew.job(serial, **given)
    buttons = MessageButtons(
        lambda _room: can_press, {serial: CameraName("Robot")}, PUBLIC
    )
    assert bot.crew.runner(buttons=buttons).run(job) is None
    return bot.webex.messages


def crowd() -> dict[str, Any]:
    return {
        "kind": EventKind.CROWD,
        "zone_id": ZoneId("6"),
        "zone_name": "Queue",
        "details": {"limit": 3, "dwell_s": 3},
    }


def test_a_picture_has_buttons_in_its_thread(bot: Bot) -> None:
    picture, buttons = posted(bot)
    assert picture.files
    assert not picture.card
    assert buttons.parent_id == picture.id
    assert buttons.card
    assert "mute" in buttons.text  # for apps that show no cards
    titles = [b["title"] for row in rows_of_buttons(buttons.card) for b in row]
    assert sorted(titles) == sorted(
        [
            *("Mute 10 min", "Mute 1 h", "Mute until tomorrow"),
            *("Picture now", "Clip of the last 30 s", "Open"),
        ]
    )


def test_open_leads_to_the_event(bot: Bot) -> None:
    _, buttons = posted(bot, **crowd())
    (event,) = (e for e in bot.crew.events if e.kind is EventKind.CROWD)
    assert f"{PUBLIC}/events/{event.id}" in str(buttons.card)


def test_nobody_who_may_press_no_buttons(bot: Bot) -> None:
    assert len(posted(bot, can_press=False)) == 1


@pytest.mark.parametrize(
    ("title", "lasts"),
    [("Mute 10 min", timedelta(minutes=10)), ("Mute 1 h", timedelta(hours=1))],
)
def test_the_zone_of_a_crowd_is_snoozed(bot: Bot, title: str, lasts: timedelta) -> None:
    _, buttons = posted(bot, **crowd())
    assert "Gate 3, Queue is muted until" in bot.press(buttons, title)
    (mute,) = bot.mutes
    assert (mute.serial, mute.zone_id) == (bot.serials[0], "6")
    assert (mute.until - mute.muted_at, mute.muted_by) == (lasts, GUARD)


def test_until_tomorrow_is_until_the_morning(bot: Bot) -> None:
    _, buttons = posted(bot)
    bot.press(buttons, "Mute until tomorrow")
    (mute,) = bot.mutes
    local = mute.until.astimezone(bot.settings.site.zone)
    assert (local.hour, local.minute) == (6, 0)
    assert mute.zone_id is None


def test_a_picture_now_comes_into_the_same_thread(bot: Bot) -> None:
    picture, buttons = posted(bot)
    assert "**Taking a picture" in bot.press(buttons, "Picture now")
    bot.crew.run(bot.jobs[0])
    assert bot.webex.messages[-1].files
    assert bot.webex.messages[-1].parent_id == picture.id


def test_a_stranger_s_press_is_refused_and_in_the_log(bot: Bot) -> None:
    _, buttons = posted(bot)
    assert "You may not" in bot.press(buttons, "Mute 1 h", who=STRANGER)
    (change,) = bot.changes
    assert (bot.mutes, change.who) == ([], STRANGER)
    assert "button mute" in change.before
    assert "refused" in change.after


@pytest.mark.parametrize(
    "inputs",
    [
        {"mvsnap": "delete", "serial": "Q2AA-AAAA-AAAA"},
        {"mvsnap": "snapshot"},
        {"mvsnap": "snapshot", "serial": "Q2ZZ-ZZZZ-ZZZZ"},
        {"mvsnap": "snapshot", "serial": ["x"]},
        {"mvsnap": ["snapshot"], "serial": "x" * 1_000_000},
        {"mvsnap": "snooze", "camera": "Robot", "for": "1 h"},
        {"mvsnap": "seen", "serial": "Q2AA-AAAA-AAAA"},
        {"mvsnap": "seen", "event": "no event"},
        {"mvsnap": "seen", "event": "a\0b"},
        {"mvsnap": "seen", "event": "a\ud800b"},
    ],
    ids=[
        *("verb", "nothing", "unknown", "list", "long", "recorder"),
        *("seen", "gone", "zero", "half"),
    ],
)
def test_inputs_that_no_button_sends_do_nothing(
    bot: Bot, inputs: dict[str, Any]
) -> None:
    _, buttons = posted(bot)
    assert bot.send(buttons, inputs)
    assert (bot.jobs, bot.mutes, bot.changes) == ([], [], [])


@pytest.mark.parametrize("zone_id", ["all", "6 or 7", "٣"])
def test_a_zone_that_no_crowd_can_have_is_not_snoozed(bot: Bot, zone_id: str) -> None:
    _, buttons = posted(bot)
    inputs = {"mvsnap": "snooze", "serial": bot.serials[0], "zone": zone_id}
    assert "no longer there" in bot.send(buttons, inputs)
    assert bot.mutes == []


def test_a_snooze_of_a_year_is_no_button_s(bot: Bot) -> None:
    _, buttons = posted(bot)
    inputs = {"mvsnap": "snooze", "serial": bot.serials[0], "for": "365 d"}
    assert "week" in bot.send(buttons, inputs)
    assert bot.mutes == []


def over(bot: Bot) -> SimMessage:
    """Post a crowd with its picture, then its end; return the message of the end."""
    picture = posted(bot, **crowd())[0]
    about = next(e for e in bot.crew.events if e.kind is EventKind.CROWD)
    shown = next(e for e in bot.crew.events if e.kind is EventKind.SNAPSHOT)
    end = build.event(
        id=EventId(str(uuid.uuid4())),
        kind=EventKind.END,
        serial=bot.serials[0],
        job_id=shown.job_id,
        zone_id=ZoneId("6"),
        zone_name="Queue",
        occurred_at=bot.crew.clock.now(),
        details={"of": about.id, "peak": 7, "unit": "people", "duration_s": 184.0},
    )
    bot.crew.store.add_event(end)
    job = Job(
        id=JobId(str(uuid.uuid4())),
        trigger=Trigger(TriggerKind.SENSE, "Queue"),
        serials=(),
        accepted_at=bot.crew.clock.now(),
        rooms=("Site A - Alarms",),
        prefix="Crowd over",
        about=end.id,
    )
    buttons = MessageButtons(lambda _room: True, {}, PUBLIC)
    assert bot.crew.runner(buttons=buttons).run(job) is None
    last = bot.webex.messages[-1]
    assert last.parent_id == picture.id
    return last


def test_the_end_of_a_crowd_has_its_words_and_the_buttons_of_the_crowd(
    bot: Bot,
) -> None:
    said = over(bot)
    assert "peak 7 people" in said.markdown
    assert said.card
    words = [part["text"] for part in said.card["body"] if part["type"] == "TextBlock"]
    assert words == [line.strip() for line in said.markdown.splitlines()]
    (about,) = (e for e in bot.crew.events if e.kind is EventKind.CROWD)
    assert f"{PUBLIC}/events/{about.id}" in str(said.card)
    bot.press(said, "Mute 10 min")
    (mute,) = bot.mutes
    assert (mute.serial, mute.zone_id) == (bot.serials[0], "6")


def test_the_end_of_a_crowd_comes_without_buttons_if_they_are_refused(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        MessageButtons, "beside", lambda *_: {"type": "no card", "body": []}
    )
    said = over(bot)
    assert "peak 7 people" in said.markdown
    assert said.card is None


def test_a_repeated_answer_says_so_on_its_card() -> None:
    place = WatchedPlace("Gate", Serial("Q2AA-AAAA-AAAA"))
    shown = with_words(undo_card(place), "**Gate is muted**  \n_a duplicate_")
    assert [part["text"] for part in shown["body"]] == [
        "**Gate is muted**",
        "_a duplicate_",
    ]
    own = choice_card("Which?", Verb.SNAPSHOT, [place])
    assert with_words(own, "Which?  \nGate") is own
