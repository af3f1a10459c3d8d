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


db.add_command(upgrade)
