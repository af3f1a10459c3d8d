"""`db`: database maintenance."""

from __future__ import annotations

from datetime import timedelta

import click

from mvsnap.cli.overlap import overlap_option
from mvsnap.cli.terminal import (
    config_option,
    load_settings,
    open_parts,
    out,
    storage_errors,
)
from mvsnap.cli.usage import CommandGroup
from mvsnap.domain import Change
from mvsnap.texts import audit_wordings as said
from mvsnap.texts.wording import Reason


@click.group(cls=CommandGroup)
def db() -> None:
    """Database maintenance."""


@config_option
@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Upgrade the database to this version (also done at every start)."""
    settings = load_settings(ctx)
    from mvsnap.runtime import store_url
    from mvsnap.store import database

    with storage_errors(settings):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = database.open_database(store_url(settings))
        before = database.version(engine)
        database.upgrade(engine)
        after = database.version(engine)
    if before == after:
        out.print(f"The database is already at version {after}.")
    else:
        out.print(
            f"The database was upgraded from version {before or 'none'} to {after}."
        )


@config_option
@db.command("rotate-session-key")
@overlap_option("How long sessions of now go on.")
@click.pass_context
def rotate_session_key(ctx: click.Context, overlap: timedelta) -> None:
    """Replace the key that signs sessions; everybody has to log in again.

    A running service notices within seconds, all its processes do.
    """
    settings = load_settings(ctx)
    parts = open_parts(settings)
    now = parts.clock.now()
    ends, done = "all sessions ended", said.KEY_ROTATED()
    if overlap:
        from mvsnap.core.site_time import stored_to_minute as to_minute

        until = to_minute(now + overlap, settings.site.zone)
        ends, done = (
            f"sessions of before end {until}",
            said.KEY_ROTATED_UNTIL(until_at=until),
        )
    change = Change(now, said.COMMAND_LINE(), said.SESSION_KEY(), Reason(""), done)
    with storage_errors(settings):
        parts.session_keys.rotate(overlap, change)
    out.print(f"The session key was replaced: {ends}.", markup=False)


@config_option
@db.command()
@click.pass_context
def restored(ctx: click.Context) -> None:
    """Say that the database was restored from a dump, before the service starts.

    A message that may have been sent after the dump was made is sent again, and says
    that it may be a duplicate. (The command restore does this by itself.)
    """
    settings = load_settings(ctx)
    from mvsnap.runtime.restore import mark_restored

    parts = open_parts(settings)
    with storage_errors(settings):
        mark_restored(parts, parts.clock.now())
    out.print("Messages of before now say that they may be duplicates.")
