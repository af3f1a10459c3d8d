"""Seen: somebody confirms the messages about an event, so that no others are notified.

On the page of the event, or by a signed link of a message. Opening the link asks only:
messengers and mail servers open links by themselves.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core import signed_links
from mvsnap.core.clip_text import event_title
from mvsnap.domain import Event, EventId, Role
from mvsnap.errors import NotFound
from mvsnap.texts import N_, _
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.evidence import require_signed
from mvsnap.web.time_zone import show_zone_of_event

bp = Blueprint("seen", __name__)

_BY_LINK = "link in a message"


@bp.post("/events/<event_id>/seen")
@auth.page(Role.REVIEWER)
def confirm(event_id: str) -> ResponseReturnValue:
    event = _known(event_id)
    if _note(event, auth.person().name):
        flash(_("Confirmed: it does not escalate any further."), "success")
    return redirect(url_for("event_pages.show", event_id=event.id), 303)


@bp.get(f"/evidence/<event_id>/{signed_links.SEEN}")
@auth.public  # the address is signed
def ask(event_id: str) -> ResponseReturnValue:
    require_signed(event_id, signed_links.SEEN)
    return _page(_known(event_id))


@bp.post(f"/evidence/<event_id>/{signed_links.SEEN}")
@auth.public  # the address is signed
def confirm_by_link(event_id: str) -> ResponseReturnValue:
    require_signed(event_id, signed_links.SEEN)
    event = _known(event_id)
    _note(event, _BY_LINK)
    return _page(event)


def _note(event: Event, who: str) -> bool:
    here = gateway()
    return here.notices.see(event, who, here.clock.now())


def _page(event: Event) -> ResponseReturnValue:
    show_zone_of_event(event)
    return render_template(
        "events/seen.html",
        title=event_title(event.title, event.trigger)
        or event.camera_name
        or event.serial,
        event=event,
        seen=gateway().notices.seen(event.job_id),
        action=request.script_root + request.full_path.rstrip("?"),
    )


def _known(event_id: str) -> Event:
    event = gateway().store.event(EventId(event_id))
    if event is None:
        raise NotFound(N_("Event not found: it was deleted, or there never was one"))
    return event
