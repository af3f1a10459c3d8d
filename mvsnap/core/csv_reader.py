"""CSV files of any origin: any delimiter, any order, common names of columns.

Pure: lines in, rows out. An unreadable row is a `BadRow`, and reading continues.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mvsnap.core.spelling import fold
from mvsnap.errors import BadInput

MAX_CELL = 10_000
MAX_COLUMNS = 200
_DELIMITERS = ",;\t|"
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class CsvRow:
    """line: the line number at its end; `cells` by the name of their column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns to find: their possible names, by our own names."""

    known: Mapping[str, Sequence[str]]
    needed: Sequence[str]

    def find(
        self, header: Sequence[str], given: Mapping[str, str] | None = None
    ) -> dict[str, int]:
        """Return the position of each column that exists; `given` names win."""
        folded = [fold(name) for name in header]
        found: dict[str, int] = {}
        for ours, names in self.known.items():
            wanted = [given[ours]] if given and ours in given else [ours, *names]
            for name in wanted:
                if fold(name) in folded:
                    found[ours] = folded.index(fold(name))
                    break
        return found


def read(
    lines: Iterable[str], columns: Columns, given: Mapping[str, str] | None = None
) -> Iterator[CsvRow | BadRow]:
    """Yield every row below the header; empty lines are skipped.

    Found columns get our names, any others keep the file's.

    Raises:
        BadInput: the header lacks a required column.
    """
    csv.field_size_limit(MAX_CELL)
    numbered = _Lines(lines)
    heading, skipped = _heading(numbered)
    delimiter = _delimiter(heading, columns, given)
    header = [name.strip() for name in _split(heading, delimiter)]
    found = columns.find(header, given)
    _check(header, found, columns, given)
    names = dict(enumerate(header)) | {place: ours for ours, place in found.items()}
    reader = csv.reader(numbered, delimiter=delimiter)
    needed = [found[name] for name in columns.needed]
    while True:
        first = reader.line_num + skipped + 1
        try:
            cells = next(reader)
            why = ""
        except StopIteration:
            return
        except csv.Error as exc:
            cells, why = [], _why(exc)
        line = reader.line_num + skipped
        if numbered.ended:
            why = "unclosed quote"
        elif line > first and _holds_rows(cells, delimiter, len(header), needed):
            why = "a cell spans several lines (unclosed quote?)"
        if why:
            yield BadRow(
                line, why if line == first else f"lines {first} to {line}: {why}"
            )
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
        why = f"{len(cells)} cells under {columns} headings (unquoted delimiter?)"
        return BadRow(line, why)
    return CsvRow(line, {names[n]: c.strip() for n, c in enumerate(cells[:columns])})


def _heading(lines: Iterator[str]) -> tuple[str, int]:
    """Return the first line with content, and how many lines were read."""
    for number, line in enumerate(lines, start=1):
        # Excel writes its delimiter first.
        if line.strip() and not line.casefold().startswith("sep="):
            return line.rstrip("\r\n"), number
    raise BadInput("the file is empty (expected a heading line)")


def _delimiter(heading: str, columns: Columns, given: Mapping[str, str] | None) -> str:
    """Return the one that finds most of the columns, the first one if equal."""
    return max(
        _DELIMITERS,
        key=lambda sign: len(columns.find(_split(heading, sign), given)),
    )


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
        raise BadInput(f"{len(header)} columns (expected at most {MAX_COLUMNS})")
    for ours, theirs in (given or {}).items():
        if ours not in columns.known:
            known = ", ".join(columns.known)
            raise BadInput(f"column {ours!r}: unknown (known: {known})")
        if ours not in found:
            raise BadInput(f"column {theirs[:40]!r}: not there ({_said(header)})")
    missing = [name for name in columns.needed if name not in found]
    if missing:
        usual = "; ".join(
            f"{name}: {', '.join(list(columns.known[name])[:4])}" for name in missing
        )
        raise BadInput(
            f"no column for {' and '.join(missing)} ({_said(header)}; usual names are "
            f"{usual})"
        )


def _said(header: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in header[:_SHOWN])
    more = f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else ""
    return f"the file has {shown or 'none'}{more}"


def _why(exc: csv.Error) -> str:
    if "field larger" in str(exc):
        return f"a cell with more than {MAX_CELL:,} characters (unclosed quote?)"
    return f"cannot be read: {exc}"


def encoding_of(chunks: Iterable[bytes]) -> str:
    """Return the encoding of a text, from all of its bytes.

    A byte order mark decides; else zero bytes between the characters do; else it is
    UTF-8 if valid, and otherwise the encoding that Windows uses.
    """
    utf8 = _Utf8()
    first = b""
    for chunk in chunks:
        if not first:
            first = chunk
            if found := _marked(chunk):
                return found
        utf8.feed(chunk)
        if not utf8.fits:
            break
    return "utf-8" if utf8.fits else "cp1252"


def _marked(first: bytes) -> str | None:
    if first.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    half = len(first) // 2
    if half and first[1::2].count(0) > half * 0.8:
        return "utf-16-le"
    if half and first[0::2].count(0) > half * 0.8:
        return "utf-16-be"
    return None


class _Utf8:
    """Checks whether its input is UTF-8; chunks may split a character."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.fits = True

    def feed(self, chunk: bytes) -> None:
        try:
            self._decoder.decode(chunk)
        except UnicodeDecodeError:
            self.fits = False
