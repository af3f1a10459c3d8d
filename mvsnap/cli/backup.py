"""`backup` and `restore`: one file with everything a gateway has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich import filesize
from rich.progress import BarColumn, DownloadColumn, TextColumn

from mvsnap import durable_file
from mvsnap.cli.console import progress_bars
from mvsnap.cli.terminal import (
    config_option,
    fail,
    load_settings,
    out,
    refuse_foreign_root,
    storage_errors,
)
from mvsnap.cli.usage import as_called
from mvsnap.config.model import Settings
from mvsnap.core.site_time import stored_to_second

_OTHER_TOOLS = (
    "database_url is set: {what} that database with its own tools, and data_dir with "
    "those of the machine; docs/backup.md says how."
)


@config_option
@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--with-secrets", is_flag=True, help="Also the keys, tokens and passwords."
)
@click.option("--without-files", is_flag=True, help="Leave out pictures and clips.")
@click.pass_context
def backup(
    ctx: click.Context, file: Path, *, with_secrets: bool, without_files: bool
) -> None:
    """Write a backup to FILE (.tar or .tar.gz); the service may run meanwhile.

    It holds events, pictures, clips, users and settings. An existing FILE is replaced
    when the new one is complete. Only this account can read it.
    """
    settings = load_settings(ctx)
    _refuse_database_url(settings, "back up")
    from mvsnap.config.write import without_secrets
    from mvsnap.runtime.backup import Backup

    text = ctx.obj.read_text(encoding="utf-8")
    if not with_secrets:
        text = without_secrets(text, settings.secrets())
    refuse_foreign_root(settings.data_dir)
    made = Backup(settings.data_dir, text, whole=not without_files)
    try:
        _follow("Backup", made.write(file), made.total_bytes)
    except OSError as exc:
        fail(f"{file} cannot be written: {exc.strerror}")
    except sqlite3.Error as exc:
        fail(f"{file} cannot be written: {exc}")
    size = filesize.decimal(file.stat().st_size)
    out.print(f"Written: {file} ({size}).", markup=False)
    if not with_secrets:
        out.print("Keys, tokens and passwords of the settings file are not in it.")
        out.print("Those of entries made on the pages are: keep it secret.")


@config_option
@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Replace what is there without asking.")
@click.pass_context
def restore(ctx: click.Context, file: Path, *, yes: bool) -> None:
    """Put the backup FILE in the place of data_dir; stop the service first.

    What was there is kept in a folder beside it. A message that may have been sent
    after the backup was made is sent again, and says that it may be a duplicate.
    """
    settings = load_settings(ctx)
    _refuse_database_url(settings, "restore")
    refuse_foreign_root(settings.data_dir)
    if not yes:
        click.confirm(f"Replace what is in {settings.data_dir}?", abort=True)
    from mvsnap.clock import SystemClock
    from mvsnap.runtime.restore import Restore

    with storage_errors(settings), closing(Restore(file, settings)) as found:
        _follow("Restore", found.unpack(), found.total_bytes)
        done = found.finish(SystemClock().now())
    made_at = _local(done.made_at, settings.site.zone)
    out.print(f"Restored what was there at {made_at}.", markup=False)
    if done.replaced is not None:
        out.print(f"What was replaced is in {done.replaced}.", markup=False)
    _keep_settings(ctx.obj, settings.data_dir, done.settings_text)
    check = as_called("check")
    out.print(f"Next: {check}, then start the service.", markup=False)


def _local(made_at: str, zone: ZoneInfo) -> str:
    """Return the time in the site's zone; as it is, if a strange file has another."""
    try:
        return stored_to_second(datetime.fromisoformat(made_at), zone)
    except (ValueError, OverflowError):
        return made_at


def _keep_settings(path: Path, data_dir: Path, text: str) -> None:
    """Write the settings of the backup into data_dir, if they differ from those of now.

    Not beside them: the service may not write there.
    """
    if path.read_text(encoding="utf-8") == text:
        return
    beside = data_dir / f"{path.name}.restored"
    durable_file.write(beside, text.encode(), mode=0o600)
    out.print(f"{path} stays; the one of the backup is {beside}.", markup=False)


def _follow(what: str, steps: Iterator[int], total_bytes: int) -> None:
    columns = (TextColumn(what), BarColumn(), DownloadColumn())
    with progress_bars(*columns, transient=True) as bar:
        task = bar.add_task("", total=total_bytes)
        for size in steps:
            bar.advance(task, size)


def _refuse_database_url(settings: Settings, what: str) -> None:
    if settings.database_url is not None:
        # The wrong command: `make update` knows it from one that failed.
        raise click.UsageError(_OTHER_TOOLS.format(what=what))
