"""Which camera or zone a person means: any case, a part of a name, several words. Pure.

The names that fit best count alone: `gate 3` is `Gate 3` beside `North gate 3`, too.
Numbers are never completed: `gate 3` is not `Gate 30`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mvsnap.domain import CameraName, Serial, ZoneId
from mvsnap.spelling import fold, folded

_LONGEST = 120
_WORD = re.compile(r"[^\W\d_]+|\d+")
# How alike a name has to be to be offered.
_ALIKE = 0.6
# What people put before a name that does not have it.
_KINDS = ("camera", "cam", "zone")


@dataclass(frozen=True, slots=True)
class WatchedPlace:
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


@dataclass(frozen=True, slots=True)
class FoundPlaces:
    """sure: the name fits; one: it is meant. near: only similar, to be offered."""

    sure: tuple[WatchedPlace, ...] = ()
    near: tuple[WatchedPlace, ...] = ()


def find_places(written: str, places: Sequence[WatchedPlace]) -> FoundPlaces:
    """Return what the name fits; cameras before zones that it fits as well."""
    wanted = written.strip()[:_LONGEST]
    if not fold(wanted):
        return FoundPlaces()
    first, _, rest = wanted.partition(" ")
    for one in (wanted, rest if folded(first) in _KINDS else ""):
        if fold(one) and (found := _best(one, places)):
            return FoundPlaces(sure=found)
    return FoundPlaces(near=_similar(wanted, places))


def _best(wanted: str, places: Sequence[WatchedPlace]) -> tuple[WatchedPlace, ...]:
    for fits in (_is_same, _is_same_but_for_signs, _has_words, _has_beginnings):
        found = [p for p in places if any(fits(wanted, s) for s in _short(p))]
        if found:
            return tuple(p for p in found if not p.camera) or tuple(found)
    return ()


def _short(place: WatchedPlace) -> Iterable[str]:
    return (spelling[:_LONGEST] for spelling in place.spellings)


def _is_same(wanted: str, name: str) -> bool:
    return folded(wanted) == folded(name)


def _is_same_but_for_signs(wanted: str, name: str) -> bool:
    return _words(wanted) == _words(name)


def _has_words(wanted: str, name: str) -> bool:
    return set(_words(wanted)) <= set(_words(name))


def _has_beginnings(wanted: str, name: str) -> bool:
    known = _words(name)
    return all(_is_begun(word, known) for word in _words(wanted))


def _is_begun(word: str, known: Sequence[str]) -> bool:
    if word.isdigit():
        return word in known
    return any(other.startswith(word) for other in known)


def _words(text: str) -> list[str]:
    """Return letters and numbers apart, without accents and leading zeros."""
    plain = unicodedata.normalize("NFKD", folded(text))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return [
        word.lstrip("0") or "0" if word.isdigit() else word
        for word in _WORD.findall(bare)
    ]


def _similar(wanted: str, places: Sequence[WatchedPlace]) -> tuple[WatchedPlace, ...]:
    by_name: dict[str, WatchedPlace] = {}
    for place in places:
        for spelling in _short(place):
            by_name.setdefault(folded(spelling), place)
    close = get_close_matches(folded(wanted), by_name, n=5, cutoff=_ALIKE)
    return tuple(dict.fromkeys(by_name[name] for name in close))
