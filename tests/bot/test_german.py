"""Guard: no answer of the bot in German has an English word, but names and commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from html import escape

from mvsnap import texts
from mvsnap.core.crossing import Crossed, CrossingRule
from mvsnap.core.crowd import CrowdRule, Raised
from mvsnap.domain import Event, EventKind, Trigger, TriggerKind, ZoneId
from mvsnap.sense.events import Names, Place, crossing_event, raised_event
from mvsnap.status.model import Condition, Group, StatusRow
from tests.bot.build import GUARD, NAMES, STRANGER, Bot
from tests.core import build
from tests.texts.seen_in_german import english_words, left_in_english
from tests.texts.test_catalogue import catalogue

ENGLISH = english_words(catalogue("de"))
# Names; what people write to the bot, which is the same in every language.
DATA = (
    *(*NAMES, "Robot", "Tank", "Queue", "Night watch", "Pressure low", GUARD),
    *("gate 9", "nobody knows this", "webex.commands", "sense.host"),
    *("snapshot NAME", "clip NAME 30s", "mute NAME 1h", "unmute NAME", "events today"),
    *("yesterday", "until tomorrow", "such as 1h"),
)
ASKED = (
    *("help", "cameras", "status", "nobody knows this", "evnts"),
    *("events today", "events yesterday", "events gate 3", "events gate 9"),
    *("snapshot", "snapshot gate 3", "snapshot gate 9", "snapshot gat 3"),
    *("snapshot robot", "snapshot all", "clip robot", "clip robot 9000 s"),
    *("clip tank 20 s", "clip gate 3", "mute", "mute gate 3 1h", "mute queue 1h"),
    *("mute robot", "mute gate 3 300 d", "mute all 1h", "status", "cameras"),
    *("unmute gate 3", "unmute hall", "unmute", "unmute"),
)


def seen(bot: Bot) -> Iterator[Event]:
    """Yield an event of each kind, as whatever stores it makes it."""
    now, serial = bot.crew.clock.now(), bot.serials[0]
    at_ms = round((now - timedelta(minutes=5)).timestamp() * 1000)
    names = Names({serial: "Gate 3"}, {(serial, "6"): "Queue"})
    rule = CrowdRule(3)
    for kind, zone in ((EventKind.CROWD, "6"), (EventKind.NOISE, "")):
        found = Raised(at_ms, at_ms, 4)
        yield raised_event(Place(kind, serial, ZoneId(zone)), found, rule, names, now)
    line = Place(EventKind.CROSSING, serial, ZoneId("k1"), line="Queue")
    crossed = Crossed(at_ms, at_ms, 2)
    crossing = CrossingRule("crossing_in", "person")
    yield crossing_event(line, crossed, crossing, names, now)
    hook = Trigger(TriggerKind.WEBHOOK, "Night watch")
    review = Trigger(TriggerKind.BADGE, "anna")
    for kind, title, by in (
        (EventKind.ALARM, "Pressure low", hook),
        (EventKind.MISMATCH, "Badge mismatch", review),
        (EventKind.SNAPSHOT, "Crowd: 4 people", Trigger(TriggerKind.SENSE, "Queue")),
        (EventKind.CLIP, "Badge at Gate 3", review),
    ):
        yield build.event(
            kind=kind, title=title, trigger=by, occurred_at=now, camera_name="Gate 3"
        )


def test_no_answer_is_left_in_english(bot: Bot) -> None:
    texts.use("de")
    for event in seen(bot):
        bot.crew.store.add_event(event)
    bot.rows = [
        StatusRow(Group.SERVICES, "Channel Night watch", Condition.TROUBLE, "offline"),
        StatusRow(Group.SERVICES, "S3 storage", Condition.UNKNOWN, "not called yet"),
        StatusRow(Group.MERAKI, "Hall", Condition.TROUBLE, "sends no MV Sense"),
    ]
    said = [bot.ask(text) for text in ASKED] + [bot.ask("help", who=STRANGER)]
    found = {
        left: asked
        for asked, reply in zip(ASKED, said, strict=False)
        for left in left_in_english(f"<p>{escape(reply)}</p>", ENGLISH, DATA)
    }
    assert found == {}
