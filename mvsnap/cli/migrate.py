"""`migrate`: a first settings file from those of older programs."""

from __future__ import annotations

from pathlib import Path

import click

from mvsnap.cli.terminal import err, fail, out
from mvsnap.cli.usage import as_called
from mvsnap.config.load import load
from mvsnap.config.migration import Migration
from mvsnap.config.migration import migrate as migrated
from mvsnap.config.old_files import read_old_file
from mvsnap.config.write import write_settings
from mvsnap.errors import BadConfig

_MAX_SHOWN = 160


@click.command()
@click.argument(
    "old_files",
    metavar="OLD-FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; default: config/mvsnap.yaml, or --config.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.pass_context
def migrate(
    ctx: click.Context, old_files: tuple[Path, ...], output: Path | None, *, force: bool
) -> None:
    """Write a first settings file from those of older programs.

    OLD-FILE: config.ini, config.yml or config.py of the programs in docs/migrate.md;
    several become one file. Python files are read, never run.
    """
    path: Path = output or ctx.obj
    if path.exists() and not force:
        fail(f"{path} exists: name another file with --output, or add --force")
    try:
        old_settings = [each for file in old_files for each in read_old_file(file)]
        made = migrated(old_settings)
        if not made.origins:
            _print_not_moved(made)
            fail("Nothing to migrate: none of these settings has a place here.")
        _write(path, made)
        load(path, {})
    except BadConfig as exc:
        fail(exc.message)
    _print_all(path, made)


def _write(path: Path, made: Migration) -> None:
    tree = made.tree
    keys = tree.pop("api_keys", [])
    write_settings(path, tree, keys, replace=True)


def _print_all(path: Path, made: Migration) -> None:
    for moved in made.moved:
        note = f"  ({moved.note})" if moved.note else ""
        value = _printable(moved.shown)
        _say(f"{_printable(moved.old)} -> {moved.path}: {value}{note}")
    for added in made.added:
        _say(f"(new) -> {added}")
    _print_not_moved(made)
    _say(f"\nWritten, readable only by you: {path}")
    if any("token" in added for added in made.added):
        _say("It has the new addresses for senders: see webhooks and scanning there.")
    _say(f"Next: {as_called('check')}")


def _print_not_moved(made: Migration) -> None:
    for each in made.not_moved:
        why = _printable(each.why)
        err.print(f"not moved: {_printable(each.old)}: {why}", markup=False)


def _say(line: str) -> None:
    out.print(line, markup=False)


def _printable(text: str) -> str:
    """Names come from the file: none may control the terminal, or fill it."""
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= _MAX_SHOWN else f"{plain[:_MAX_SHOWN]}…"
