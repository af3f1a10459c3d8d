"""Shared by commands at the terminal: settings, log lines, and readable failures."""

from __future__ import annotations

import json
import logging
import os
import pwd
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, NoReturn

import click
from msgspec import Struct

from mvsnap import logs
from mvsnap.cli import DEBUG
from mvsnap.cli.usage import as_called
from mvsnap.config.load import DEFAULT_PATH, load, load_usable, readable_by_others
from mvsnap.config.model import Settings
from mvsnap.errors import BadConfig
from mvsnap.sqlite_errors import reason

if TYPE_CHECKING:
    from mvsnap.cli.console import Terminal
    from mvsnap.runtime import Parts


if TYPE_CHECKING:
    out: Terminal
    err: Terminal
else:

    def __getattr__(name: str) -> object:
        """Make a console for whoever imports it: the service prints nothing."""
        if name in {"out", "err"}:
            from mvsnap.cli.console import console

            return console(name)
        raise AttributeError(name)


def _err() -> Terminal:
    from mvsnap.cli.console import console

    return console("err")


class CheckResult(Struct, frozen=True):
    """State of one part; ok: None if it is not configured, which is not a mistake."""

    ok: bool | None
    text: str


# The name of a part, and what looks at it.
Check = tuple[str, Callable[[], CheckResult]]

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON list."
)
# What a terminal may obey and JSON need not escape, spelled as JSON does.
_C1 = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
ids_option = click.option("--ids", is_flag=True, help="Show the ids, too.")


def print_json(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows for a program: times in UTC, null for what is not there."""
    utf = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    click.echo(json.dumps(rows, indent=2, ensure_ascii=not utf).translate(_C1))


def config_option(command: click.Command) -> click.Command:
    """Accept `--config FILE` and `--debug` after the command, too."""
    option = click.Option(
        ["--config"],
        type=click.Path(path_type=Path, readable=False),
        expose_value=False,
        help="Settings file; default: config/mvsnap.yaml.",
        callback=_keep_config,
    )
    debug = click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        help="Log details, also what ffmpeg says; without passwords.",
        callback=_keep_debug,
    )
    command.params += [option, debug]
    return command


def _keep_debug(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[DEBUG] = True


def load_settings(ctx: click.Context, *, level: int = logging.WARNING) -> Settings:
    """Return the settings, or list all mistakes and exit with code 1."""
    path: Path = ctx.obj
    if not path.exists():
        init = "init" if path == DEFAULT_PATH else f"--config {quote(str(path))} init"
        fail(f"{path} not found. Create it with: {as_called(init)}")
    _require_readable(path)
    try:
        settings = load(path)
    except BadConfig as exc:
        list_mistakes(path, exc.mistakes)
        raise SystemExit(1) from exc
    _configure_logs(ctx, settings, level)
    _warn_if_readable(path)
    return settings


def with_pages(settings: Settings) -> Settings:
    """Return the settings with the channels, hours ... that were made on the pages.

    Not for `open_parts`, which adds them itself.
    """
    from mvsnap.runtime.in_force import settings_in_force

    return settings_in_force(settings).settings


def load_for_repair(ctx: click.Context) -> tuple[Settings, list[str]]:
    """Return the settings that are right, and the mistakes, after listing them.

    Exits with code 1 if the file is no YAML. A missing file counts as empty.
    """
    path: Path = ctx.obj
    if path.exists():
        _require_readable(path)
    try:
        settings, mistakes = load_usable(path)
    except BadConfig as exc:
        list_mistakes(path, exc.mistakes)
        _err().print("Correct it, or move it away: init then writes a new one.")
        raise SystemExit(1) from exc
    _configure_logs(ctx, settings, logging.WARNING)
    _warn_if_readable(path)
    if mistakes:
        list_mistakes(path, mistakes)
    return settings, mistakes


def _configure_logs(ctx: click.Context, settings: Settings, level: int) -> None:
    level = logging.DEBUG if ctx.meta.get(DEBUG) else level
    logs.configure(
        settings.secrets(),
        level,
        ffmpeg_too=settings.recorder.debug_info,
        zone=settings.site.zone,
    )


def _warn_if_readable(path: Path) -> None:
    if readable_by_others(path):
        _err().print(
            f"{path} contains secrets and is readable by others: chmod 600 {path}",
            style="yellow",
            markup=False,
        )


def list_mistakes(path: Path, mistakes: Sequence[str]) -> None:
    _err().print(f"{path} cannot be used:", style="red", markup=False)
    for mistake in mistakes:
        _err().print(f"  {mistake}", markup=False)


@contextmanager
def storage_errors(settings: Settings) -> Iterator[None]:
    """Turn an unusable folder or database into one line and exit code 1."""
    from sqlalchemy.exc import SQLAlchemyError

    from mvsnap.store.time_limits import COMMAND, set_limits

    refuse_foreign_root(settings.data_dir)
    set_limits(COMMAND)
    try:
        yield
    except OSError as exc:
        fail(f"data_dir {settings.data_dir} cannot be used: {exc.strerror}")
    except (SQLAlchemyError, sqlite3.Error) as exc:
        where = f"data_dir {settings.data_dir}"
        if settings.database_url is not None:
            where = "database_url"
        fail(f"The database cannot be used ({where}): {reason(exc)}")


def refuse_foreign_root(data_dir: Path) -> None:
    """Root would leave files there that the service's account cannot change."""
    if name := foreign_owner(data_dir):
        again = as_called("...", by=name)
        fail(f"{data_dir} belongs to {name}. Run it as {name}: {again}")


def foreign_owner(data_dir: Path) -> str | None:
    """Return the account whose folder it is, if root works for another one."""
    if os.geteuid() != 0 or not data_dir.exists():
        return None
    owner = _owner(data_dir)
    return None if owner == "root" else owner


def require_changeable(path: Path) -> None:
    """Exit with code 1 if the settings cannot be written here: before any question.

    They are replaced as a whole, which takes the folder.
    """
    folder = next(each for each in path.absolute().parents if each.exists())
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        _refuse(folder, "written", "init")


def _require_readable(path: Path) -> None:
    if not os.access(path, os.R_OK, effective_ids=True):
        _refuse(path, "read", "...")


def _refuse(path: Path, done: str, words: str) -> NoReturn:
    """Say who may, unless that is who asks: of a disk that is only read, say."""
    owner, again = _owner(path), ""
    if path.stat().st_uid != os.geteuid():
        again = f": it belongs to {owner}. Run it as {owner}: {as_called(words, owner)}"
    fail(f"{path} cannot be {done}{again}")


def _owner(path: Path) -> str:
    owner = path.stat().st_uid
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"#{owner}"


def open_parts(settings: Settings) -> Parts:
    """Return the store and the clients for a command."""
    from mvsnap.runtime import Parts

    with storage_errors(settings):
        return Parts(settings)


def fail(message: str) -> NoReturn:
    _err().print(message, style="red", markup=False)
    raise SystemExit(1)


def fail_without_meraki() -> NoReturn:
    fail(f"meraki.api_key is missing. Set it, or run: {as_called('init')}")


def _keep_config(
    ctx: click.Context, _option: click.Parameter, value: Path | None
) -> None:
    if value is not None:
        ctx.obj = value
