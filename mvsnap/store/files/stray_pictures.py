"""Pictures that no row names, as a machine died after it stored them for one.

They are looked for among all pictures, some at a time. A store that was restored from
an old backup, or another one at the same place, knows few of them: then nothing goes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

from mvsnap.clock import SystemClock
from mvsnap.errors import EvidenceAway
from mvsnap.program import program
from mvsnap.store.files import Files
from mvsnap.store.files.known import KnownFiles
from mvsnap.store.purging import PurgeResult
from mvsnap.texts.status_wordings import STRAYS
from mvsnap.values import replace

log = logging.getLogger(__name__)

STRAY_PICTURES = "Stray pictures"

# Photos are compared with the directory, and videos with their clips.
_KINDS = ("badges", "snapshots", "visitors")
_OURS = re.compile(r"[a-z]+/\d{4}/\d\d/\d\d/[^/.]{1,150}\.jpg", re.ASCII)
# A job is given up after a day, and its row is written with its picture.
_OLD_AFTER = timedelta(days=7)
# By then the row of a picture is written, if the machine lives.
_SETTLED_AFTER = timedelta(hours=1)
_AT_ONCE = 1000
# A machine that dies leaves few among the many of a store that knows them: one in so
# many, or so few. After an old backup they are all those of some days, beside others;
# and another site may have as many there as this one.
_ONE_IN, _FEW = 100, 4


class _LookedAt(Struct, frozen=True):
    """unknown: how many no row names, also newer ones than strays.

    last: where the next one begins, "" after the last page of a folder.
    """

    strays: list[str]
    unknown: int
    doubt: str
    last: str


class StrayPictures:
    """Not thread-safe: it goes on where it stopped."""

    def __init__(self, files: Files, known: KnownFiles, clock: SystemClock) -> None:
        self._files = files
        self._known = known
        self._clock = clock
        self._kind = 0
        self._after = ""
        self._held: dict[str, str] = {}
        self._unknown, self._is_whole = 0, False

    def step(self, *, dry_run: bool = False) -> PurgeResult:
        """Look at the next thousand pictures; remove those that are old and unknown."""
        kind = _KINDS[self._kind]
        try:
            page = self._look(kind, self._after)
        except EvidenceAway as exc:  # the log says why
            return replace(self._result(), unseen=exc.message)
        held = self._held.get(kind) or page.doubt
        strays = [] if held else page.strays
        if dry_run:
            return replace(self._result(len(strays)), held=held)
        self._hold(kind, held)
        self._go_on(page)
        self._remove(strays)
        return self._result(len(strays))

    def let_go(self) -> None:
        """Hold nothing any more, and judge anew from the beginning."""
        self._held.clear()
        self._kind, self._after, self._unknown = 0, "", 0

    def _result(self, removed: int = 0) -> PurgeResult:
        """held: of any folder; until each was looked at, nobody knows of some."""
        held = "; ".join(self._held.values())
        return PurgeResult(removed=removed, held=held, is_more=not self._is_whole)

    def all(self, *, dry_run: bool = False, force: bool = False) -> PurgeResult:
        """Look at all of them at once, as a person asks for; paths: the strays.

        force: somebody says that they are nobody's. Without, none goes if one seems to
        be of another database.
        """
        strays: list[str] = []
        doubts: dict[str, str] = {}
        try:
            for kind in _KINDS:
                after: str | None = ""
                while after is not None:
                    page = self._look(kind, after)
                    strays += page.strays
                    if page.doubt:
                        doubts.setdefault(kind, page.doubt)
                    after = page.last or None
        except EvidenceAway as exc:
            return PurgeResult(unseen=exc.message, is_more=True)
        if doubts and not force:
            return PurgeResult(held="; ".join(doubts.values()))
        if not dry_run:
            self._remove(strays)
        return PurgeResult(removed=len(strays), paths=tuple(strays))

    def _look(self, kind: str, after: str) -> _LookedAt:
        found = self._files.listed(kind, after, _AT_ONCE)
        settled = self._clock.removable_before(_SETTLED_AFTER)
        # Newer ones count as well: those of another site get old one by one.
        times = {one: at for one, at in found if at < settled and _OURS.fullmatch(one)}
        unknown = times.keys() - self._known.of(times)
        before = self._clock.removable_before(_OLD_AFTER)
        return _LookedAt(
            sorted(path for path in unknown if times[path] < before),
            len(unknown),
            _doubt(kind, len(unknown), len(times)),
            found[-1][0] if len(found) == _AT_ONCE else "",
        )

    def _remove(self, strays: Iterable[str]) -> None:
        for path in strays:
            self._files.remove(path)
            log.warning("removed %s, which no row names", path)

    def _go_on(self, page: _LookedAt) -> None:
        self._after = page.last
        self._unknown += page.unknown
        if not page.last:
            if not self._unknown:  # somebody has removed them all
                self._held.pop(_KINDS[self._kind], None)
            self._unknown = 0
            self._kind = (self._kind + 1) % len(_KINDS)
            self._is_whole |= self._kind == 0

    def _hold(self, kind: str, held: str) -> None:
        """Remove none of this folder until all are known: a page may have few.

        Or until the next start.
        """
        if held and kind not in self._held:
            self._held[kind] = held
            log.error("stray pictures: nothing is removed: %s", held)


def _doubt(kind: str, strays: int, of: int) -> str:
    if strays <= max(_FEW, of // _ONE_IN):
        return ""
    return STRAYS(rows=strays, all=of, folder=kind, mvsnap=program())
