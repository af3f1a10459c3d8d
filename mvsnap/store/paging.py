"""Lists read page by page, each starting after the last row of the previous one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, or_

Row = TypeVar("Row")
Place = TypeVar("Place")

SIZE = 500


class Page(Struct, Generic[Row], frozen=True):
    """rows: the ones to show. has_more: there is another page."""

    rows: Sequence[Row]
    has_more: bool

    @classmethod
    def cut(cls, found: Sequence[Row], size: int) -> Page[Row]:
        """Return the page of a list that was read with one extra row."""
        return cls(found[:size], has_more=len(found) > size)

    @property
    def last(self) -> Row | None:
        """The row before the next page; None: there is no other page."""
        return self.rows[-1] if self.has_more else None


def pages(
    read: Callable[[Place | None, int], Sequence[Row]],
    place: Callable[[Row], Place],
    *,
    after: Place | None = None,
    most: int | None = None,
    size: int = SIZE,
) -> Iterator[Sequence[Row]]:
    """Yield all pages of a list, at most `most` rows.

    read: returns a number of rows after a position, None: from the beginning.
    place: of a row; not only its id where rows may be purged while pages are sent.
    """
    left = most
    while left is None or left > 0:
        wanted = size if left is None else min(left, size)
        page = read(after, wanted)
        if page:
            yield page
        if len(page) < wanted:
            return
        left = None if left is None else left - wanted
        after = place(page[-1])


class Order(Struct, frozen=True):
    """The order of a list by columns that are unique together.

    falling: the largest first; rising: the smallest first, among equals.
    """

    falling: Sequence[ColumnElement[Any]] = ()
    rising: Sequence[ColumnElement[Any]] = ()

    @property
    def by(self) -> list[ColumnElement[Any]]:
        """The arguments of `order_by`."""
        return [*(column.desc() for column in self.falling), *self.rising]

    def behind(self, place: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition for the rows after the one with these values."""
        falls = len(self.falling)
        columns = [*self.falling, *self.rising]
        same: list[ColumnElement[bool]] = []
        found: list[ColumnElement[bool]] = []
        for index, (column, value) in enumerate(zip(columns, place, strict=True)):
            further = column < value if index < falls else column > value
            found.append(and_(*same, further))
            same.append(column == value)
        first, value = columns[0], place[0]
        # The first one again, alone: it lets an index start at the right position.
        begin = first <= value if falls else first >= value
        return and_(begin, or_(*found))

    def up_to(self, place: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition for the rows up to the one with these values."""
        column, value = [*self.falling, *self.rising][0], place[0]
        # The first column alone lets a search in the order of an index end there.
        end = column >= value if self.falling else column <= value
        return and_(end, ~self.behind(place))
