"""`purge`: retention, now."""

from __future__ import annotations

import click

from mvsnap.cli.terminal import (
    config_option,
    load_settings,
    open_parts,
    out,
    storage_errors,
)


@config_option
@click.command()
@click.pass_context
def purge(ctx: click.Context) -> None:
    """Remove what is too old or too much (the service does it, too).

    Settings: storage.retention_days, storage.max_gb, scanning.keep_observations_days,
    scanning.keep_visits_days
    """
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        removed = parts.purge()
        swept = parts.retention().sweep()
        left_gb = parts.videos().usage().size_bytes / 1e9
        wifi, badges = parts.purge_wifi(), parts.purge_badges()
    storage, scanning = settings.storage, settings.scanning
    out.print(
        f"Older than {storage.retention_days} days: {removed.events} events, "
        f"{removed.pictures} pictures removed."
    )
    out.print(
        f"That old, or above {storage.max_gb:g} GB: {removed.clips} clips removed, "
        f"{removed.size_bytes / 1e9:.3f} GB. {left_gb:.3f} GB of clips are there."
    )
    if swept.strays or swept.lost:
        out.print(
            f"Files of no clip removed: {swept.strays}. "
            f"Clips whose file is gone: {swept.lost}."
        )
    out.print(
        f"Older than {scanning.keep_observations_days} days: "
        f"{wifi.observations} Wi-Fi observations removed; "
        f"than {scanning.keep_visits_days} days: {wifi.visits} visits."
    )
    if badges.badges:
        pictures = len(badges.picture_paths)
        out.print(f"Also {badges.badges} badge events, {pictures} pictures removed.")
