"""`db`: database maintenance."""

from __future__ import annotations

import click

from mvsnap.cli.terminal import config_option, load_settings, out, storage_errors


@click.group()
def db() -> None:
    """Database maintenance."""


@config_option
@click.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to this version (every start does it, too)."""
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
        out.print(f"The database is at version {after} already.")
    else:
        out.print(f"The database went from version {before or 'none'} to {after}.")


db.add_command(upgrade)
