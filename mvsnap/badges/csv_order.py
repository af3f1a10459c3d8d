"""Rows of the hour that the clocks showed twice: their order may tell. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.badges.csv_times import in_pass, is_doubtful
from mvsnap.badges.model import Swipe
from mvsnap.core.csv_reader import BadRow
from mvsnap.texts.file_wordings import TWICE
from mvsnap.values import replace

MOST_WAITING = 20_000
_RECENT = 200
_ONE_NIGHT = timedelta(hours=6)


class CsvSwipe(Struct, frozen=True):
    """came: the text of the time; number: the cell of a long number that may be cut."""

    line: int
    swipe: Swipe
    came: str
    number: str | None = None


Row = CsvSwipe | BadRow


def in_order(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows with their time in UTC; those that stay doubtful become bad rows."""
    order = _Order()
    run: list[CsvSwipe] = []
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        if not run or not _belongs(run, row):
            order.note(row)
            if run:
                yield from _decided(run, row, order)
                run = []
        if is_doubtful(row.swipe.swiped_at):
            run.append(row)
        else:
            yield row
        order.last = row
    yield from _decided(run, None, order)


def _belongs(run: Sequence[CsvSwipe], row: CsvSwipe) -> bool:
    return (
        is_doubtful(row.swipe.swiped_at)
        and len(run) < MOST_WAITING
        and abs(_local(run[-1]) - _local(row)) < _ONE_NIGHT
    )


class _Order:
    """Whether times only rise or only fall; doubtful ones of a night say nothing.

    recent: the rows before the doubtful ones.
    """

    def __init__(self) -> None:
        self._rises = self._falls = False
        self.last: CsvSwipe | None = None
        self.recent: deque[CsvSwipe] = deque(maxlen=_RECENT)

    def note(self, row: CsvSwipe) -> None:
        """Compare a row with the last one, which stands before it."""
        if self.last is None:
            return
        first, then = self.last.swipe.swiped_at, row.swipe.swiped_at
        self._rises |= in_pass(first, 1) < in_pass(then, 0)
        self._falls |= in_pass(first, 0) > in_pass(then, 1)
        if not is_doubtful(first):
            self.recent.append(self.last)

    @property
    def direction(self) -> int:
        """1: rising, -1: falling, 0: neither, or both."""
        return self._rises - self._falls


def _decided(
    run: Sequence[CsvSwipe], after: CsvSwipe | None, order: _Order
) -> Iterator[Row]:
    """Yield a run of doubtful rows: within it, the clock jumps back once if sorted."""
    way = order.direction
    jumps = [
        place
        for place in range(1, len(run))
        if way * (_local(run[place]) - _local(run[place - 1])) < timedelta()
    ]
    around = [*order.recent, *run, *([after] if after else [])]
    if len(jumps) != 1 or _is_grouped(around, len(order.recent) + jumps[0]):
        yield from map(_refused, run)
        return
    for place, row in enumerate(run):
        is_second = (place >= jumps[0]) == (way > 0)
        moment = in_pass(row.swipe.swiped_at, int(is_second))
        yield replace(row, swipe=replace(row.swipe, swiped_at=moment))


def _is_grouped(rows: Sequence[CsvSwipe], jump: int) -> bool:
    """Return whether the time jumps because another person or reader begins there."""
    by_reader = [row.swipe.reader for row in rows]
    by_person = [row.swipe.user_id for row in rows]
    return any(_has_blocks(names, jump) for names in (by_reader, by_person))


def _has_blocks(names: Sequence[str], jump: int) -> bool:
    changes = sum(one != other for one, other in zip(names, names[1:], strict=False))
    different = len(set(names))
    no_name_returns = changes == different - 1
    begins_here = names[jump] != names[jump - 1]
    return no_name_returns and begins_here and different < len(names)


def _refused(row: CsvSwipe) -> BadRow:
    zone = str(row.swipe.swiped_at.tzinfo)
    why = TWICE(name="timestamp", value=repr(row.came[:40]), zone=zone)
    return BadRow(row.line, why)


def _local(row: CsvSwipe) -> datetime:
    """Return what the clock showed."""
    return row.swipe.swiped_at.replace(tzinfo=None)
