"""How long, as people write it: `30s`, `half an hour`, `until tomorrow`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

_UNITS_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
_ONE = ("a", "an", "one")
_NUMBER = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,5}(?:[.,]\d{1,2})?)([a-z]{1,7})", re.ASCII)
_LONGEST_WORD = 24
# More is not meant, and no moment may lie beyond the calendar.
_MOST_S = 366 * 86_400
# They say nothing when they stand before a time.
_BEFORE = ("for", "last", "past", "next", "the", "of", "in", "during", "within")
_UNTIL = ("until", "till", "til", "to")
# When a day begins for people, not for calendars.
_MORNING = time(6)


class SpokenTime(Struct, frozen=True):
    """length: zero if it is `until tomorrow`."""

    length: timedelta = timedelta()
    until_tomorrow: bool = False

    @classmethod
    def of_seconds(cls, seconds: float) -> SpokenTime:
        return cls(timedelta(seconds=min(seconds, _MOST_S)))

    @property
    def words(self) -> str:
        """Return it as `split_time` reads it."""
        if self.until_tomorrow:
            return "until tomorrow"
        seconds = max(1, round(self.length.total_seconds()))
        return f"{seconds} s" if seconds % 60 else f"{seconds // 60} min"

    def end(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return when it is over; tomorrow begins at six in the morning there."""
        if not self.until_tomorrow:
            return now + self.length
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, _MORNING, zone).astimezone(now.tzinfo)


TOMORROW = SpokenTime(until_tomorrow=True)


def split_time(words: Sequence[str]) -> tuple[list[str], SpokenTime | None]:
    """Return the words without the time that they end or begin with, and that time.

    words: of one line, in lower case where they are letters. A number without a unit
    belongs to a name, as in `Gate 3`.
    """
    left, found = _at_end(list(words))
    if found is None:
        left, found = _at_beginning(list(words))
    return left, found


def _at_end(words: list[str]) -> tuple[list[str], SpokenTime | None]:
    if words and words[-1] == "tomorrow":
        words.pop()
        if words and words[-1] in _UNTIL:
            words.pop()
        return words, TOMORROW
    total_s = 0.0
    while (last := _last_amount(words)) is not None:
        seconds, used = last
        total_s += seconds
        del words[-used:]
        if words and words[-1] == "and":
            words.pop()
    if not total_s:
        return words, None
    while words and words[-1] in _BEFORE:
        words.pop()
    return words, SpokenTime.of_seconds(total_s)


def _at_beginning(words: list[str]) -> tuple[list[str], SpokenTime | None]:
    """Find `last 30 s of Gate 3`: the time ends before the name begins."""
    start = 0
    while start < len(words) and words[start] in _BEFORE:
        start += 1
    if words[start : start + 2] and words[start] in _UNTIL:
        start += 1
    if words[start : start + 1] == ["tomorrow"]:
        return words[start + 1 :], TOMORROW
    # The longest first: `half an hour`, `30 s`, `30s`.
    for length in (3, 2, 1):
        part = words[start : start + length]
        last = _last_amount(part) if len(part) == length else None
        if last is not None and last[1] == length:
            return words[start + length :], SpokenTime.of_seconds(last[0])
    return words, None


def _last_amount(words: Sequence[str]) -> tuple[float, int] | None:
    """Return the seconds that the last words say, and how many words that are."""
    if not words:
        return None
    unit_s = _UNITS_S.get(words[-1])
    if unit_s is None:
        seconds = _joined_amounts(words[-1])
        return None if seconds is None else (seconds, 1)
    if tuple(words[-3:-1]) in (("half", "an"), ("half", "a")):
        return unit_s / 2, 3
    before = words[-2] if len(words) > 1 else ""
    if before in _ONE:
        return float(unit_s), 2
    if _NUMBER.fullmatch(before):
        return _number(before) * unit_s, 2
    return None


def _joined_amounts(word: str) -> float | None:
    """Return the seconds of `30s` or `1h30m`, None for any other word."""
    total_s, at = 0.0, 0
    if len(word) > _LONGEST_WORD:
        return None
    while at < len(word):
        found = _AMOUNT.match(word, at)
        if found is None or found[2] not in _UNITS_S:
            return None
        total_s += _number(found[1]) * _UNITS_S[found[2]]
        at = found.end()
    return total_s or None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
