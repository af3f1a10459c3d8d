"""CSV files of any origin: any delimiter, any order, common names of columns.

Pure: lines in, rows out. An unreadable row is a `BadRow`, and reading continues.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain, islice

from msgspec import Struct

from mvsnap.errors import BadInput
from mvsnap.spelling import fold
from mvsnap.texts import file_wordings as said
from mvsnap.texts.wording import Reason

MAX_CELL = 10_000
MAX_COLUMNS = 200
MOST_NAME = 40
_DELIMITERS = ",;\t|^~"
_SHOWN = 12
# Reports begin with a title, a period, who printed them.
_HEADING_WITHIN = 20
_MOST_TOP_LINES = 60
_MAX_HEADING = 100_000
# Excel writes its delimiter first; saved again, the line is a cell of its own.
_SEP = re.compile(r'\s*"?sep=([^\w"\s]|\t)"?[,;\t|]*\s*', re.I)


class CsvRow(Struct, frozen=True):
    """line: the line number at its end; `cells` by the name of their column."""

    line: int
    cells: Mapping[str, str]


class BadRow(Struct, frozen=True):
    line: int
    why: Reason


class Columns(Struct, frozen=True):
    """The columns to find: their possible names, by our own names.

    one_of: a heading has at least one of these, too.
    """

    known: Mapping[str, Sequence[str]]
    needed: Sequence[str]
    one_of: Sequence[str] = ()

    def find(
        self, header: Sequence[str], given: Mapping[str, str] | None = None
    ) -> dict[str, int]:
        """Return the position of each column that exists; `given` names win."""
        places: dict[str, int] = {}
        for place, name in enumerate(header):
            places.setdefault(fold(name), place)
        found: dict[str, int] = {}
        for ours, names in self.known.items():
            wanted = [given[ours]] if given and ours in given else [ours, *names]
            for name in wanted:
                if (here := places.get(fold(name))) is not None:
                    found[ours] = here
                    break
        return found

    def suffice(self, found: Mapping[str, int], given: Mapping[str, str]) -> bool:
        """Return whether a line with these is the heading."""
        has_one = not self.one_of or any(name in found for name in self.one_of)
        return has_one and all(name in found for name in (*self.needed, *given))


class UnknownHeadings(BadInput):
    """The heading line lacks a column. headings: those that nobody asked for."""

    def __init__(self, message: str, headings: Sequence[Unknown]) -> None:
        super().__init__(message)
        self.headings = headings


class Unknown(Struct, frozen=True):
    """A heading of a file. meant: our name of what it may be; "": nobody knows."""

    name: str
    meant: str


class _Heading(Struct, frozen=True):
    """lines: how many end with it."""

    cells: Sequence[str]
    delimiter: str
    lines: int


def read(
    lines: Iterable[str],
    columns: Columns,
    given: Mapping[str, str] | None = None,
    on_others: Callable[[Sequence[str]], object] = lambda _names: None,
) -> Iterator[CsvRow | BadRow]:
    """Yield every row below the header; empty lines are skipped.

    Found columns get our names, any others keep the file's. on_others: called with the
    headings of these, before the first row.

    Raises:
        BadInput: the header lacks a required column.
    """
    csv.field_size_limit(MAX_CELL)
    rest = iter(lines)
    top = list(islice(rest, _MOST_TOP_LINES))
    heading = _heading(top, columns, given or {})
    header, delimiter = heading.cells, heading.delimiter
    found = columns.find(header, given)
    _check(header, found, columns, given)
    on_others(_others(header, found))
    names = dict(enumerate(header)) | {place: ours for ours, place in found.items()}
    numbered, skipped = _Lines(chain(top[heading.lines :], rest)), heading.lines
    reader = csv.reader(numbered, delimiter=delimiter)
    needed = [found[name] for name in columns.needed]
    while True:
        first = reader.line_num + skipped + 1
        try:
            cells = next(reader)
            why = Reason("")
        except StopIteration:
            return
        except csv.Error as exc:
            cells, why = [], _why(exc)
        line = reader.line_num + skipped
        if numbered.ended:
            why = said.UNCLOSED()
        elif line > first and _holds_rows(cells, delimiter, len(header), needed):
            why = said.SEVERAL_LINES()
        if why:
            lines = said.AT_LINES(first=first, last=line, why=why)
            yield BadRow(line, why if line == first else lines)
        elif any(cell.strip() for cell in cells):
            yield _row(line, cells, names, len(header))


class _Lines:
    """Lines one by one; `ended`: more were requested than there are.

    A reader that does so and returns a row was inside quotes.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except StopIteration:
            self.ended = True
            raise


def _holds_rows(
    cells: Sequence[str], delimiter: str, columns: int, needed: Sequence[int]
) -> bool:
    """Return whether a line within a cell looks like a row: it has all that is needed.

    A note of several lines is common; one with as many cells as the header is not.
    """
    inner = [line for cell in cells for line in cell.splitlines()[1:]]
    rows = (_split(line, delimiter) for line in inner)
    return any(
        len(row) == columns and all(row[place].strip() for place in needed)
        for row in rows
    )


