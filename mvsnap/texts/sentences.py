"""Sentences that arrive with their values in them, said in the site's language.

Rows of the status, errors and lines of the audit log are made, stored and given to
programs in English, and a page shows them: it finds the sentence again by what stands
around its values.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache

from mvsnap.texts import N_, formats, gettext, locale, reasons
from mvsnap.texts.mistakes import MISTAKES
from mvsnap.texts.wording import Reason

# Values that are texts themselves; others, such as names, are never translated.
_SAID = ("what", "why")
_LONGEST = 1000
# A sentence in a sentence in a sentence; what came from elsewhere may hold any number.
_DEEPEST = 4
# Values that are numbers, such as those of %(least)s to %(most)s: else any text fits.
_COUNTED = ("least", "most", "count")
# Those that are written in the language: 7.9 dB.
_MEASURED = ("rate", "level", "limit", "seconds", *_COUNTED)
_VALUE = re.compile(r"%\((\w+)\)s")
# What comes before a mistake: a parameter, or a setting with the names of entries.
_FIELD = re.compile(r"([a-z][\w-]*(?:\.[\w .-]+)?): (.+)", re.DOTALL)

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
SENTENCES = (*_STATUS, *_OCCUPANCY, *_TITLES, *_NOTICES, *MISTAKES)


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
    # A known rest says more than a pattern that takes the field for a value.
    if (found := _of_fields(text, depth)) != text:
        return found
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


def _of_fields(text: str, depth: int) -> str:
    """Return the German of a mistake whose field is named, or of several of them."""
    parts = text.split("; ")
    if not depth or (len(parts) > 1 and not all(map(_FIELD.fullmatch, parts))):
        parts = [text]
    return "; ".join(_of_field(part, depth) for part in parts)


def _of_field(text: str, depth: int) -> str:
    found = _FIELD.fullmatch(text) if depth else None
    return f"{found[1]}: {_localized(found[2], depth - 1)}" if found else text


def _value(name: str, value: str, depth: int) -> str:
    if name in _SAID:
        return _localized(value, depth - 1)
    if name == "day":
        with suppress(ValueError):
            return formats.moment(value)
    return formats.localized_number(value) if name in _MEASURED else value


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
