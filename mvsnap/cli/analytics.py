"""`analytics`: recreates visits from observations, replaces the salt of hashes."""

from __future__ import annotations

import click

from mvsnap.cli.console import progress_bars
from mvsnap.cli.terminal import (
    config_option,
    fail,
    load_settings,
    open_parts,
    out,
    storage_errors,
)
from mvsnap.cli.usage import CommandGroup
from mvsnap.core.amounts import noun
from mvsnap.domain import Change
from mvsnap.texts import audit_wordings
from mvsnap.texts.wording import Reason


@click.group(cls=CommandGroup)
def analytics() -> None:
    """Wi-Fi analytics."""


@config_option
@analytics.command()
@click.pass_context
def rebuild(ctx: click.Context) -> None:
    """Rebuild visits after scanning.visit_gap_s or another setting has changed.

    Goes back as far as single observations are kept. The service may be running.
    """
    from mvsnap.wifi.rebuild import Rebuild
    from mvsnap.wifi.worker import visit_rule

    settings = load_settings(ctx)
    parts = open_parts(settings)
    rule = visit_rule(settings.scanning, settings.site.zone)
    made = Rebuild(parts.db, rule, parts.clock)
    many = 0
    with storage_errors(settings), progress_bars(transient=True) as shown:
        bar = shown.add_task("observations", total=None)
        for progress in made.run():
            many = progress.observations
            shown.update(bar, completed=progress.done, total=progress.of)
    out.print(f"Rebuilt visits from {many} {noun(many, 'observation')}.")


@config_option
@analytics.command("rotate-salt")
@click.option("--yes", is_flag=True, help="Replace it without asking.")
@click.pass_context
def rotate_salt(ctx: click.Context, yes: bool) -> None:
    """Replace the salt with which MAC addresses are hashed.

    Nothing stored can be linked to an address any more, nor to what comes: every device
    counts as new. A running service notices within seconds.
    """
    from mvsnap.wifi import salt

    settings = load_settings(ctx)
    if not settings.scanning.hash_macs:
        fail("scanning.hash_macs is false: addresses are not hashed, so no salt counts")
    if not yes:
        click.confirm(
            "Every device will count as new, and visits of before cannot be linked to "
            "those to come. Replace the salt?",
            abort=True,
        )
    parts = open_parts(settings)
    what, done = audit_wordings.WIFI_SALT(), audit_wordings.REPLACED()
    who = audit_wordings.COMMAND_LINE()
    change = Change(parts.clock.now(), who, what, Reason(""), done)
    with storage_errors(settings):
        salt.rotate(settings.data_dir, parts.db)
        parts.audit.add(change)
    path = settings.data_dir / salt.NAME
    out.print(f"Replaced {path}. Backups may still have the old one.", markup=False)
    if settings.database_url is not None:
        out.print("Copy it to every machine that receives observations.")
