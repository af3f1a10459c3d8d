"""Events: everything that happened, live, and a page for each with its job."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.domain import EventId, Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.jobs.listing import JobEntry, retry_change
from mvsnap.store.events.search import FoundEvent, find_event, find_events, found_of_job
from mvsnap.texts import N_, _, audit_wordings
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.auth.keys import PERSONAL
from mvsnap.web.context import gateway
from mvsnap.web.event_terms import SEVERITIES, STATES
from mvsnap.web.filters import older_url
from mvsnap.web.pages.event_filter import MORE, EventsAsked, api_query, read_filter
from mvsnap.web.pages.event_rows import KINDS, EventLine, event_lines
from mvsnap.web.pages.event_view import EventView, event_view, job_entries
from mvsnap.web.pages.live_list import ListPage, digest, if_changed
from mvsnap.web.pages.live_part import LivePart, shared
from mvsnap.web.time_zone import show_zone_of_event, zone_of_list

bp = Blueprint("event_pages", __name__)

_PAGE = 50
_HOURS = {"hour_from", "hour_to"}


class EventAdvice(Struct, frozen=True):
    """Why there are no rows. searched_to: how far back was looked for them."""

    text: str
    searched_to: datetime | None = None


class EventsPage(ListPage[EventsAsked, EventLine, EventAdvice], frozen=True):
    """One page of the list."""


# --- the list


@bp.get("/events")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = _asked()
    page = _read_page(asked)
    query = api_query(asked)
    html = render_template(
        "events/index.html",
        asked=asked,
        kinds=KINDS,
        cameras=_cameras(),
        severities=SEVERITIES,
        states=STATES,
        is_more=any(name in asked.entered for name in MORE),
        period=_period(asked),
        **_list(page),
        etag=page.etag,
        rows_url=url_for(".rows", **asked.query),
        csv_url=url_for("events.download_events", **query),
        json_url=url_for("events.list_events", **query),
    )
    return html, 400 if asked.mistakes else 200


@bp.get("/events/rows")
@auth.page(Role.VIEWER)
def rows() -> ResponseReturnValue:
    """The list alone, for the page that polls it."""
    asked = _asked()
    asked.require_valid()
    return shared("events", lambda: _list_part(asked), only_stored=True).answer()


def _list_part(asked: EventsAsked) -> LivePart:
    page = _read_page(asked)
    return LivePart(
        page.etag, lambda: render_template("events/_list.html", **_list(page))
    )


def _asked() -> EventsAsked:
    zone = zone_of_list(request.args.get("camera", ""))
    return read_filter(request.args, zone, gateway().clock.now())


def _read_page(asked: EventsAsked) -> EventsPage:
    if asked.mistakes:
        return EventsPage(asked, advice=EventAdvice(_("Fix the filter to see events.")))
    page = find_events(gateway().store, asked.wanted, _PAGE)
    older = older_url(asked, page.after)
    advice = None
    if page.searched_to is not None:
        text = _("No more found") if page.found else _("Nothing found")
        advice = EventAdvice(text, page.searched_to)
    elif not page.found:
        is_empty = not asked.entered
        advice = EventAdvice(
            _("Nothing has happened yet.") if is_empty else _("No matches.")
        )
    return EventsPage(asked, event_lines(gateway(), page.found), older, advice)


def _list(page: EventsPage) -> dict[str, Any]:
    """Return what the template of the list needs."""
    return {"page": page, "newest": url_for(".index", **page.asked.query)}


def _cameras() -> dict[str, str]:
    """Return the names of cameras by serial, of others by name."""
    here = gateway()
    places = here.places()
    found: dict[str, str] = {one.serial: one.name for one in places.cameras}
    for name, camera in here.settings.recorder.cameras.items():
        found.setdefault(camera.meraki_serial or name, name)
    return found


def _period(asked: EventsAsked) -> tuple[datetime, datetime] | None:
    """Return the shift that is shown; a day alone is in its field."""
    place = asked.wanted.place
    if place.since is None or place.until is None or not asked.entered.keys() & _HOURS:
        return None
    return place.since, place.until


# --- one event


@bp.get("/events/<event_id>")
@auth.page(Role.VIEWER)
def show(event_id: str) -> ResponseReturnValue:
    found = _known(event_id)
    show_zone_of_event(found.event)
    view = event_view(gateway(), found)
    if found.event.kind in PERSONAL:
        viewed(audit_wordings.CARDHOLDER(id=found.event.id))
    part = _part(view)
    live_url = url_for(".live", event_id=event_id) if view.is_live else None
    return render_template(
        "events/event.html",
        **part,
        etag=digest(render_template("events/_event.html", **part)),
        live_url=live_url,
        json_url=url_for("events.get_event", event_id=event_id),
        may_send=auth.person().may(Role.REVIEWER) and _may_send(found),
        may_confirm=auth.person().may(Role.REVIEWER) and view.seen is None,
    )


@bp.get("/events/<event_id>/live")
@auth.page(Role.VIEWER)
def live(event_id: str) -> ResponseReturnValue:
    """The part that changes while its job goes on, for the page that polls it."""
    found = _known(event_id)
    show_zone_of_event(found.event)
    view = event_view(gateway(), found)
    html = render_template("events/_event.html", **_part(view))
    return if_changed(digest(html), lambda: html)


@bp.post("/events/<event_id>/send")
@auth.page(Role.REVIEWER)
def send_again(event_id: str) -> ResponseReturnValue:
    """Have the jobs of an event go on that wait or failed; the audit log says so."""
    found, here = _known(event_id), gateway()
    is_sent = False
    for entry in filter(_may_retry, _entries(found)):
        with suppress(BadInput):  # it was done meanwhile
            here.job_list.retry(entry.job.id)
            now, who = here.clock.now(), auth.person().name
            here.audit.add(retry_change(entry, who, now))
            is_sent = True
    if is_sent:
        flash(_("What was not sent is sent again now."), "success")
    else:
        flash(_("Nothing to send again: everything was sent."), "warning")
    return redirect(url_for(".show", event_id=found.event.id), 303)


def _part(view: EventView) -> dict[str, Any]:
    """Return what the template of the changing part needs."""
    return {"view": view, "line": view.line, "event": view.line.event}


def _may_send(found: FoundEvent) -> bool:
    return any(map(_may_retry, _entries(found)))


def _may_retry(entry: JobEntry) -> bool:
    return entry.may_retry


def _entries(found: FoundEvent) -> list[JobEntry]:
    family = [one.event for one in found_of_job(gateway().store, found.event.job_id)]
    return job_entries(gateway(), found.event, family)


def _known(event_id: str) -> FoundEvent:
    found = find_event(gateway().store, EventId(event_id))
    if found is None:
        raise NotFound(N_("Event not found: it was deleted, or there never was one"))
    return found
