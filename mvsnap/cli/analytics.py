"""`analytics rebuild`: recreates visits from the stored observations."""

from __future__ import annotations

import click

from mvsnap.cli.terminal import (
    config_option,
    err,
    fail_with,
    load_settings,
    open_parts,
    out,
    storage_errors,
)
from mvsnap.errors import MvsnapError


@click.group()
def analytics() -> None:
    """Wi-Fi analytics."""


@config_option
@analytics.command()
@click.pass_context
def rebuild(ctx: click.Context) -> None:
    """Rebuild visits after scanning.visit_gap_s or another setting has changed.

    Goes back as far as single observations are kept. The service may be running.
    """
    from rich.progress import Progress

    from mvsnap.wifi.rebuild import Rebuild
    from mvsnap.wifi.worker import visit_rule

    settings = load_settings(ctx)
    parts = open_parts(settings)
    made = Rebuild(parts.db, visit_rule(settings.scanning), parts.clock)
    many = 0
    try:
        with storage_errors(settings), Progress(console=err, transient=True) as shown:
            bar = shown.add_task("observations", total=None)
            for progress in made.run():
                many = progress.observations
                shown.update(bar, completed=progress.done, total=progress.of)
    except MvsnapError as exc:
        fail_with(exc)
    out.print(f"Rebuilt visits from {many} observations.")
