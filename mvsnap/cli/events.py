"""`events`: the event store as a table or CSV."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.markup import escape
from rich.table import Column, Table

from mvsnap.cli.terminal import config_option, load_settings, open_parts, out
from mvsnap.core import params
from mvsnap.domain import EventKind
from mvsnap.errors import BadInput

if TYPE_CHECKING:
    from mvsnap.domain import Event


@config_option
@click.command()
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in EventKind]),
    help="Show only this kind.",
)
@click.option("--since", help="ISO 8601 time, like 2026-01-31T08:15:00Z.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--csv", "as_csv", is_flag=True, help="Print all of them as CSV.")
@click.pass_context
def events(
    ctx: click.Context, kind: str | None, since: str | None, limit: int, as_csv: bool
) -> None:
    """List the events in the store, newest first."""
    settings = load_settings(ctx)
    from mvsnap.core.csv_table import csv_lines
    from mvsnap.core.event_table import EVENT_COLUMNS
    from mvsnap.store.events import EventFilter

    try:
        moment = params.parse_moment("--since", since) if since else None
    except BadInput as exc:
        raise click.UsageError(exc.message) from exc
    wanted = EventFilter(kinds=(EventKind(kind),) if kind else None, since=moment)
    store = open_parts(settings).store
    if as_csv:
        for text in csv_lines(EVENT_COLUMNS, store.pages(wanted, most=None)):
            sys.stdout.write(text)
        return
    zone = settings.site.zone
    table = Table(
        f"time ({settings.site.timezone})",
        "camera",
        "what",
        "trigger",
        Column("id", no_wrap=True),
    )
    for event in store.events(wanted, limit):
        table.add_row(*_row(event, zone))
    out.print(table)


def _row(event: Event, zone: ZoneInfo) -> tuple[str, ...]:
    local: datetime = event.occurred_at.astimezone(zone)
    happened = f"{event.kind}: {escape(event.title)}" if event.title else event.kind
    if event.error:
        happened += f" [red]{escape(event.error)}[/red]"
    by = escape(f"{event.trigger.kind}: {event.trigger.by}")
    at = f"{local:%Y-%m-%d %H:%M:%S}"
    return (at, escape(event.camera_name), happened, by, event.id)
