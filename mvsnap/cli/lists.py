"""`cameras` and `rooms`: what the keys can see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from mvsnap.cli.table import print_table
from mvsnap.cli.terminal import (
    config_option,
    err,
    fail,
    fail_without_meraki,
    ids_option,
    json_option,
    load_settings,
    out,
    print_json,
)
from mvsnap.cli.usage import as_called
from mvsnap.clients.meraki.organizations import ask_all
from mvsnap.domain import Camera, Organization
from mvsnap.errors import UpstreamError

if TYPE_CHECKING:
    from mvsnap.clients.meraki.dashboard import Dashboard

_COLOURS = {"online": "green", "alerting": "yellow", "offline": "red"}


@config_option
@click.command()
@json_option
@click.pass_context
def cameras(ctx: click.Context, as_json: bool) -> None:
    """List the cameras the Dashboard keys can see."""
    settings = load_settings(ctx)
    from mvsnap.clock import SystemClock
    from mvsnap.runtime import clouds

    if not settings.asks_meraki:
        fail_without_meraki()
    dashboards = clouds.shared_dashboards(settings, SystemClock())
    default = settings.default_cameras
    found = ask_all(
        dashboards.each(),
        lambda asked, organization: asked.cameras(organization.id, asked.network_id),
        _organizations,
    )
    found.require_one()
    for refusal in found.refusals():
        err.print(refusal, markup=False)
    seen = [(of, camera) for of, rows in found.answered for camera in rows]
    if as_json:
        print_json([_plain(*each, default) for each in seen])
        return
    # That of the only organization would say nothing.
    with_organization = len(found.answered) > 1 or bool(settings.organizations)
    _print(seen, default, with_organization=with_organization)


def _print(
    seen: Sequence[tuple[Organization, Camera]],
    used: Sequence[str],
    *,
    with_organization: bool,
) -> None:
    if not seen:
        out.print("No camera: the key may see none, or its network has none.")
        return
    rows = [
        (
            camera.name,
            camera.serial,
            camera.model,
            Text(camera.status, style=_COLOURS.get(camera.status, "dim")),
            "yes" if camera.serial in used else "",
            camera.organization or organization.name if with_organization else "",
        )
        for organization, camera in seen
    ]
    headings = ("name", "serial", "model", "status", "used", "organization")
    print_table(headings, rows, whole=("serial", "model", "status"))


def _plain(of: Organization, camera: Camera, used: Sequence[str]) -> dict[str, Any]:
    return {
        "name": camera.name,
        "serial": camera.serial,
        "model": camera.model,
        "status": camera.status,
        "used": camera.serial in used,
        "organization": {"id": of.id, "name": camera.organization or of.name},
    }


def _organizations(dashboard: Dashboard) -> list[Organization]:
    """Return those to list; the configured one also if its name is not to be had."""
    chosen = dashboard.organization_id
    if chosen is None or dashboard.name:
        return dashboard.own_organizations()
    try:
        found = dashboard.organizations()
    except UpstreamError:
        found = []
    named = [organization for organization in found if organization.id == chosen]
    return named or [Organization(chosen, chosen)]


@config_option
@click.command()
@ids_option
@json_option
@click.pass_context
def rooms(ctx: click.Context, ids: bool, as_json: bool) -> None:
    """List the rooms the Webex bot is in."""
    settings = load_settings(ctx)
    from mvsnap.clients.webex.rooms import matches
    from mvsnap.clock import SystemClock
    from mvsnap.config.recipients import flat
    from mvsnap.runtime import clouds

    webex = clouds.shared_webex(settings, SystemClock())
    if webex is None:
        init = as_called("init")
        fail(f"webex.bot_token is missing. Set it, or run: {init}")
    found = webex.rooms()
    named = flat([settings.webex.room])
    chosen = [room for name in named for room in matches(name, found)]
    if as_json:
        print_json(
            [
                {"title": r.title, "type": r.type, "used": r in chosen, "id": r.id}
                for r in found
            ]
        )
        return
    if not found:
        out.print("No room: add the bot to one in Webex.")
        return
    rows = [
        (room.title, room.type, "yes" if room in chosen else "", room.id * ids)
        for room in found
    ]
    print_table(("title", "type", "used", "id"), rows, whole=("type", "id"))
