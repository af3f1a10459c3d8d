"""`check`: each entry of `channels` is tried, as far as that is possible unsent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import Check, CheckResult

if TYPE_CHECKING:
    from mvsnap.config.model import Settings


def checks(settings: Settings) -> list[Check]:
    return [
        ("channel", partial(_channel, settings, entry.name))
        for entry in settings.channels
    ]


def _channel(settings: Settings, name: str) -> CheckResult:
    """Return whether messages can be sent; only a test shows that they arrive."""
    from mvsnap.clock import SystemClock
    from mvsnap.errors import UpstreamError
    from mvsnap.runtime.trial import shared_channels

    try:
        found = shared_channels(settings, SystemClock()).check(name)
    except UpstreamError as exc:
        return CheckResult(False, f"{name}: {exc.message}")
    return CheckResult(True, f"{name}: {found}")
