"""Cameras as a person names them: by serial, or by the name they know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from mvsnap.cli.usage import did_you_mean
from mvsnap.domain import Camera, is_serial
from mvsnap.spelling import folded


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
    return f"No camera {typed[:80]!r}.{did_you_mean(typed, known)}"
