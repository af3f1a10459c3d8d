"""Channels on the settings page: which there are, and a test message to each."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.config.model import Settings
from mvsnap.config.recipients import flat
from mvsnap.domain import Role
from mvsnap.errors import NotFound
from mvsnap.texts import N_
from mvsnap.web import auth
from mvsnap.web.context import gateway

bp = Blueprint("channels", __name__, url_prefix="/settings/channels")


@dataclass(frozen=True, slots=True)
class ChannelRow:
    name: str
    kind: str


def channel_rows(settings: Settings) -> list[ChannelRow]:
    """Return the channels of the settings, and the default rooms that are none."""
    rows = [ChannelRow(entry.name, entry.kind) for entry in settings.channels]
    recipients = settings.recipients
    if settings.webex.configured:
        default = filter(None, flat([settings.webex.room]))
        rows += [
            ChannelRow(room, "webex")
            for room in default
            if not recipients.is_channel(room)
        ]
    return rows


@bp.post("/test")
@auth.page(Role.ADMIN)
def send_test() -> ResponseReturnValue:
    """Send a test message to one of those on the page; wait for some seconds."""
    name = request.form.get("name", "")
    if name not in [row.name for row in channel_rows(gateway().settings)]:
        raise NotFound(N_("No such channel, or it was removed from the settings"))
    problem = gateway().test_messages.ask([name]).get(name)
    if problem is None:
        flash(f"Test message sent to {name}.", "success")
    else:
        flash(f"Test message to {name}: {problem.text}.", "warning")
    return redirect(url_for("settings.index") + "#channels", 303)
