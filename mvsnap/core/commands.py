"""Commands as people write them to the bot. Pure.

A message is a verb, a name and perhaps a time, in any case and with the words that
people put around them: `snapshot gate 3`, `Please show me the north gate`.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum

from msgspec import Struct

from mvsnap.core.spoken_times import SpokenTime, split_time
from mvsnap.spelling import folded
from mvsnap.values import replace

# More than that of a message is no command.
_LONGEST = 500
_MOST_WORDS = 60


class Verb(StrEnum):
    HELP = "help"
    SNAPSHOT = "snapshot"
    CLIP = "clip"
    CAMERAS = "cameras"
    EVENTS = "events"
    SNOOZE = "snooze"
    UNSNOOZE = "unsnooze"
    # Only pressed: words do not say which message is meant.
    SEEN = "seen"
    STATUS = "status"
    UNKNOWN = "unknown"

    @property
    def word(self) -> str:
        """What people write; the value is that of cards sent long ago."""
        return _WRITTEN.get(self, str(self))


_SPELLINGS = {
    Verb.HELP: ("help", "?", "hi", "hello", "hey", "commands", "usage"),
    Verb.SNAPSHOT: (
        *("snapshot", "snapshots", "snap", "picture", "pic", "photo", "image"),
        "shot",
    ),
    Verb.CLIP: ("clip", "clips", "video", "record"),
    Verb.CAMERAS: ("cameras", "cams"),
    Verb.EVENTS: ("events", "event", "alarms"),
    Verb.SNOOZE: ("snooze", "mute", "silence"),
    Verb.UNSNOOZE: ("unsnooze", "unmute"),
    Verb.STATUS: ("status", "health"),
}
_WRITTEN = {Verb.SNOOZE: "mute", Verb.UNSNOOZE: "unmute"}
_VERBS = {word: verb for verb, words in _SPELLINGS.items() for word in words}
# Before the verb, and between it and a name.
_BEFORE_VERB = frozenset(
    (
        *("please", "pls", "can", "could", "would", "you", "me", "i", "we", "want"),
        *("take", "get", "give", "send", "make", "list", "show", "see", "what", "is"),
        *("are", "all", "a", "an", "the", "now", "us", "do", "to"),
    )
)
_BEFORE_NAME = ("now", "of", "from", "for", "at", "on", "in", "the", "please")
_AFTER_NAME = ("now", "please", "thanks")
_SHOWS = ("show", "see")  # with no verb after it: a picture
_ALL = ("all", "everything", "everywhere", "all cameras", "every camera")
_DAYS_AGO = {"today": 0, "yesterday": 1}
# At the ends of a word, they are no part of it.
_AROUND = "\"'“”„‚‘’«»,;:!.…()[]{}<>*_`"


class BotCommand(Struct, frozen=True):
    """name: of a camera or zone, as it was written; "" without one.

    all: of every camera. time: of a clip or snooze, None: not said.
    days_ago: of a list of events. near: the verb that an unknown word may have meant.
    """

    verb: Verb
    name: str = ""
    all: bool = False
    time: SpokenTime | None = None
    days_ago: int = 0
    near: Verb | None = None


def parse(text: str, bot_names: Iterable[str] = ()) -> BotCommand:
    """Return the command of a message.

    bot_names: what a mention of the bot looks like in its text.
    """
    words = _without_mention(_words(text), bot_names)
    if not words:
        return BotCommand(Verb.HELP)
    verb, rest = _verb(words)
    if verb is Verb.UNKNOWN:
        return BotCommand(verb, _name(words), near=_near(words))
    if verb in (Verb.CLIP, Verb.SNOOZE):
        plain, time = split_time([folded(word) for word in rest])
        return _about(verb, _kept(rest, plain), time)
    if verb is Verb.EVENTS:
        return _list_of_events(rest)
    return _about(verb, rest, None)


def _list_of_events(words: list[str]) -> BotCommand:
    days = [_DAYS_AGO[day] for word in words if (day := folded(word)) in _DAYS_AGO]
    others = [word for word in words if folded(word) not in _DAYS_AGO]
    days_ago = days[0] if days else 0
    return replace(_about(Verb.EVENTS, others, None), days_ago=days_ago)


def _words(text: str) -> list[str]:
    """Return the words of the text; `?` is one."""
    words = []
    for word in text[:_LONGEST].split()[:_MOST_WORDS]:
        bare = word.strip(_AROUND).lstrip("/@")
        if bare := bare if bare == "?" else bare.rstrip("?").strip(_AROUND):
            words.append(bare)
    return words


def _without_mention(words: list[str], bot_names: Iterable[str]) -> list[str]:
    """Leave out one mention, at the beginning or at the end."""
    seen = [folded(word) for word in words]
    names = sorted({tuple(map(folded, _words(name))) for name in bot_names}, key=len)
    for name in reversed(names):
        size = len(name)
        if size and tuple(seen[:size]) == name:
            return words[size:]
        if size and tuple(seen[-size:]) == name:
            return words[:-size]
    return words


def _verb(words: list[str]) -> tuple[Verb, list[str]]:
    """Return the verb and what follows it."""
    shows = False
    for place, word in enumerate(words):
        seen = folded(word)
        if (verb := _VERBS.get(seen)) is not None:
            return verb, words[place + 1 :]
        shows = shows or seen in _SHOWS
        if seen not in _BEFORE_VERB:
            return (Verb.SNAPSHOT, words[place:]) if shows else (Verb.UNKNOWN, words)
    # Such as "now, please": there is nothing to do.
    return Verb.UNKNOWN, words


def _about(verb: Verb, words: list[str], time: SpokenTime | None) -> BotCommand:
    name = _name(words)
    is_all = folded(name) in _ALL
    return BotCommand(verb, "" if is_all else name, all=is_all, time=time)


def _kept(words: list[str], plain: list[str]) -> list[str]:
    """Return the words in their own spelling that a time has left over."""
    if [folded(word) for word in words[: len(plain)]] == plain:
        return words[: len(plain)]
    return words[len(words) - len(plain) :]


def _name(words: list[str]) -> str:
    """Return the name without the words around it, unless there are no others."""
    start, end = 0, len(words)
    while start < end and folded(words[start]) in _BEFORE_NAME:
        start += 1
    while end > start and folded(words[end - 1]) in _AFTER_NAME:
        end -= 1
    return " ".join(words[start:end])


def _near(words: list[str]) -> Verb | None:
    """Return the verb that the first word looks like."""
    close = get_close_matches(folded(words[0])[:40], _VERBS, n=1, cutoff=0.75)
    return _VERBS[close[0]] if close else None
