"""Which channels there are, and a test message to each of them."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.config.recipients import flat
from mvsnap.domain import Role
from mvsnap.errors import NotFound
from mvsnap.texts import N_, _
from mvsnap.web import auth
from mvsnap.web.context import gateway

bp = Blueprint("channels", __name__, url_prefix="/settings/channels")


class ChannelRow(Struct, frozen=True):
    """is_room: a room that needs no entry, of webex.room."""

    name: str
    kind: str
    is_room: bool = False


class ChannelTest(Struct, frozen=True):
    """ok: None while there is no answer. text: for people."""

    name: str
    ok: bool | None
    text: str


def channel_rows(settings: Settings) -> list[ChannelRow]:
    """Return the channels of the settings, and the default rooms that are none."""
    rows = [ChannelRow(entry.name, entry.kind) for entry in settings.channels]
    recipients = settings.recipients
    if settings.webex.configured:
        default = filter(None, flat([settings.webex.room]))
        rows += [
            ChannelRow(room, "webex", is_room=True)
            for room in default
            if not recipients.is_channel(room)
        ]
    return rows


@bp.post("/test")
@auth.page(Role.ADMIN)
def send_test() -> ResponseReturnValue:
    """Have a test message sent to one of those on the page, which shows the outcome."""
    name = _listed(request.form.get("name", ""))
    gateway().test_messages.begin(name)
    page = url_for("entries.index", section="channels", tested=name)
    return redirect(f"{page}#channel-test", 303)


@bp.get("/test")
@auth.page(Role.ADMIN)
def test_outcome() -> ResponseReturnValue:
    """For the page, which asks again while `ok` is null."""
    shown = _shown(_listed(request.args.get("name", "")))
    return jsonify(ok=shown.ok, text=shown.text)


def _listed(name: str) -> str:
    if name not in [row.name for row in channel_rows(gateway().settings)]:
        raise NotFound(N_("No such channel, or it was removed from the settings"))
    return name


def tested_channel() -> ChannelTest | None:
    """Return what to show of the test that this request is about."""
    name = request.args.get("tested", "")
    names = [row.name for row in channel_rows(gateway().settings)]
    return _shown(name) if name in names else None


def _shown(name: str) -> ChannelTest:
    found = gateway().test_messages.outcome(name)
    if found is None:
        return ChannelTest(name, None, _("No answer is known here yet."))
    text = _("Test message to %(name)s: %(problem)s.")
    if found.ok is None:
        text = _("Sending a test message to %(name)s …")
    elif found.ok:
        text = _("Test message sent to %(name)s.")
    return ChannelTest(name, found.ok, text % {"name": name, "problem": found.text})
