"""Sentences that arrive with their values in them, said in the site's language.

Rows of the status, errors and lines of the audit log are made, stored and given to
programs in English, and a page shows them: it finds the sentence again by what stands
around its values.
"""

from __future__ import annotations

import re
from functools import cache

from mvsnap.texts import N_, gettext, locale, reasons
from mvsnap.texts.formats import localized_number
from mvsnap.texts.wording import Reason

# Values that are texts themselves; others, such as names, are never translated.
_SAID = ("what", "why")
_LONGEST = 1000
# A sentence in a sentence in a sentence; what came from elsewhere may hold any number.
_DEEPEST = 3
# Values that are numbers, such as those of %(least)s to %(most)s: else any text fits.
_COUNTED = ("least", "most", "count")
# Those that are written in the language: 7.9 dB.
_MEASURED = ("rate", "level", *_COUNTED)
_VALUE = re.compile(r"%\((\w+)\)s")

_STATUS = (
    N_("%(database)s, answers"),
    *(N_("Disk of %(machine)s"), N_("Disk (%(folder)s)"), N_("Clock of %(machine)s")),
    N_("Certificate of %(machine)s"),
    N_(
        "Check this site's internet connection and the api_key of %(name)s;"
        " jobs go on when it answers again."
    ),
    N_(
        "The pre-roll starts up to %(length)s early: "
        "set the camera's I-frame interval to 2 s or less."
    ),
    N_("%(what)s has been failing since"),
    N_("%(what)s has not answered since"),
    N_("Channel %(name)s"),
)
# Of a place, by MV Sense.
_OCCUPANCY = (
    N_("unknown, limit %(most)s"),
    N_("1 person, limit %(most)s"),
    N_("%(count)s people, limit %(most)s"),
)
_TITLES = (
    *(N_("Crowd: 1 person"), N_("Crowd: %(count)s people"), N_("Crowd over")),
    *(N_("Noise: %(level)s dB"), N_("Noise over"), N_("Line crossed by a %(what)s")),
    N_("Badge at %(reader)s"),
)
_NOTICES = (
    N_("%(room)s: quiet hours, nothing is sent"),
    N_("%(room)s: grouped, one message says how many there were"),
    N_("%(room)s: quiet hours, to be sent %(at)s"),
    N_("%(room)s: notified because nobody confirmed"),
)
_MISTAKES = (
    *(N_("%(text)s (expected %(what)s)"), N_("one of: %(choices)s")),
    *(N_("expected %(what)s"), N_("expected %(what)s, got %(value)s")),
    *(N_("%(text)s: expected %(what)s"), N_("missing"), N_("missing: %(names)s")),
    *(N_("expected %(what)s; got %(value)s")),
    *(N_("greater than or equal to %(limit)s"), N_("greater than %(limit)s")),
    *(N_("less than or equal to %(limit)s"), N_("less than %(limit)s")),
    N_("a valid number, unable to parse string as a number"),
    N_("a valid integer, unable to parse string as an integer"),
    N_("must be greater than or equal to %(limit)s"),
    N_("must be greater than %(limit)s"),
    N_("must be less than or equal to %(limit)s"),
    N_("must be less than %(limit)s"),
    N_("must be a valid number, unable to parse string as a number"),
    N_("must be a valid integer, unable to parse string as an integer"),
    N_("must be a valid integer, got a number with a fractional part"),
    N_("a finite number"),
    N_("a valid integer, got a number with a fractional part"),
    N_("a valid boolean, unable to interpret input"),
    N_("must not be empty"),
    N_("no such setting"),
    *(N_("Choose at least one."), N_("This day is over.")),
    *(N_("%(least)s to %(most)s characters"), N_("%(least)s to %(most)s hours")),
    N_("%(least)s to %(most)s of a-z, 0-9, dot, _, @ and -"),
    N_("Enter 1 to %(most)s characters, without a slash."),
    *(N_("at most %(most)s rooms and channels"), N_("an address of up to %(what)s")),
    N_("a Meraki serial or a name from recorder.cameras"),
    N_("a Meraki serial like %(example)s"),
    N_("a name of up to 40 letters, digits, spaces and any of . _ -"),
    N_("a cron expression like %(example)s"),
    N_("five cron fields like %(example)s"),
    N_("a host like %(example)s"),
    N_("an e-mail address like %(example)s"),
    N_("an address like %(example)s"),
    N_("an address like rtsp://HOST:554/PATH (or rtsps, http, https)"),
    N_("%(text)s: expected %(what)s, got %(value)s"),
    N_("an address that starts with http:// or https://"),
    N_("an address that starts with https://"),
    N_("an address without user name or password"),
    N_("a room or channel, or a list of them"),
    N_("a zone id of digits, 0 for the whole frame, or *"),
    *(N_("a text"), N_("a single value"), N_("digits, 0: whole frame")),
    N_("the name of a token or key that may send alarms"),
    *(N_("url, ixon or meraki_serial is required"), N_("auto or frames per second")),
    N_("is in use already"),
    N_("ixon: cannot be combined with url or meraki_serial"),
    N_("ignore: cannot be combined with other actions"),
    N_("%(name)s: two entries have the same name"),
    N_("days like mon, or mon-fri"),
    N_("days in the order of the week"),
    N_("days like mon-fri, or a list like [mon, sun]"),
    *(N_("one of %(choices)s"), N_("up to %(most)s printable characters")),
    *(N_("at most %(most)s characters"), N_("at least %(least)s characters")),
    *(N_("%(least)s to %(most)s"), N_("one like %(example)s")),
    *(N_("too short (expected %(what)s)"), N_("too long (expected %(what)s)")),
    N_("too easy to guess: %(why)s; use several words, for example"),
    N_("it repeats itself or counts up or down"),
    N_("a common password, also with digits or symbols around it"),
    N_("little more than the name of the user, the site or the program"),
    N_("Enter %(least)s to %(most)s characters, without a slash."),
    N_("Enter a name that is not only dots."),
    *(N_("Enter %(what)s."), N_("Enter at most %(most)s rooms or people.")),
    N_("Enter at most %(most)s lines."),
    N_("not a date: %(text)s (expected %(what)s)"),
    N_("not a time: %(text)s (expected %(what)s)"),
    N_("%(name)s… is longer than %(most)s characters."),
    N_("%(name)s contains control characters."),
    N_("%(name)s exists already"),
    N_("no system account %(name)s that can log in (never root)"),
    N_("There is no user %(name)s, or they were removed"),
    N_("%(camera)s is not in the Dashboard: it has no snapshots"),
    N_("%(camera)s is not in recorder.cameras: it has no clips"),
    N_("%(camera)s is not in recorder.cameras: it has no live view"),
    N_("The settings cannot be used: %(why)s"),
    N_("Messages to %(name)s may not arrive. %(why)s."),
    *(N_("No camera %(name)s"), N_("Clip %(name)s not found")),
    N_("Nobody was counted in zone %(zone)s of %(camera)s"),
    N_("No picture %(offset)s s from this swipe"),
    *(N_("Badge event %(name)s not found"), N_("Job %(name)s not found")),
)
SENTENCES = (*_STATUS, *_OCCUPANCY, *_TITLES, *_NOTICES, *_MISTAKES)