def _row(
    line: int, cells: Sequence[str], names: Mapping[int, str], columns: int
) -> CsvRow | BadRow:
    rest = [cell for cell in cells[columns:] if cell.strip()]
    if rest:
        return BadRow(line, said.TOO_MANY_CELLS(count=len(cells), most=columns))
    return CsvRow(line, {names[n]: c.strip() for n, c in enumerate(cells[:columns])})


def _heading(
    top: Sequence[str], columns: Columns, given: Mapping[str, str]
) -> _Heading:
    """Return the first line that has all columns, else the one that has most."""
    delimiters: Sequence[str] = _DELIMITERS
    best, most, tried = None, (0, 1), 0
    for number, line in enumerate(top):
        if not line.strip():
            continue
        if sep := _SEP.fullmatch(line):
            delimiters = (sep[1], *_DELIMITERS)
            continue
        if tried == _HEADING_WITHIN:
            break
        tried += 1
        for delimiter in delimiters:
            cells, lines = _record(top, number, delimiter)
            found = columns.find(cells, given)
            heading = _Heading(cells, delimiter, number + lines)
            if columns.suffice(found, given):
                return heading
            # Of those that nobody understands, the one that looks most like a heading.
            if (len(found), len(cells)) > most and len(cells) <= MAX_COLUMNS:
                best, most = heading, (len(found), len(cells))
            elif best is None:
                best = heading
    if best is None:
        raise BadInput(said.IS_EMPTY())
    return best


def _record(top: Sequence[str], number: int, delimiter: str) -> tuple[list[str], int]:
    """Return the cells of a possible heading, and on how many lines they are."""
    if len(top[number]) > _MAX_HEADING:
        return [], 1
    reader = csv.reader(top[number : number + _HEADING_WITHIN], delimiter=delimiter)
    try:
        cells = next(reader, [])
    except csv.Error:
        return [], 1
    return [" ".join(cell.split()) for cell in cells], reader.line_num


def _split(heading: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([heading], delimiter=delimiter), [])
    except csv.Error:
        return []


def _check(
    header: Sequence[str],
    found: Mapping[str, int],
    columns: Columns,
    given: Mapping[str, str] | None,
) -> None:
    if len(header) > MAX_COLUMNS:
        raise BadInput(said.TOO_MANY_COLUMNS(count=len(header), most=MAX_COLUMNS))
    if wrong := list(_not_given(header, found, columns, given or {})):
        raise BadInput("; ".join(wrong))
    missing = [name for name in columns.needed if name not in found]
    if columns.one_of and not set(columns.one_of) & set(found):
        missing.append(columns.one_of[0])
    if missing:
        usual = "; ".join(
            f"{name}: {', '.join(list(columns.known[name])[:4])}" for name in missing
        )
        first, last = ", ".join(missing[:-1]), missing[-1]
        names = said.AND(first=first, last=last) if first else last
        raise UnknownHeadings(
            said.NO_COLUMN(names=names, what=_has(header), usual=Reason(usual)),
            _unknown(header, found, columns, missing),
        )


def _not_given(
    header: Sequence[str],
    found: Mapping[str, int],
    columns: Columns,
    given: Mapping[str, str],
) -> Iterator[str]:
    """Yield what is wrong with the names that somebody gave to columns."""
    for ours in given:
        if ours not in columns.known:
            known = ", ".join(columns.known)
            yield f"column {ours[:MOST_NAME]!r}: unknown (known: {known})"
    lost = [given[ours] for ours in columns.known if ours in given.keys() - found]
    if lost:
        names = ", ".join(repr(name[:MOST_NAME]) for name in lost)
        yield f"column{'s' if lost[1:] else ''} {names}: not there ({_has(header)})"
    places: dict[int, str] = {}
    for ours in given.keys() & found.keys():
        other = places.setdefault(found[ours], ours)
        if other != ours:
            both = " and ".join(sorted((ours, other), reverse=True))
            yield f"column {given[ours][:MOST_NAME]!r}: given for {both}"


def _unknown(
    header: Sequence[str],
    found: Mapping[str, int],
    columns: Columns,
    missing: Sequence[str],
) -> list[Unknown]:
    """Return the headings that were not understood, with what each is most like."""
    usual = {fold(n): ours for ours in missing for n in (ours, *columns.known[ours])}
    used, unknown = set(found.values()), []
    for place, name in enumerate(header):
        if place in used or not name:
            continue
        shown = name[:MOST_NAME]
        near = get_close_matches(fold(shown), usual, n=1)
        parts = [usual[fold(word)] for word in shown.split() if fold(word) in usual]
        meant = [usual[near[0]]] if near else parts
        unknown.append(Unknown(shown, meant[0] if meant else ""))
    return unknown


def _others(header: Sequence[str], found: Mapping[str, int]) -> list[str]:
    """Return the headings of no known column."""
    known = set(found.values())
    return [name for n, name in enumerate(header) if n not in known and name.strip()]


def _has(header: Sequence[str]) -> Reason:
    shown = Reason(", ".join(name[:40] for name in header[:_SHOWN]))
    if len(header) > _SHOWN:
        return said.HAS_MORE(names=shown, count=len(header) - _SHOWN)
    return said.HAS(names=shown) if shown else said.HAS_NONE()


def _why(exc: csv.Error) -> Reason:
    if "field larger" in str(exc):
        return said.LONG_CELL(most=MAX_CELL)
    return said.UNREAD_LINE(why=str(exc))
