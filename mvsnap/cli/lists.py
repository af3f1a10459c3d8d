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
from mvsnap.clients.meraki.organizations import ask_all
from mvsnap.domain import Organization
from mvsnap.errors import UpstreamError

if TYPE_CHECKING:
    from mvsnap.clients.meraki.dashboard import Dashboard

_COLOURS = {"online": "green", "alerting": "yellow", "offline": "red"}


@config_option
@click.command()
@click.pass_context
def cameras(ctx: click.Context) -> None:
    """List the cameras the Dashboard keys can see."""
    settings = load_settings(ctx)
    from mvsnap.clock import SystemClock
    from mvsnap.runtime import clouds

    if not settings.asks_meraki:
        fail(NO_MERAKI_KEY)
    dashboards = clouds.shared_dashboards(settings, SystemClock())
    default = settings.default_cameras
    table = Table("serial", "name", "model", "status", "organization", "used")
    try:
        found = ask_all(
            dashboards.each(),
            lambda asked, organization: asked.cameras(
                organization.id, asked.network_id
            ),
            _organizations,
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
                escape(camera.organization or organization.name),
                "yes" if camera.serial in default else "",
            )
    out.print(table)


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
@click.pass_context
def rooms(ctx: click.Context) -> None:
    """List the rooms the Webex bot is in."""
    settings = load_settings(ctx)
    from mvsnap.clients.webex.rooms import matches
    from mvsnap.clock import SystemClock
    from mvsnap.runtime import clouds

    webex = clouds.shared_webex(settings, SystemClock())
    if webex is None:
        fail("webex.bot_token is missing. Set it, or run: python -m mvsnap init")
    table = Table("title", "type", Column("id", no_wrap=True), "used")
    try:
        found = webex.rooms()
    except UpstreamError as exc:
        fail_with(exc)
    chosen = matches(settings.webex.room or "", found)
    for room in found:
        used = room in chosen
        table.add_row(escape(room.title), room.type, room.id, "yes" if used else "")
    out.print(table)
