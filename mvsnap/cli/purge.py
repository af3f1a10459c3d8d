"""`purge`: retention, now."""

from __future__ import annotations

import click

from mvsnap.cli.terminal import config_option, load_settings, open_parts, out


@config_option
@click.command()
@click.pass_context
def purge(ctx: click.Context) -> None:
    """Remove what is older than its retention (the service does it hourly).

    Settings: storage.retention_days, scanning.keep_observations_days, .keep_visits_days
    """
    settings = load_settings(ctx)
    parts = open_parts(settings)
    purged, badges = parts.purge(), parts.purge_badges()
    days = settings.storage.retention_days
    pictures = len(purged.snapshot_paths)
    out.print(
        f"Older than {days} days: {purged.events} events, {pictures} pictures removed."
    )
    wifi, scanning = parts.purge_wifi(), settings.scanning
    out.print(
        f"Older than {scanning.keep_observations_days} days: "
        f"{wifi.observations} Wi-Fi observations removed; "
        f"than {scanning.keep_visits_days} days: {wifi.visits} visits."
    )
    if badges.badges:
        pictures = len(badges.picture_paths)
        out.print(f"Also {badges.badges} badge events, {pictures} pictures removed.")
