"""`events`: the event store as a table or CSV."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from mvsnap.cli.camera_names import camera_called, unknown_camera
from mvsnap.cli.table import print_table
from mvsnap.cli.terminal import (
    config_option,
    ids_option,
    json_option,
    load_settings,
    open_parts,
    out,
    print_json,
)
from mvsnap.cli.usage import WholeNumber, visible
from mvsnap.clock import iso
from mvsnap.core import params
from mvsnap.domain import EventKind, Serial
from mvsnap.errors import BadInput
from mvsnap.values import replace

if TYPE_CHECKING:
    from mvsnap.domain import Event
    from mvsnap.runtime import Parts
    from mvsnap.store.events import Store


@config_option
@click.command()
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in EventKind]),
    help="Show only this kind.",
)
@click.option("--camera", help="Show only those of this camera: serial or name.")
@click.option(
    "--since",
    help="Not before this time, ISO 8601; without an offset, of that zone.",
)
@click.option(
    "--limit",
    type=WholeNumber(1),
    default=50,
    show_default=True,
    help="List at most this many.",
)
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
    name = _camera(parts, camera) if camera else None
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
        pages = (_linked(store, page) for page in store.pages(wanted, most=None))
        for text in csv_lines(EVENT_COLUMNS, pages):
            sys.stdout.write(_shown(text) if sys.stdout.isatty() else text)
        return
    found = store.events(wanted, limit)
    if as_json:
        print_json([_plain(event) for event in _linked(store, found)])
        return
    if not found:
        out.print("No event yet." if wanted == EventFilter() else "No such event.")
        return
    headings = ("time", "camera", "what", "trigger", "id")
    rows = [(*_row(event, zone), event.id * ids) for event in found]
    print_table(headings, rows, whole=("id",), time="time", zone=zone)


def _linked(store: Store, events: Sequence[Event]) -> list[Event]:
    """Return the events with the links that come with their pictures."""
    from mvsnap.core.event_pictures import (
        has_its_picture_elsewhere,
        pictures_elsewhere,
        video_link,
    )

    jobs = {event.job_id for event in events if has_its_picture_elsewhere(event)}
    shown = pictures_elsewhere(events, store.events_of_jobs(jobs) if jobs else ())
    return [replace(e, video_link=video_link(e, shown.get(e.id))) for e in events]


def _camera(parts: Parts, typed: str) -> str:
    """Return its serial or name; one that is in no setting any more has events."""
    from mvsnap.store.events import EventFilter

    dashboard, recorders = parts.site.cameras(), parts.settings.recorder.cameras
    found = camera_called(typed, dashboard, recorders)
    if found is None and not parts.store.events(
        EventFilter(serials=(Serial(typed),)), 1
    ):
        raise click.UsageError(unknown_camera(typed, dashboard, recorders))
    return found or typed


def _shown(csv: str) -> str:
    return "\n".join(visible(line) for line in csv.split("\r\n"))


def _plain(event: Event) -> dict[str, Any]:
    from mvsnap.core.event_table import EVENT_COLUMNS

    cells = {name: cell(event) for name, cell in EVENT_COLUMNS}
    return {
        name: iso(cell) if isinstance(cell, datetime) else cell or None
        for name, cell in cells.items()
    }


def _row(event: Event, zone: ZoneInfo) -> tuple[str | Text, ...]:
    local: datetime = event.occurred_at.astimezone(zone)
    by = f"{event.trigger.kind}: {event.trigger.by}"
    return (f"{local:%Y-%m-%d %H:%M:%S}", event.camera_name, _what(event), by)


def _what(event: Event) -> Text:
    """Return its kind and title, once where the title begins with it."""
    kind, title = str(event.kind), event.title
    is_said = title.casefold().startswith(kind)
    happened = Text(title if is_said else f"{kind}: {title}" if title else kind)
    if event.error:
        happened.append(f"\nfailed: {event.error}", style="red")
    return happened
