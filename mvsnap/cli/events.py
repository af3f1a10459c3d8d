"""`events`: the event store as a table or CSV."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.markup import escape
from rich.table import Column, Table

from mvsnap.cli.terminal import (
    config_option,
    ids_option,
    json_option,
    load_settings,
    open_parts,
    out,
    print_json,
)
from mvsnap.clock import iso
from mvsnap.core import params
from mvsnap.domain import EventKind, Serial, is_serial
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
@click.option("--camera", help="Show only those of this serial or recorder camera.")
@click.option("--since", help="ISO 8601; without an offset, of the zone of the times.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--csv", "as_csv", is_flag=True, help="Print all of them as CSV.")
@json_option
@ids_option
@click.pass_context
def events(
    ctx: click.Context,
    kind: str | None,
    camera: str | None,
    since: str | None,
    limit: int,
    as_csv: bool,
    as_json: bool,
    ids: bool,
) -> None:
    """List the events in the store, newest first.

    Times are of the site's time zone; with --camera, of that of its organization.
    """
    settings = load_settings(ctx)
    from mvsnap.core.csv_table import csv_lines
    from mvsnap.core.event_table import EVENT_COLUMNS
    from mvsnap.store.events import EventFilter

    parts = open_parts(settings)
    name = _serial_or_name(camera) if camera else None
    zone = parts.organizations.zone(name) if name else settings.site.zone
    try:
        moment = params.parse_moment("--since", since, zone) if since else None
    except BadInput as exc:
        raise click.UsageError(exc.message) from exc
    wanted = EventFilter(
        kinds=(EventKind(kind),) if kind else None,
        serials=(Serial(name),) if name else None,
        since=moment,
    )
    store = parts.store
    if as_csv:
        for text in csv_lines(EVENT_COLUMNS, store.pages(wanted, most=None)):
            sys.stdout.write(text)
        return
    found = store.events(wanted, limit)
    if as_json:
        print_json([_plain(event) for event in found])
        return
    time = Column(f"time ({zone.key})", no_wrap=True)
    table = Table(time, "camera", "what", "trigger")
    if ids:
        table.add_column("id", no_wrap=True)
    for event in found:
        table.add_row(*_row(event, zone), *([event.id] if ids else ()))
    out.print(table)


def _serial_or_name(camera: str) -> str:
    return camera.upper() if is_serial(camera.upper()) else camera


def _plain(event: Event) -> dict[str, Any]:
    from mvsnap.core.event_table import EVENT_COLUMNS

    cells = {name: cell(event) for name, cell in EVENT_COLUMNS}
    return {
        name: iso(cell) if isinstance(cell, datetime) else cell or None
        for name, cell in cells.items()
    }


def _row(event: Event, zone: ZoneInfo) -> tuple[str, ...]:
    local: datetime = event.occurred_at.astimezone(zone)
    happened = f"{event.kind}: {escape(event.title)}" if event.title else event.kind
    if event.error:
        happened += f" [red]{escape(event.error)}[/red]"
    by = escape(f"{event.trigger.kind}: {event.trigger.by}")
    at = f"{local:%Y-%m-%d %H:%M:%S}"
    return (at, escape(event.camera_name), happened, by)
