"""Alarms: the message of one as it came, and a form that shows what one would do."""

from __future__ import annotations

import json

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.domain import Event, EventId, EventKind, Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.store.events.alarm_messages import (
    MOST_BYTES,
    StoredMessage,
    message_of_alarm,
)
from mvsnap.texts import N_
from mvsnap.web import auth
from mvsnap.web.auth.keys import Caller
from mvsnap.web.context import gateway
from mvsnap.web.time_zone import show_zone_of_event
from mvsnap.webhooks.auth import AlarmSender, senders
from mvsnap.webhooks.dry_run import DryRun, dry_run

bp = Blueprint("alarms", __name__, url_prefix="/alarms")

# What a browser adds to a message: spaces that make it readable, line ends.
_MOST_CHARS = 48_000
_MAX_NAME = 80
_SAMPLE = """{
  "title": "Gripper lost its carton",
  "deviceName": "Robot 3",
  "severity": "critical"
}"""


# --- what a message would do


@bp.get("/test")
@auth.page(Role.REVIEWER)
def form() -> ResponseReturnValue:
    """Show the form, with the message of an alarm that came before if one is named."""
    event_id = request.args.get("event", "")
    if not event_id:
        return _form_page(_SAMPLE, "")
    message = _stored(_alarm(event_id))
    if message is None or not message.text:
        raise NotFound(N_("The message of this alarm is not stored"))
    return _form_page(_readable(message.text), message.sender)


@bp.post("/test")
@auth.page(Role.REVIEWER)
def test() -> ResponseReturnValue:
    """Show what a message would do; nothing is stored, taken, recorded or sent."""
    text, name = request.form.get("message", ""), request.form.get("sender", "")
    try:
        return _form_page(text, name, dry_run(_body(text), _sender(name)))
    except BadInput as exc:
        return _form_page(text[:_MOST_CHARS], name, mistake=exc.message), 400


def _form_page(
    text: str, name: str, runs: list[DryRun] | None = None, mistake: str = ""
) -> str:
    here = gateway()
    places = here.places()
    return render_template(
        "alarms/test.html",
        text=text,
        sender=name,
        senders=sorted(senders(here), key=str.casefold),
        runs=runs,
        mistake=mistake,
        camera=places.camera,
        most=_MOST_CHARS,
    )


def _body(text: str) -> bytes:
    if len(text) > _MOST_CHARS:
        raise BadInput(
            f"message: {len(text)} characters (expected at most {_MOST_CHARS})"
        )
    # A form has only texts, and half a character is none.
    return text.encode("utf-8", "replace")


def _sender(name: str) -> AlarmSender:
    if not name:  # may use everything, and has no settings of its own
        return AlarmSender(Caller("a test", ["webhook"]))
    found = senders(gateway()).get(name)
    if found is None:
        raise BadInput(
            f"sender: {name[:_MAX_NAME]!r} (expected the name of a token or key "
            "that may send alarms)"
        )
    return found


# --- the message of one


@bp.get("/<event_id>")
@auth.page(Role.VIEWER)
def show(event_id: str) -> ResponseReturnValue:
    event = _alarm(event_id)
    show_zone_of_event(event)
    message = _stored(event)
    return render_template(
        "alarms/alarm.html",
        event=event,
        message=message,
        text=_readable(message.text) if message and message.text else "",
        json_url=url_for(".download", event_id=event.id),
        test_url=url_for(".form", event=event.id),
        may_test=auth.person().may(Role.REVIEWER),
        most=MOST_BYTES,
        clips=gateway().clips.of_job(event.job_id),
    )


@bp.get("/<event_id>/message.json")
@auth.page(Role.VIEWER)
def download(event_id: str) -> ResponseReturnValue:
    message = _stored(_alarm(event_id))
    if message is None or not message.text:
        raise NotFound(N_("The message of this alarm is not stored"))
    answer = Response(message.text, mimetype="application/json")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _alarm(event_id: str) -> Event:
    # Also of a query, which may have a NUL: PostgreSQL refuses to search for one.
    is_id = event_id.isprintable()
    found = gateway().store.event(EventId(event_id)) if is_id else None
    if found is None or found.kind is not EventKind.ALARM:
        raise NotFound(N_("Alarm not found: it was deleted, or there never was one"))
    return found


def _stored(event: Event) -> StoredMessage | None:
    return message_of_alarm(gateway().store, event.id)


def _readable(text: str) -> str:
    """Return JSON in ASCII for people: a field a line, in all characters."""
    found = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    # Half a character cannot be sent.
    return found.encode("utf-8", "backslashreplace").decode()