@cache
def _parts() -> list[tuple[str, list[str], list[str]]]:
    """Return each sentence with values, what is around them, and their names.

    One that says more by itself comes before those that are less certain.
    """
    with_values = filter(_VALUE.search, SENTENCES)
    split = ((one, _VALUE.split(one)) for one in with_values)
    found = [(one, parts[::2], parts[1::2]) for one, parts in split]
    return sorted(found, key=lambda one: -sum(map(len, one[1])))


def localized(text: str) -> str:
    """Return a reason, a text of the catalogue or a known sentence in the language."""
    if isinstance(text, Reason) and text.code:
        return reasons.said(text)
    return _localized(text, _DEEPEST)


def _localized(text: str, depth: int) -> str:
    said = gettext(text)
    if locale() == "en" or not text or said != text or len(text) > _LONGEST:
        return said
    # As part of a page it may begin in upper case and end like a sentence.
    bare = f"{text[:1].lower()}{text[1:]}".removesuffix(".")
    known, found = _found(text, depth)
    if bare == text:
        return _begun(found) if found == text else found
    if (said := gettext(bare)) == bare:
        known_bare, said = _found(bare, depth)
        if known >= known_bare:
            return _begun(found) if found == text else found
    is_upper, end = text[:1].isupper(), "." if text.endswith(".") else ""
    return f"{said[:1].upper() if is_upper else said[:1]}{said[1:]}{end}"


def _begun(text: str) -> str:
    """Return what is known in upper case alone: an error within a sentence."""
    known = f"{text[:1].upper()}{text[1:]}"
    return said if (said := gettext(known)) != known else text


def _found(text: str, depth: int) -> tuple[int, str]:
    """Return how many of its characters are of a known sentence, and the German."""
    if not depth:
        return 0, text
    for sentence, around, names in _parts():
        values = _values(text, around)
        if values is None or not all(map(_fits, names, values)):
            continue
        given = {
            name: _value(name, value, depth)
            for name, value in zip(names, values, strict=True)
        }
        return sum(map(len, around)), gettext(sentence) % given
    return 0, text


def _value(name: str, value: str, depth: int) -> str:
    if name in _SAID:
        return _localized(value, depth - 1)
    return localized_number(value) if name in _MEASURED else value


def _fits(name: str, value: str) -> bool:
    return name not in _COUNTED or (value[:1].isdecimal() and " " not in value)


def _values(text: str, around: list[str]) -> list[str] | None:
    """Return the values between these texts, in one pass; none is empty."""
    first, last = around[0], around[-1]
    if not text.startswith(first) or not text.endswith(last):
        return None
    values, begin, end = [], len(first), len(text) - len(last)
    for middle in around[1:-1]:
        at = text.find(middle, begin + 1, end)
        if at < 0:
            return None
        values.append(text[begin:at])
        begin = at + len(middle)
    values.append(text[begin:end])
    return values if end > begin else None
