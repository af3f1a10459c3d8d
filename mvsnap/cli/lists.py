"""`cameras` and `rooms`: what the keys can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Column, Table

from mvsnap.cli.terminal import (
    NO_MERAKI_KEY,
    config_option,
    err,
    fail,
    fail_with,
    load_settings,
    out,
)
from mvsnap.clients.meraki.organizations import ask_each
from mvsnap.domain import Organization
from mvsnap.errors import UpstreamError

if TYPE_CHECKING:
    from mvsnap.clients.meraki.dashboard import Dashboard

_COLOURS = {"online": "green", "alerting": "yellow", "offline": "red"}


@config_option
@click.command()
@click.pass_context
def cameras(ctx: click.Context) -> None:
    """List the cameras the Dashboard key can see."""
    settings = load_settings(ctx)
    from mvsnap.clock import SystemClock
    from mvsnap.runtime import clouds

    meraki = settings.meraki
    if not meraki.configured:
        fail(NO_MERAKI_KEY)
    dashboard = clouds.shared_dashboard(settings, SystemClock())
    table = Table("serial", "name", "model", "status", "organization", "used")
    try:
        found = ask_each(
            _organizations(dashboard, meraki.organization_id),
            lambda organization: dashboard.cameras(organization.id, meraki.network_id),
        )
        found.require_one()
    except UpstreamError as exc:
        fail_with(exc)
    for refusal in found.refusals():
        err.print(refusal, markup=False)
    for organization, rows in found.answered:
        for camera in rows:
            colour = _COLOURS.get(camera.status, "dim")
            table.add_row(
                camera.serial,
                escape(camera.name),
                camera.model,
                f"[{colour}]{camera.status}[/{colour}]",
                escape(organization.name),
                "yes" if camera.serial in meraki.cameras else "",
            )
    out.print(table)


def _organizations(dashboard: Dashboard, chosen: str | None) -> list[Organization]:
    """Return those to list; the configured one also if its name is not to be had."""
    try:
        found = dashboard.organizations()
    except UpstreamError:
        if chosen is None:
            raise
        found = []
    if chosen is None:
        return found
    named = [organization for organization in found if organization.id == chosen]
    return named or [Organization(chosen, chosen)]


@config_option
@click.command()
@click.pass_context
def rooms(ctx: click.Context) -> None:
    """List the rooms the Webex bot is in."""
    settings = load_settings(ctx)
    from mvsnap.clients.webex.rooms import matches
    from mvsnap.clock import SystemClock
    from mvsnap.config.recipients import flat
    from mvsnap.runtime import clouds

    webex = clouds.shared_webex(settings, SystemClock())
    if webex is None:
        fail("webex.bot_token is missing. Set it, or run: python -m mvsnap init")
    table = Table("title", "type", Column("id", no_wrap=True), "used")
    try:
        found = webex.rooms()
    except UpstreamError as exc:
        fail_with(exc)
    named = flat([settings.webex.room])
    chosen = [room for name in named for room in matches(name, found)]
    for room in found:
        used = room in chosen
        table.add_row(escape(room.title), room.type, room.id, "yes" if used else "")
    out.print(table)
