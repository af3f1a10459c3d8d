"""Which camera or zone a person means: any case, a part of a name, several words. Pure.

The names that fit best count alone: `gate 3` is `Gate 3` beside `North gate 3`, too.
Numbers are never completed: `gate 3` is not `Gate 30`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

from msgspec import Struct

from mvsnap.domain import CameraName, Serial, ZoneId
from mvsnap.spelling import fold, folded

_LONGEST = 120
_WORD = re.compile(r"[^\W\d_]+|\d+")
# How alike a name has to be to be offered.
_ALIKE = 0.6
# Each takes a fraction of a millisecond; cameras come before zones.
_MOST_COMPARED = 3000
# What people put before a name that does not have it.
_KINDS = ("camera", "cam", "zone")


class WatchedPlace(Struct, frozen=True):
    """A camera, or a zone of one.

    name: what people call it. serial: in the Dashboard; recorded_as: where it records.
    camera: of a zone, the name of its camera.
    """

    name: str
    serial: Serial | None = None
    recorded_as: CameraName | None = None
    zone_id: ZoneId | None = None
    camera: str = ""

    @property
    def label(self) -> str:
        return f"{self.camera}, {self.name}" if self.camera else self.name

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return what it may be called: its name, and what identifies it."""
        if self.camera:
            return (
                self.name,
                f"{self.camera} {self.name}",
                f"{self.name} {self.camera}",
            )
        others = (self.serial or "", self.recorded_as or "")
        return (self.name, *(other for other in others if other))


class FoundPlaces(Struct, frozen=True):
    """sure: the name fits; one: it is meant. near: only similar, to be offered."""

    sure: tuple[WatchedPlace, ...] = ()
    near: tuple[WatchedPlace, ...] = ()


def find_places(written: str, places: Sequence[WatchedPlace]) -> FoundPlaces:
    """Return what the name fits; cameras before zones that it fits as well."""
    wanted = written.strip()[:_LONGEST]
    if not fold(wanted):
        return FoundPlaces()
    spelled = [(place, [*map(_spelling, _short(place))]) for place in places]
    first, _, rest = wanted.partition(" ")
    for one in (wanted, rest if folded(first) in _KINDS else ""):
        if fold(one) and (found := _best(_spelling(one), spelled)):
            return FoundPlaces(sure=found)
    return FoundPlaces(near=_similar(wanted, spelled))


class _Spelling(Struct, frozen=True):
    """A name as it is compared; words: see `_words`."""

    same: str
    words: tuple[str, ...]


_Spelled = Sequence[tuple[WatchedPlace, Sequence[_Spelling]]]


# A message is compared with each name of a site, and they are the same the next time.
@lru_cache(maxsize=20_000)
def _spelling(text: str) -> _Spelling:
    same = folded(text)
    return _Spelling(same, tuple(_words(same)))


def _best(wanted: _Spelling, spelled: _Spelled) -> tuple[WatchedPlace, ...]:
    for fits in (_is_same, _is_same_but_for_signs, _has_words, _has_beginnings):
        found = [
            place for place, of_it in spelled if any(fits(wanted, s) for s in of_it)
        ]
        if found:
            return tuple(p for p in found if not p.camera) or tuple(found)
    return ()


def _short(place: WatchedPlace) -> Iterable[str]:
    return (spelling[:_LONGEST] for spelling in place.spellings)


def _is_same(wanted: _Spelling, name: _Spelling) -> bool:
    return wanted.same == name.same


def _is_same_but_for_signs(wanted: _Spelling, name: _Spelling) -> bool:
    return wanted.words == name.words


def _has_words(wanted: _Spelling, name: _Spelling) -> bool:
    return all(word in name.words for word in wanted.words)


def _has_beginnings(wanted: _Spelling, name: _Spelling) -> bool:
    return all(_is_begun(word, name.words) for word in wanted.words)


def _is_begun(word: str, known: Sequence[str]) -> bool:
    if word.isdigit():
        return word in known
    return any(other.startswith(word) for other in known)


def _words(text: str) -> list[str]:
    """Return letters and numbers apart, without accents and leading zeros.

    text: folded.
    """
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return [
        word.lstrip("0") or "0" if word.isdigit() else word
        for word in _WORD.findall(bare)
    ]


def _similar(wanted: str, spelled: _Spelled) -> tuple[WatchedPlace, ...]:
    by_name: dict[str, WatchedPlace] = {}
    for place, of_it in spelled:
        for spelling in of_it:
            by_name.setdefault(spelling.same, place)
    names = islice(by_name, _MOST_COMPARED)
    close = get_close_matches(folded(wanted), names, n=5, cutoff=_ALIKE)
    return tuple(dict.fromkeys(by_name[name] for name in close))
