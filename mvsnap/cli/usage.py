"""Mistakes in the use of commands; without rich, which `--help` must not wait for."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable
from difflib import get_close_matches
from typing import IO, Any, NoReturn

import click

from mvsnap.program import account_for, sudo
from mvsnap.spelling import folded

# No name is longer; to compare takes time that grows with the square.
_LONGEST = 80
_MOST_COMPARED = 5000
# How alike names are: `create` is as near to `rotate` as two thirds, and no slip.
_NEAR = 0.7
# They would move the cursor, or turn what is read around: names come from outside.
_ACTS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return the text with an escape, such as `\\x1b`, for what acts on a terminal."""
    return _ACTS.sub(lambda found: ascii(found[0])[1:-1], text)


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Return " Did you mean NAME?" for a name that is spelled nearly so, or ""."""
    names = {folded(name): name for name in list(known)[:_MOST_COMPARED]}
    wanted = folded(typed[:_LONGEST])
    longer = [name for name in names if wanted and name.startswith(wanted)]
    near = (get_close_matches(wanted, names, n=3, cutoff=_NEAR) or longer)[:3]
    meant = " or ".join(visible(names[each]) for each in near)
    return f" Did you mean {meant}?" if near else ""


def as_called(words: str, by: str | None = None) -> str:
    """Return the command line for `mvsnap WORDS`, as this program was called.

    by: the account that it takes; None: whoever may, see `program`. Outside its
    environment there is no mvsnap on the path, and Debian has no `python`.
    """
    program = sys.argv[0]
    found = shutil.which("mvsnap")
    if os.path.basename(program) != "mvsnap":
        called = "python -m mvsnap"
    elif found and os.path.realpath(found) == os.path.realpath(program):
        called = "mvsnap"
    else:
        called = shlex.quote(program)
        by = by or account_for(words)
    return f"{sudo(by)}{called} {words}"


class WholeNumber(click.IntRange):
    """As click's, but a mistake says what is expected, not "valid integer range"."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} (expected a whole number{_span(self)})", param, ctx)


class Number(click.FloatRange):
    """As `WholeNumber`, with a fraction."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} (expected a number{_span(self)})", param, ctx)


def _span(limits: click.IntRange | click.FloatRange) -> str:
    if limits.max is not None:
        return f" from {limits.min:g} to {limits.max:g}"
    return f" above {limits.min:g}" if limits.min_open else f", {limits.min:g} or more"


class CommandGroup(click.Group):
    """A group that names the commands that were perhaps meant, and folds mistakes."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        typed, known = args[0], self.list_commands(ctx)
        if typed not in known and not typed.startswith("-"):
            hint = did_you_mean(typed, known) or f" There are: {', '.join(known)}."
            ctx.fail(f"No command {typed[:_LONGEST]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List what each command does, in as many lines as it takes: nothing is cut."""
        rows = [
            (name, command.get_short_help_str(limit=sys.maxsize))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise  # no mistake: it shows the help, which has its own lines
        except click.UsageError as exc:
            _raise_folded(exc)


def _raise_folded(error: click.UsageError) -> NoReturn:
    """Raise the error so that the terminal breaks no word of it."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        said = visible(f"Error: {error.format_message()}").split("\n")
        lines = [
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in said
        ]
        text = "\n".join(lines).removeprefix("Error:").strip()
        raise click.UsageError(text, error.ctx) from error
    raise error


def accept_any_name(stream: IO[str]) -> None:
    """Show what the encoding of the terminal lacks as an escape, such as `\\xfc`."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
