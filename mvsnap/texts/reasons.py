"""Reasons as people read them, and as they are stored: beside their English sentences.

The release before knows the sentences alone: it reads those, and writes no others.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, TypeGuard

from mvsnap.texts import formats, gettext
from mvsnap.texts.channel_wordings import ASKED_AGAIN, FROM_ONLY, SIMILAR, TRACKED
from mvsnap.texts.ixon_wordings import IN_ITS_WORDS
from mvsnap.texts.service_wordings import HEARTBEAT
from mvsnap.texts.wording import DEEPEST, Reason, Value, Wording, filled
from mvsnap.texts.wordings import BOTH, ORGANIZATION, WITH, WORDINGS

# The cause, which programs read, is in these values: else Meraki is "meraki_busy" at
# times, and "with" where it also says why.
_JOINED = {
    **dict.fromkeys((BOTH.code, WITH.code), ("first", "then")),
    **dict.fromkeys((ORGANIZATION.code, ASKED_AGAIN.code, HEARTBEAT.code), ("why",)),
    **dict.fromkeys((TRACKED.code, SIMILAR.code, IN_ITS_WORDS.code), ("what",)),
    FROM_ONLY.code: ("what",),
}
_PLACE = re.compile(r"%\((\w+)\)s")
# No sentence of ours is longer.
_LONGEST = 1000


def said(text: str) -> str:
    """Return a reason in the language in use, and any other text as it is."""
    try:
        return _said(text)
    except (KeyError, TypeError, ValueError):
        # It, or one within it, is of another release, or has other values there.
        return str(text)


def _said(text: str) -> str:
    """Raises KeyError, TypeError or ValueError for what this release cannot say."""
    if not isinstance(text, Reason) or not text.code:
        return str(text)
    wording = gettext(WORDINGS[text.code].pattern(text.values))
    values = {
        name: formats.moment(value)
        if (name.endswith("_at") or name == "day") and isinstance(value, str)
        else value
        for name, value in text.values.items()
    }
    return filled(wording, values, text_of=_said, digits_of=formats.localized_number)


def joined(*reasons: Reason | None) -> Reason | None:
    """Return all there are as one, the first first; None: there are none."""
    found = [one for one in reasons if one]
    return reduce(lambda a, b: BOTH(first=a, then=b), found) if found else None


def with_each(*reasons: Reason) -> Reason | None:
    """Return them as one, where each explains those before it."""
    return reduce(lambda a, b: WITH(first=a, then=b), reasons) if reasons else None


def stored(**texts: object) -> dict[str, Any] | None:
    """Return the reasons of a row, by the columns that have their sentences.

    What somebody else wrote has none: a person, a service, the release before.
    """
    found = {name: one for name, one in texts.items() if isinstance(one, Reason)}
    return {name: to_json(one) for name, one in found.items() if one.code} or None


def read(found: object, name: str, sentence: str | None) -> Reason | None:
    """Return the reason of one column; found: what `stored` made for its row."""
    if sentence is None:
        return None
    return from_json(found.get(name) if isinstance(found, dict) else None, sentence)


def recognised(sentence: str, wordings: Iterable[Wording]) -> Reason:
    """Return the reason that was stored as its sentence alone, by what is around its
    values; without a code if it is none of these."""
    for wording in wordings:
        around, names = _PLACE.split(wording.text)[::2], _PLACE.findall(wording.text)
        pattern = "([^;]+?)".join(map(re.escape, around))
        if found := re.fullmatch(pattern, sentence[:_LONGEST]):
            return wording(**dict(zip(names, found.groups(), strict=True)))
    return Reason(sentence)


def code_of(text: str | None) -> str | None:
    """Return the code for programs, of several that of the cause; None: no code."""
    cause = _cause(text)
    return cause.code if cause is not None else None


def values_of(text: str | None) -> dict[str, Value]:
    """Return those of that code; what is a reason itself is a sentence there."""
    cause = _cause(text)
    found = cause.values if cause is not None else {}
    return {k: str(v) if isinstance(v, str) else v for k, v in found.items()}


def _cause(text: object) -> Reason | None:
    """Return the reason, of those that are joined the first that has a code."""
    if not isinstance(text, Reason) or not text.code:
        return None
    if text.code not in _JOINED:
        return text
    parts = (_cause(text.values.get(name)) for name in _JOINED[text.code])
    return next((one for one in parts if one is not None), None)


def to_json(reason: Reason) -> dict[str, Any]:
    return {**plain(reason), "of": _checksum(reason)}


def from_json(found: object, sentence: str) -> Reason:
    """Return the reason that was stored beside this sentence.

    Where a release that knows no reasons has changed it since, it is all there is.
    """
    if not isinstance(found, dict) or found.get("of") != _checksum(sentence):
        return Reason(sentence)
    return Reason(sentence, str(found.get("code", "")), _values(found, DEEPEST))


def plain(reason: Reason) -> dict[str, Any]:
    """Return code and values for programs."""
    values = {name: _plain(value) for name, value in reason.values.items()}
    return {"code": reason.code, "values": values}


def _plain(value: Value) -> object:
    if isinstance(value, Reason) and value.code:
        return plain(value)
    return str(value) if isinstance(value, str) else value


def _values(found: Mapping[str, Any], depth: int) -> dict[str, Value]:
    """Return the values that were stored, without what cannot be one."""
    given = found.get("values")
    values: dict[str, Value] = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        if isinstance(value, dict) and depth:
            values[name] = _inner(value, depth - 1)
        elif isinstance(value, str | int) or _is_number(value):
            values[name] = value
    return values


def _is_number(value: object) -> TypeGuard[float]:
    """JSON of others may hold 1e999, which nobody can say, or give to programs."""
    return isinstance(value, float) and math.isfinite(value)


def _inner(found: Mapping[str, Any], depth: int) -> Reason:
    code, values = str(found.get("code", "")), _values(found, depth)
    # They were cut when they were stored, as far as they had to be.
    uncut = {k: Reason(v) if type(v) is str else v for k, v in values.items()}
    try:
        return WORDINGS[code](**uncut)
    except (KeyError, TypeError, ValueError):
        return Reason(code, code, values)  # of a later release


def _checksum(sentence: str) -> int:
    return zlib.crc32(sentence.encode("utf-8", "replace"))
