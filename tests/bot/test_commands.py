"""What people write to the bot is answered once, in its thread, and is in the log."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mvsnap import texts
from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.domain import Camera, EventKind, Serial, TriggerKind
from mvsnap.errors import UpstreamError
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.values import replace
from tests.bot.build import GUARD, ROOM, STRANGER, Bot
from tests.core import build
from tests.jobs.fakes import Crew


@pytest.mark.parametrize(
    "text", ["snapshot Gate 3", "mvsnap Please show me gate 3", "photo of GATE-3"]
)
def test_a_picture_is_promised_and_follows_in_the_thread(bot: Bot, text: str) -> None:
    assert "**Taking a picture of Gate 3" in bot.ask(text)
    (job,) = bot.jobs
    assert (job.serials, job.rooms) == ((bot.serials[0],), (bot.room_id,))
    assert (job.trigger.kind, job.trigger.by) == (TriggerKind.WEBEX, GUARD)
    assert bot.crew.run(job) is None
    asked, reply, picture = bot.webex.messages
    assert picture.files
    assert picture.parent_id == reply.parent_id == asked.id
    (change,) = bot.changes
    assert change.who == GUARD
    assert bot.serials[0] in change.what


@pytest.mark.parametrize("about", ["snapshot", "events"])
def test_a_name_that_the_dashboard_has_not_said_yet_is_waited_for(
    bot: Bot, about: str
) -> None:
    new = Serial("Q2SM-9999-9999")
    bot.configure(new)
    asked = bot.webex.say(bot.room_id, GUARD, f"{about} gate 9", mentions_bot=True)
    with pytest.raises(UpstreamError, match="not said the names") as later:
        bot.answer(asked, BotRequestKind.MESSAGE, tries=1)
    assert later.value.retry
    assert (len(bot.webex.messages), bot.changes) == (1, [])
    assert "Taking a picture of Gate 3" in bot.ask("snapshot gate 3")  # that is known
    assert "which one?" in bot.ask("snapshot")  # nor is there a name to wait for
    bot.answer(asked, BotRequestKind.MESSAGE, tries=4)  # not for ever
    assert "There is no “gate 9” here" in bot.webex.messages[-1].markdown
    named = Camera(new, "Gate 9", "MV12", "N_1")
    bot.site.keep_cameras([named], bot.crew.clock.now())
    assert "Taking a picture of Gate 9" in bot.ask("snapshot gate 9")


def test_the_audit_log_is_english_whatever_is_said(bot: Bot) -> None:
    texts.use("de")
    assert "**Bild von Gate 3 wird aufgenommen" in bot.ask("snapshot Gate 3")
    bot.ask("snooze gate 3 1h")
    snooze, picture = bot.changes
    assert picture.after.startswith("Taking a picture of Gate 3, job ")
    assert re.fullmatch(r"until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", snooze.after)


def test_within_a_thread_the_picture_stays_there(bot: Bot) -> None:
    head = bot.webex.say(bot.room_id, STRANGER, "Look at that")
    asked = bot.webex.say(
        bot.room_id, GUARD, "snapshot gate 3", mentions_bot=True, parent_id=head
    )
    bot.answer(asked, BotRequestKind.MESSAGE)
    bot.crew.run(bot.jobs[0])
    assert [m.parent_id for m in bot.webex.messages[2:]] == [head, head]


def test_a_message_answered_again_changes_nothing(bot: Bot) -> None:
    asked = bot.webex.say(bot.room_id, GUARD, "snooze gate 3 1h", mentions_bot=True)
    for tries in (1, 2, 3):
        bot.answer(asked, BotRequestKind.MESSAGE, tries)
    assert len(bot.webex.messages) == 2
    assert (len(bot.mutes), len(bot.changes)) == (1, 1)
    again = bot.webex.say(bot.room_id, GUARD, "snapshot gate 3", mentions_bot=True)
    for tries in (1, 2):
        bot.answer(again, BotRequestKind.MESSAGE, tries)
    assert (len(bot.jobs), len(bot.changes)) == (1, 2)


def test_a_clip_shows_what_was(bot: Bot) -> None:
    assert "the last 45 s of Robot" in bot.ask("clip robot 45s")
    (job,) = bot.jobs
    assert (job.clips, job.pre_roll_s, job.post_roll_s) == (("Robot",), 45, 0)
    assert bot.crew.run(job) is None
    assert len(bot.webex.messages) == 2  # the thread is there
    clip = build.event(
        kind=EventKind.CLIP,
        serial="",
        camera_name="Robot",
        job_id=job.id,
        occurred_at=bot.crew.clock.now(),
        details={"before_s": 45.0, "after_s": 0.0},
    )
    bot.crew.store.add_event(clip)
    about = replace(bot.crew.job(rooms=job.rooms, about=clip.id), serials=())
    assert bot.crew.run(about) is None
    assert bot.webex.messages[2].parent_id == bot.webex.messages[0].id


def test_a_camera_without_a_ring_records_what_comes(bot: Bot) -> None:
    assert "the next 30 s of Tank" in bot.ask("clip tank")
    assert (bot.jobs[0].pre_roll_s, bot.jobs[0].post_roll_s) == (0, 30)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip gate 3", "Gate 3 does not record"),
        ("clip robot 9 h", "from 1 s to 300 s"),
        ("clip robot until tomorrow", "from 1 s to 300 s"),
        ("snapshot robot", "Robot is not in the Dashboard"),
        ("snooze robot 1h", "Robot is not in the Dashboard"),
        ("snapshot gate 4", "There is no “gate 4” here"),
        ("snapshot all", "One camera at a time"),
        ("snooze gate 3 8 days", "of up to a week"),
        ("make coffee", "That is no command"),
        ("snpashot gate", "Did you mean snapshot?"),
        ("snoze gate", "Did you mean mute?"),
    ],
)
def test_what_cannot_be_done_is_said(bot: Bot, text: str, said: str) -> None:
    assert said in bot.ask(text)
    assert (bot.jobs, bot.mutes, bot.changes) == ([], [], [])


def test_a_name_of_several_is_a_question_with_buttons(bot: Bot) -> None:
    assert "which one?" in bot.ask("snapshot gate")
    question = bot.webex.messages[-1]
    assert "**Taking a picture of North gate" in bot.press(question, "North gate")
    assert bot.jobs[0].serials == (bot.serials[1],)


def test_the_time_of_a_question_is_that_of_its_buttons(bot: Bot) -> None:
    bot.ask("snooze gate 2 days")
    bot.press(bot.webex.messages[-1], "Gate 3")
    (mute,) = bot.mutes
    assert mute.until - mute.muted_at == timedelta(days=2)


def test_a_snooze_is_a_mute_with_the_person_s_name(bot: Bot) -> None:
    assert "Gate 3 is muted until" in bot.ask("snooze gate 3 for 10 min")
    (mute,) = bot.mutes
    assert (mute.serial, mute.zone_id) == (bot.serials[0], None)
    assert mute.muted_by == GUARD
    assert mute.until - mute.muted_at == timedelta(minutes=10)
    assert bot.changes[0].who == GUARD
    assert "**No longer" in bot.press(bot.webex.messages[-1], "Unmute")
    assert (bot.mutes, bot.changes[0].after) == ([], "ended")


def test_a_zone_is_snoozed_alone(bot: Bot) -> None:
    bot.ask("snooze queue")
    (mute,) = bot.mutes
    assert (mute.serial, mute.zone_id) == (bot.serials[0], "6")
    assert mute.until - mute.muted_at == timedelta(hours=1)


def test_all_cameras_are_snoozed_and_unsnoozed(bot: Bot) -> None:
    bot.ask("snooze all until tomorrow")
    (mute,) = bot.mutes
    assert mute.serial is None
    assert "All cameras are muted" in bot.ask("unsnooze gate 3")
    assert "**No longer muted: all cameras" in bot.ask("unsnooze")
    assert bot.mutes == []
    assert "Nothing is muted" in bot.ask("unsnooze")


def test_lists(bot: Bot) -> None:
    cameras = bot.ask("cameras")
    assert "6 cameras" in cameras
    assert "Robot (records)" in cameras
    assert "No events today" in bot.ask("events today")
    now = bot.crew.clock.now()
    bot.crew.store.add_event(
        build.event(occurred_at=now, serial=bot.serials[0], camera_name="Gate 3")
    )
    today = bot.ask("events today")
    assert "1 picture" in today
    assert "Gate 3 · picture" in today
    assert "of Gate 3" in bot.ask("events today gate 3")
    assert "No events today of Hall" in bot.ask("events hall")
    assert "Everything works" in bot.ask("status")
    never = StatusRow(Group.SERVICES, "IXON", Condition.UNKNOWN, "not called yet")
    bot.rows.append(never)
    assert "Nothing is in trouble; IXON was not called yet" in bot.ask("status")
    bot.rows.remove(never)
    bot.rows.append(StatusRow(Group.SERVICES, "IXON", Condition.TROUBLE, "is down"))
    status = bot.ask("status")
    assert "1 of 2 in trouble" in status
    assert "IXON: is down" in status
    assert "snapshot NAME" in bot.ask("help") == bot.ask_directly("?")
    assert bot.changes == []


def test_the_words_of_a_name_mention_nobody(bot: Bot) -> None:
    assert "<@all>" not in bot.ask("snapshot <@all> [x](http://evil.example)")


def test_signs_that_no_database_takes_do_not_reach_the_log(bot: Bot) -> None:
    bot.ask("snapshot a\0b", who=STRANGER)
    assert bot.changes[0].before == "snapshot a b"


def test_a_stranger_is_refused_and_that_is_in_the_log(bot: Bot) -> None:
    assert "You may not do this here" in bot.ask("snapshot gate 3", who=STRANGER)
    (change,) = bot.changes
    assert (bot.jobs, change.who) == ([], STRANGER)
    assert change.before == "snapshot gate 3"
    assert "refused" in change.after


def test_a_stranger_who_goes_on_fills_neither_the_log_nor_the_room(bot: Bot) -> None:
    for _ in range(32):
        bot.crew.clock.sleep(1)
        written = bot.webex.say(bot.room_id, STRANGER, "help", mentions_bot=True)
        bot.answer(written, BotRequestKind.MESSAGE)
    replies = [one for one in bot.webex.messages if "You may not" in one.markdown]
    assert (len(replies), len(bot.changes)) == (31, 31)
    assert "others are not listed" in bot.changes[0].after
    assert "What you can write" in bot.ask("help")


@pytest.mark.parametrize(
    ("commands", "who", "where", "is_allowed"),
    [
        pytest.param({"people": [GUARD]}, GUARD, "room", True, id="person"),
        pytest.param({"people": [GUARD]}, GUARD, "direct", True, id="directly"),
        pytest.param({"people": [GUARD]}, STRANGER, "room", False, id="another"),
        pytest.param({"people": ["@example.com"]}, GUARD, "room", True, id="domain"),
        pytest.param({"people": ["@ample.com"]}, GUARD, "room", False, id="part"),
        pytest.param({"people": ["GUARD@Example.com"]}, GUARD, "room", True, id="case"),
        pytest.param({"people": ["*"]}, STRANGER, "direct", True, id="all people"),
        pytest.param({"rooms": [ROOM]}, STRANGER, "room", True, id="room"),
        pytest.param({"rooms": [ROOM]}, STRANGER, "other", False, id="other room"),
        pytest.param({"rooms": [ROOM]}, STRANGER, "direct", False, id="room, direct"),
        pytest.param({"rooms": ["*"]}, STRANGER, "other", True, id="all rooms"),
        pytest.param(
            {"people": [GUARD], "rooms": [ROOM]}, GUARD, "other", False, id="both"
        ),
        pytest.param(
            {"people": [GUARD], "rooms": [ROOM]}, GUARD, "direct", True, id="both, dm"
        ),
    ],
)
def test_who_may_where(
    team: Crew, commands: dict[str, list[str]], who: str, where: str, is_allowed: bool
) -> None:
    bot = Bot(team, team.folder, **commands)
    room_ids = {
        "room": bot.room_id,
        "other": bot.webex.rooms[1].id,
        "direct": bot.webex.direct_room(who).id,
    }
    answer = bot.ask("help", who=who, room_id=room_ids[where])
    assert ("What you can write" in answer) == is_allowed


def test_a_second_room_of_that_title_opens_nothing(bot: Bot) -> None:
    twin = bot.webex.add_room(ROOM)
    bot.responder.inbox._webex._known = (float("-inf"), [])
    assert "You may not" in bot.ask("help", room_id=twin)


def test_bots_are_not_answered(bot: Bot) -> None:
    bot.webex.people["other@webex.bot"] = "Another bot"
    for who in ("other@webex.bot", bot.webex.bot_email):
        asked = bot.webex.say(bot.room_id, who, "help", mentions_bot=True)
        bot.answer(asked, BotRequestKind.MESSAGE)
    assert len(bot.webex.messages) == 2


def test_a_thread_that_is_gone_does_not_hold_up_the_answer(bot: Bot) -> None:
    head = bot.webex.say(bot.room_id, GUARD, "Look")
    asked = bot.webex.say(
        bot.room_id, GUARD, "cameras", mentions_bot=True, parent_id=head
    )
    bot.webex.delete(bot.webex.message(head))
    bot.answer(asked, BotRequestKind.MESSAGE)
    assert "6 cameras" in bot.webex.messages[-1].markdown


@pytest.mark.parametrize("passes", [True, False])
def test_what_comes_too_late_is_not_done_but_a_clock_that_is_set_makes_nothing_late(
    bot: Bot, *, passes: bool
) -> None:
    """NTP sets it soon after a start, when the first orders come."""
    asked = bot.webex.say(bot.room_id, GUARD, "snapshot gate 3", mentions_bot=True)
    bot.requests.note(asked, BotRequestKind.MESSAGE, bot.crew.clock.now())
    request = bot.requests.take(bot.crew.clock.now())
    assert request is not None
    if passes:
        bot.crew.clock.sleep(900)
    else:
        bot.crew.clock.set(timedelta(days=1))
    bot.responder.answer(request)
    assert ("too late" in bot.webex.messages[-1].markdown) is passes
    assert len(bot.jobs) == (0 if passes else 1)
