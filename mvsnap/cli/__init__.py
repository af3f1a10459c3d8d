"""Commands. Each is in a module of its own, imported only when it is called.

`--help` must not wait for libraries that it does not need, least of all on a Raspberry
Pi.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from mvsnap import __version__, signals
from mvsnap.cli.usage import CommandGroup, accept_any_name
from mvsnap.sqlite_errors import reason

# A key of the context: whether --debug was given.
DEBUG = "mvsnap.debug"

# name -> (module, one line for --help)
_COMMANDS = {
    "init": ("setup", "Ask for keys, check them, write config/mvsnap.yaml."),
    "migrate": ("migrate", "Write settings from those of older programs."),
    "check": ("check", "Check the settings and call every configured service."),
    "test-message": ("test_message", "Send a test message to a channel."),
    "snapshot": ("snapshot", "Take snapshots now, once."),
    "record": ("record", "Record a clip now, once."),
    "serve": ("serve", "Run the service."),
    "cameras": ("lists", "List the cameras the Dashboard key can see."),
    "rooms": ("lists", "List the rooms the Webex bot is in."),
    "events": ("events", "List events."),
    "jobs": ("jobs", "List jobs that wait or failed, and try them again."),
    "badges": ("badges", "Import badge events from a file."),
    "users": ("users", "Add, remove and list users."),
    "keys": ("keys", "Make, rotate, remove and list API keys and webhook tokens."),
    "analytics": ("analytics", "Rebuild Wi-Fi visits, replace the salt of hashes."),
    "purge": ("purge", "Delete data past its retention."),
    "backup": ("backup", "Write a backup while the service runs."),
    "restore": ("backup", "Put a backup in the place of the data."),
    "db": ("db", "Database maintenance."),
    "demo": ("demo", "Try everything without an account."),
    "schema": ("schema", "Print a JSON Schema of the settings, for editors."),
    "completion": ("completion", "Print shell completion for bash or zsh."),
}


class _Commands(CommandGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name == "serve":  # its own handlers come seconds later on a Pi
            signals.outlive()
        module = importlib.import_module(f"mvsnap.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """End with one line for what was raised on purpose, and for a lost database."""
        try:
            return super().invoke(ctx)
        except Exception as exc:
            if (message := _for_people(exc)) is None:
                raise
            from mvsnap.cli.console import console

            console("err").print(message, style="red", markup=False)
            raise SystemExit(1) from exc

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        names = [
            CompletionItem(name, help=line)
            for name, (_, line) in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        # Not those of a group, which would import every command.
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


def _for_people(exc: Exception) -> str | None:
    """Return what to say instead of a traceback; None: it is a bug, or click's own."""
    # What was not imported was not raised.
    errors, of_database = map(sys.modules.get, ("mvsnap.errors", "sqlalchemy.exc"))
    if errors is not None and isinstance(exc, errors.MvsnapError):
        return str(exc.message)
    if of_database is not None and isinstance(exc, of_database.SQLAlchemyError):
        return f"The database cannot be used: {reason(exc)}"
    if isinstance(exc, PermissionError) and exc.filename is not None:
        return f"{exc.filename}: {exc.strerror}"
    return None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, readable=False),
    default=Path("config/mvsnap.yaml"),
    show_default=True,
    envvar="MVSNAP_CONFIG",
    help="Settings file.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Log details, also what ffmpeg says; without passwords.",
)
@click.version_option(__version__, prog_name="mvsnap")
@click.pass_context
def main(ctx: click.Context, config: Path, debug: bool) -> None:
    """Turn a trigger into camera evidence in front of a person.

    Exit codes: 0 success, 1 failure, 2 usage error.
    """
    # Pictures, databases and settings are private to this account and its group.
    os.umask(0o027)
    # Every command clears up after itself, also after two signals in a row: recording
    # programs, the demo's broker, folders. `serve` then has a way of its own.
    signals.interrupt_once()
    accept_any_name(sys.stdout)
    ctx.obj = config
    if debug:
        ctx.meta[DEBUG] = True
