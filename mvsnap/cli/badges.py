"""`badges`: badge events from files."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, TypeVar

import click

from mvsnap.cli.console import progress_bars
from mvsnap.cli.terminal import (
    config_option,
    err,
    fail,
    load_settings,
    open_parts,
    out,
    storage_errors,
)
from mvsnap.cli.usage import CommandGroup
from mvsnap.core.amounts import noun
from mvsnap.errors import BadInput

if TYPE_CHECKING:
    from rich.progress import Progress

    from mvsnap.badges.csv_import import Reading
    from mvsnap.badges.model import Swipe
    from mvsnap.core.csv_reader import BadRow, Unknown
    from mvsnap.runtime import Parts

Checked = TypeVar("Checked")
_BATCH = 500
_CHUNK = 1024 * 1024
_MAX_LINE = 1_000_000
_MOST_SHOWN = 20


@click.group(cls=CommandGroup)
def badges() -> None:
    """Badge events: which badge was used at which reader."""


@config_option
@badges.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Map a column with another name, like user_id=Badge; may be repeated. "
    "Expected names: timestamp, date, time, user_id, reader.",
)
@click.option(
    "--time-format",
    metavar="FORMAT",
    help='Format of times other than ISO 8601, like "%d/%m/%Y %H:%M" (strptime).',
)
@click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of the file, like cp1252 or gb18030. Default: it is found where "
    "it can be known.",
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write rejected lines to this CSV file, with the reason.",
)
@click.pass_context
def import_file(
    ctx: click.Context,
    file: Path,
    columns: tuple[str, ...],
    time_format: str | None,
    encoding: str | None,
    rejects: Path | None,
) -> None:
    """Import badge events from a CSV file; importing it again changes nothing.

    Times without an offset are in site.timezone.
    """

    from mvsnap.badges.csv_import import Reading, check_format
    from mvsnap.core.csv_reader import UnknownHeadings
    from mvsnap.core.encodings import check_encoding

    _checked("--time-format", time_format, check_format)
    encoding = _checked("--encoding", encoding, check_encoding)
    if rejects is not None and rejects.exists() and rejects.samefile(file):
        raise click.UsageError("--rejects: same as FILE (expected another file)")
    settings = load_settings(ctx)
    timezone = settings.site.timezone
    now = datetime.now(UTC)
    how = Reading(settings.site.zone, now, _named(columns), time_format, _say_others)
    parts = open_parts(settings)
    out.print(f"Times without an offset are read as {timezone}.", markup=False)
    # A name that is not UTF-8 cannot be stored.
    source = file.name.encode(errors="replace").decode()
    made = Import(parts, source, now)
    try:
        with _rejects(rejects) as made.reject:
            made.run(file, how, encoding)
    except UnknownHeadings as exc:
        _list_headings(exc.headings)
        fail(f"{file}: {exc.message}")
    except BadInput as exc:
        fail(f"{file}: {exc.message}")
    except OSError as exc:
        fail(f"{exc.filename or file}: {exc.strerror}")
    _report(made, file, complete=rejects is not None)


def _checked(
    option: str, value: str | None, check: Callable[[str], Checked]
) -> Checked | None:
    try:
        return None if value is None else check(value)
    except BadInput as exc:
        raise click.UsageError(f"{option}: {exc.message}") from exc


def _named(columns: tuple[str, ...]) -> dict[str, str]:
    from mvsnap.badges.csv_import import COLUMNS

    found, wrong = {}, []
    for column in columns:
        ours, _, theirs = (part.strip() for part in column.partition("="))
        if not ours or not theirs:
            wrong.append(f"--column {column}: expected one like user_id=Badge")
        elif ours not in COLUMNS.known:
            known = ", ".join(COLUMNS.known)
            wrong.append(f"--column {column}: {ours!r} is none of {known}")
        elif ours in found:
            wrong.append(f"--column {column}: {ours} is given twice")
        found[ours] = theirs
    if wrong:
        raise click.UsageError("\n".join(wrong))
    return found


def _say_others(headings: Sequence[str]) -> None:
    """Say which columns are only kept: one of them may be meant for another."""
    if headings:
        shown = ", ".join(heading[:40] for heading in headings[:_MOST_SHOWN])
        rest = len(headings) - _MOST_SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        text = f"Kept as details, as their headings are not known: {shown}{more}."
        out.print(text, markup=False)


def _list_headings(headings: Sequence[Unknown]) -> None:
    """Show what was not understood, and the options that may be meant."""
    if not headings:
        return
    err.print("Headings that were not understood:", style="red")
    for heading in headings:
        option = shlex.quote(f"{heading.meant}={heading.name}")
        guess = f": perhaps --column {option}" if heading.meant else ""
        err.print(f"  {heading.name}{guess}", markup=False, soft_wrap=True)
    err.print("Say which is meant, like --column reader=HEADING.", markup=False)


class Import:
    """Imports a file into the store, one batch per transaction."""

    def __init__(self, parts: Parts, source: str, now: datetime) -> None:
        from mvsnap.badges.model import Readers

        self._parts = parts
        self._source = source
        self._now = now
        self._readers = Readers(parts.settings.badges.camera_of_reader)
        self._batch: list[Swipe] = []
        self.gets_pictures = parts.settings.asks_meraki
        self.good, self.new, self.bad = 0, 0, 0
        self.first: list[BadRow] = []
        self.reject: Callable[[BadRow], object] = lambda _row: None

    def run(self, file: Path, how: Reading, given: str | None = None) -> None:
        """Raises BadInput if the encoding is unknown or the header unusable."""
        from mvsnap.badges import csv_import
        from mvsnap.core.encodings import encoding_of

        with file.open("rb") as raw:
            chunks = iter(lambda: raw.read(_CHUNK), b"")
            encoding = encoding_of(chunks, given, option="--encoding NAME")
        if not encoding.startswith("utf-8"):
            out.print(f"The text is read as {encoding}.", markup=False)
        with file.open("rb") as raw, progress_bars(transient=True) as bar:
            lines = _lines(raw, encoding, bar, file.stat().st_size)
            for row in csv_import.read(lines, how):
                self._add_row(row)
            self._store()

    def _add_row(self, row: Swipe | BadRow) -> None:
        from mvsnap.core.csv_reader import BadRow

        if isinstance(row, BadRow):
            self.bad += 1
            self.reject(row)
            if len(self.first) < _MOST_SHOWN:
                self.first.append(row)
            return
        self._batch.append(row)
        if len(self._batch) == _BATCH:
            self._store()

    def _store(self) -> None:
        from mvsnap.badges.model import recorded

        events = [
            recorded(swipe, self._readers, self._source, self._now)
            for swipe in self._batch
        ]
        with storage_errors(self._parts.settings):
            self.new += self._parts.badges.store.add(events)
        self.good += len(events)
        self._batch = []


def _lines(raw: BinaryIO, encoding: str, bar: Progress, size: int) -> Iterator[str]:
    """Yield the lines; one that is too long is truncated, and then refused."""
    task = bar.add_task("importing", total=size)
    with io.TextIOWrapper(raw, encoding, errors="replace", newline="") as text:
        while line := text.readline(_MAX_LINE):
            yield line
            if len(line) == _MAX_LINE and not line.endswith(("\n", "\r")):
                _skip_line(text)
            bar.update(task, completed=raw.tell())


def _skip_line(text: TextIO) -> None:
    while rest := text.readline(_MAX_LINE):
        if rest.endswith(("\n", "\r")):
            return


@contextmanager
def _rejects(path: Path | None) -> Iterator[Callable[[BadRow], object]]:
    """Return a function that writes rejected lines; safe to open in a spreadsheet."""
    from mvsnap.core.csv_table import harmless

    if path is None:
        yield lambda _row: None
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "reason"))
        yield lambda row: writer.writerow((row.line, harmless(row.why)))


def _report(made: Import, file: Path, *, complete: bool) -> None:
    """complete: all bad lines stand in a file already."""
    from mvsnap.badges.model import NO_KEY

    known = made.good - made.new
    events, duplicates = noun(made.new, "badge event"), noun(known, "duplicate")
    summary = f"{made.new} new {events}, {known} {duplicates}."
    out.print(summary, markup=False)
    if made.good and not made.gets_pictures:
        out.print(NO_KEY, markup=False)
    if not made.bad:
        return
    err.print(
        f"{made.bad} {noun(made.bad, 'line')} of {file} cannot be used:", style="red"
    )
    for row in sorted(made.first, key=lambda row: row.line):
        err.print(f"  line {row.line}: {row.why}", markup=False)
    if made.bad > _MOST_SHOWN and not complete:
        err.print(
            f"  and {made.bad - _MOST_SHOWN} more: list them all with --rejects FILE"
        )
    raise SystemExit(1)
