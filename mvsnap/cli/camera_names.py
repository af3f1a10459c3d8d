"""Cameras as a person names them: by serial, or by the name they know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from mvsnap.cli.usage import as_called, did_you_mean
from mvsnap.domain import Camera, is_serial
from mvsnap.spelling import folded

if TYPE_CHECKING:
    from mvsnap.runtime import Parts


def cameras_to_name(
    parts: Parts, typed: Iterable[str], others: Iterable[str] = ()
) -> list[Camera]:
    """Return the cameras that have names: those the service stored.

    If it never ran, or a name is newer than what it stored, the Dashboard is asked.
    """
    stored = parts.site.cameras()
    lacks = [each for each in typed if camera_called(each, stored, others) is None]
    if not lacks or not parts.settings.asks_meraki:
        return stored
    from mvsnap.clients.meraki.organizations import ask_all

    found = ask_all(
        parts.dashboards.each(),
        lambda asked, of: asked.cameras(of.id, asked.network_id),
    )
    found.require_one()
    return [camera for _, here in found.answered for camera in here]


def camera_called(
    typed: str, dashboard: Sequence[Camera], others: Iterable[str] = ()
) -> str | None:
    """Return the serial or name in the settings of a camera; None: there is none.

    Args:
        dashboard: the cameras of the Dashboard, whose names need not be unique.
        others: names that are no serials, such as those in recorder.cameras.

    Raises:
        click.UsageError: several have this name.
    """
    wanted = folded(typed)
    for name in others:  # one of them may look like a serial
        if folded(name) == wanted:
            return name
    if is_serial(typed.upper()):
        return typed.upper()
    serials = [camera.serial for camera in dashboard if folded(camera.name) == wanted]
    if len(serials) > 1:
        raise click.UsageError(
            f"{len(serials)} cameras are called {typed!r}: use one of the serials "
            f"{', '.join(serials)}"
        )
    return serials[0] if serials else None


def unknown_camera(
    typed: str, dashboard: Sequence[Camera], others: Iterable[str] = ()
) -> str:
    """Return what to say of a camera that there is not."""
    known = list(dict.fromkeys([*others, *(camera.name for camera in dashboard)]))
    hint = did_you_mean(typed, known) or (
        f" Expected a serial or a name; see: {as_called('cameras')}"
    )
    return f"No camera {typed[:80]!r}.{hint}"
