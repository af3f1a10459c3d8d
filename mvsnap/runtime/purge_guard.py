"""Keeps a clock that is wrong from emptying the store.

A Raspberry Pi has no clock chip: until NTP answers, everything may seem a year old.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from mvsnap.badges.tables import badges, near_pictures
from mvsnap.clock import PLAUSIBLE_FROM, SystemClock
from mvsnap.runtime.cleaning import DataKind
from mvsnap.runtime.parts import Parts
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.events import EventFilter
from mvsnap.store.purging import PurgeResult
from mvsnap.store.put_right import put_right
from mvsnap.texts.status_wordings import CLOCK_NOT_SETTLED, MOST_WOULD_GO
from mvsnap.values import replace

log = logging.getLogger(__name__)

# A machine may be off over a weekend; after more than this somebody may have to look.
_USUAL_LEAP = timedelta(days=3)
# How long NTP may take to set a clock that is wrong.
_SETTLED_AFTER = timedelta(hours=1)
# The time of the last cleaning is written about twice a day, for the sake of SD cards.
_WRITTEN_EVERY = timedelta(hours=12)
# Of so few rows most may go at any time.
_FEW = 20

_NOT_SETTLED = CLOCK_NOT_SETTLED()
FORCE = "if the clock is right, `mvsnap purge --force` removes them"


class PurgeGuard:
    """Cleans by the table of `cleaning`, unless the clock has leapt ahead since.

    newest: when the last event was stored before this process began, for a store that
        was never cleaned yet. waits: for NTP; not where a person asks.
    """

    def __init__(
        self,
        cleanings: CleaningStore,
        newest: datetime | None,
        clock: SystemClock,
        *,
        waits: bool = True,
    ) -> None:
        self._cleanings = cleanings
        self._newest = newest
        self._clock = clock
        self._waits = waits
        self._held_by_steps: set[str] = set()

    def clean(self, kind: DataKind, *, force: bool = False) -> PurgeResult:
        """Remove what is past its time; `held` of the result says why it was not."""
        if self._clock.now() < PLAUSIBLE_FROM:
            return kind.make_room()  # nor is this a time to remember
        last, known = self._cleanings.last(kind.name), self._held(kind)
        if kind.name in self._held_by_steps and not known and kind.let_go is not None:
            kind.let_go()  # a person has removed what it holds
        held = "" if force else self._doubt(kind, last)
        if held:
            if last is None:
                self._remember(kind)
            if known != held:
                self._cleanings.hold(kind.name, held)
                log.warning("%s: nothing is removed: %s", kind.name, held)
            return replace(kind.make_room(), held=held)
        result = kind.purge()
        held = result.held
        if held:
            self._held_by_steps.add(kind.name)
        else:
            self._held_by_steps.discard(kind.name)
        if result.is_more and not held and not _is_of_clock(known):
            held = known  # what is left may have to be held
        now = self._clock.now()
        is_recent = last is not None and abs(now - last) < _WRITTEN_EVERY
        if not is_recent or known != held:
            self._cleanings.done(kind.name, now, held=held)
        return result

    def _held(self, kind: DataKind) -> str:
        return self._cleanings.held().get(kind.name, "")

    def _remember(self, kind: DataKind) -> None:
        """Let the next start know, too, when the last event before the leap was.

        It would find events of the time after it, and take the clock for right.
        """
        if self._newest is not None and self._has_leapt(self._newest):
            self._cleanings.done(kind.name, self._newest)

    def _has_leapt(self, since: datetime) -> bool:
        return self._clock.now() - since > _USUAL_LEAP

    def _doubt(self, kind: DataKind, last: datetime | None) -> str:
        """Return why the clock may be wrong, "" if it seems right or does no harm."""
        known = last or self._newest
        has_leapt = known is not None and self._has_leapt(known)
        if not has_leapt and last is not None:
            return ""
        # Events are weaker evidence than a cleaning: a start in the wrong year stores
        # some, and the next start finds them.
        if self._waits and self._clock.passed_since_step() < _SETTLED_AFTER:
            may_clean = not has_leapt and not kind.purge(dry_run=True).removed
            return "" if may_clean else _NOT_SETTLED
        if known is None or not has_leapt:
            return ""
        # What has no table of its own is no evidence.
        there = self._cleanings.count(kind.tables)
        going = kind.purge(dry_run=True).removed if there else 0
        if going < _FEW or 2 * going <= there:
            return ""
        return MOST_WOULD_GO(rows=going, all=there, day=f"{known:%Y-%m-%d}")


def _is_of_clock(held: str) -> bool:
    return held == _NOT_SETTLED or held.endswith(FORCE)


def purge_guard(parts: Parts, *, waits: bool = True) -> PurgeGuard:
    found = parts.store.events(EventFilter(), 1)
    newest = found[0].recorded_at if found else None
    return PurgeGuard(CleaningStore(parts.db), newest, parts.clock, waits=waits)


def put_times_right(parts: Parts) -> None:
    """Correct what was stored while the clock said 1970, once NTP has set it."""
    if wrong := parts.clock.wrong_times():
        others = badges.c.recorded_at, near_pictures.c.recorded_at
        changed = put_right(parts.db, wrong, *others)
        parts.clock.are_put_right(wrong)
        log.info("the clock is right now: %d times were put right", changed)
