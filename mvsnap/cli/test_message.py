"""`test-message`: sends one message to a channel or room, and says what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from mvsnap.cli.terminal import (
    config_option,
    fail,
    load_settings,
    out,
    with_pages,
)
from mvsnap.cli.usage import did_you_mean
from mvsnap.errors import UpstreamError

if TYPE_CHECKING:
    from mvsnap.config.model import Settings


@config_option
@click.command("test-message")
@click.argument("channel")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def test_message(ctx: click.Context, channel: str, as_json: bool) -> None:
    """Send a test message to CHANNEL: a name in `channels`, or a Webex room."""
    settings = with_pages(load_settings(ctx))
    if not settings.recipients.takes(channel):
        fail(_unknown(settings, channel))
    (name,) = settings.recipients.only(channel)
    error = _send(settings, name)
    if as_json:
        found = {"channel": name, "sent": error is None, "error": error}
        click.echo(json.dumps(found))
    elif error is None:
        out.print(f"Sent to {escape(name)}.")
    if error is not None:
        if not as_json:
            # A room's error names similar rooms; a channel may be meant as well.
            is_room = not settings.recipients.is_channel(name)
            channels = [entry.name for entry in settings.channels]
            hint = did_you_mean(name, channels) if is_room else ""
            fail(f"{name}: {error}" + (f".{hint}" if hint else ""))
        raise SystemExit(1)


def _send(settings: Settings, name: str) -> str | None:
    """Return why nothing was sent, None if it was."""
    from mvsnap.clock import SystemClock
    from mvsnap.runtime.trial import channel_trial

    try:
        channel_trial(settings, SystemClock()).send(name)
    except UpstreamError as exc:
        return exc.message
    return None


def _unknown(settings: Settings, channel: str) -> str:
    names = [entry.name for entry in settings.channels]
    hint = did_you_mean(channel, names)
    known = f" (there are: {', '.join(names)})" if names else ""
    return f"No channel is called {channel[:80]!r}{known}, and Webex is not set.{hint}"
