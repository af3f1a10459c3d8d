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
    """Delete data past its retention (the service also does this by itself).

    Settings: storage.retention_days, storage.max_gb, scanning.keep_observations_days,
    scanning.keep_visits_days
    """
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        removed = parts.purge()
        swept = parts.retention().sweep()
        left_bytes = parts.videos().usage().size_bytes
        wifi, badges = parts.purge_wifi(), parts.purge_badges()
    freed, left = _gb(removed.size_bytes), _gb(left_bytes)
    out.print(
        f"Events: {removed.events} removed. Pictures: {removed.pictures} removed."
    )
    out.print(f"Clips: {removed.clips} removed ({freed} freed), {left} left.")
    if swept.strays or swept.lost:
        out.print(
            f"Files without a clip: {swept.strays} removed. "
            f"Clips whose file is missing: {swept.lost}."
        )
    out.print(
        f"Wi-Fi observations: {wifi.observations} removed. "
        f"Visits: {wifi.visits} removed."
    )
    if badges.badges:
        pictures = len(badges.picture_paths)
        out.print(
            f"Badge events: {badges.badges} removed. "
            f"Their pictures: {pictures} removed."
        )


def _gb(size_bytes: int) -> str:
    return f"{round(size_bytes / 1e9, 3):g} GB"
