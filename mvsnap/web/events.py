"""The event store over HTTP: lists, single events, pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mvsnap.clock import iso
from mvsnap.core import params
from mvsnap.core.event_pictures import (
    has_its_picture_elsewhere,
    pictures_elsewhere,
    video_link,
)
from mvsnap.core.event_table import EVENT_COLUMNS
from mvsnap.domain import Event, EventId, EventKind, Serial
from mvsnap.errors import BadInput, Forbidden, NotFound
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.events.search import (
    EventSearch,
    FoundEvent,
    find_event,
    find_events,
    found_pages,
)
from mvsnap.texts import audit_wordings, refusal_wordings
from mvsnap.texts.reasons import code_of, values_of
from mvsnap.values import replace
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.answers import (
    EventAnswer,
    EventsAnswer,
    TriggerAnswer,
    ZoneAnswer,
    json_response,
)
from mvsnap.web.auth.keys import PERSONAL
from mvsnap.web.bodies import MOST_IN_TABLE, EventsQuery, EventTableQuery
from mvsnap.web.context import gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.event_terms import (
    of_camera,
    parse_camera,
    parse_severity,
    parse_state,
    parse_words,
    with_state,
)
from mvsnap.web.links import clip_url, snapshot_url
from mvsnap.web.params import Parameters, allow_no_parameters, api_parameters
from mvsnap.web.private_file import private_file, private_picture
from mvsnap.web.time_zone import zone_of_list

bp = Blueprint("events", __name__, url_prefix="/api/v1.0")


@bp.get("/events")
@auth.key_or_login("read")
def list_events() -> ResponseReturnValue:
    parameters = api_parameters(EventsQuery)
    limit = parameters.limit()
    page = find_events(gateway().store, _search(parameters), limit)
    found = [one.event for one in page.found]
    _note_personal(found)
    shown = _shown_by_others(found)
    answers = [_answer(one, shown.get(one.event.id)) for one in page.found]
    return json_response(EventsAnswer(answers, page.after))


@bp.get("/events.csv")
@auth.key_or_login("read")
def download_events() -> ResponseReturnValue:
    parameters = api_parameters(EventTableQuery)
    search = _search(parameters)
    zone_of_list(parameters.get("camera") or "")  # for people, as in their list
    most = parameters.parsed("limit", lambda t: params.parse_limit(t, MOST_IN_TABLE))
    pages = _linked(found_pages(gateway().store, search, most))
    return csv_file("mvsnap-events", EVENT_COLUMNS, pages)


def _linked(pages: Iterator[Sequence[Event]]) -> Iterator[list[Event]]:
    """Yield the events with their links; a generator has no request to look at."""
    store, reaches = gateway().store, auth.caller().reaches

    def linked(page: Sequence[Event]) -> list[Event]:
        shown = _pictures(page, store, reaches)
        return [replace(e, video_link=video_link(e, shown.get(e.id))) for e in page]

    return map(linked, pages)


@bp.get("/events/<event_id>")
@auth.key_or_login("read")
def get_event(event_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    found = _found(event_id)
    event = found.event
    _note_personal([event])
    return json_response(_answer(found, _shown_by_others([event]).get(event.id)))


@bp.get("/events/<event_id>/snapshot.jpg")
@auth.key_or_login("read")
def snapshot(event_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    return send_snapshot(event_id)


def send_snapshot(event_id: str) -> ResponseReturnValue:
    """Return the picture of an event that the caller may see, else NotFound."""
    event = _event(event_id)
    shown = _shown_by_others([event]).get(event.id)
    path = gateway().files.snapshot(shown or event)
    if path is not None:
        camera = event.camera_name or event.serial
        viewed(audit_wordings.PICTURE(id=event.id, camera=camera))
    return _picture(event, path)


@bp.get("/events/<event_id>/thumbnail.jpg")
@auth.key_or_login("read")
def thumbnail(event_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    event = _event(event_id)
    if event.kind is EventKind.CLIP:
        found = gateway().clips.clip(event.id)
        small = gateway().files.clip_thumbnail(found) if found else None
        return _picture(event, small)
    shown = _shown_by_others([event]).get(event.id)
    path = gateway().files.thumbnail(shown or event)
    return _picture(event, path)


def _note_personal(found: list[Event]) -> None:
    if any(event.kind in PERSONAL for event in found):
        is_one = len(found) == 1
        one, several = audit_wordings.CARDHOLDER, audit_wordings.CARDHOLDERS
        viewed(one(id=found[0].id) if is_one else several())


def _shown_by_others(events: Sequence[Event]) -> dict[EventId, Event]:
    """Return the snapshot of each event whose picture is stored with another event."""
    return _pictures(events, gateway().store, auth.caller().reaches)


def _pictures(
    events: Sequence[Event], store: Store, reaches: Callable[[str], bool]
) -> dict[EventId, Event]:
    jobs = {event.job_id for event in events if has_its_picture_elsewhere(event)}
    others = store.events_of_jobs(jobs) if jobs else []
    return pictures_elsewhere(events, (e for e in others if reaches(e.serial)))


@bp.get("/events/<event_id>/clip.mp4")
@auth.key_or_login("read")
def clip(event_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    return send_clip(event_id)


def send_clip(event_id: str) -> ResponseReturnValue:
    """Return the video of an event that the caller may see, else NotFound."""
    event = _event(event_id)
    found = gateway().clips.clip(event.id)
    video = gateway().files.open_clip(found) if found else None
    if video is None:
        raise NotFound(event.error or "This event has no clip, or it was deleted")
    viewed(audit_wordings.VIDEO(id=event.id, camera=str(event.camera_name)))
    return private_file(video, "video/mp4", etag=event.id)


def _picture(event: Event, path: Path | None) -> ResponseReturnValue:
    missing = event.error or "This event has no picture, or it was deleted"
    return private_picture(path, missing)


def _answer(found: FoundEvent, shown: Event | None) -> EventAnswer:
    """shown: the event that has its picture, if it has none of its own."""
    event = found.event
    has_picture = (shown or event).snapshot_path is not None
    return EventAnswer(
        id=event.id,
        kind=event.kind,
        state=found.state,
        occurred_at=iso(event.occurred_at),
        recorded_at=iso(event.recorded_at),
        serial=event.serial or None,
        camera_name=event.camera_name,
        title=event.title,
        job_id=event.job_id,
        trigger=TriggerAnswer(event.trigger.kind, event.trigger.by),
        snapshot_url=snapshot_url(event.id) if has_picture else None,
        clip_url=clip_url(event.id) if _has_clip(event) else None,
        video_link=video_link(event, shown),
        error=event.error,
        error_code=code_of(event.error),
        error_values=values_of(event.error),
        zone=_zone(event),
        details=event.details,
    )


def _zone(event: Event) -> ZoneAnswer | None:
    if event.zone_id is None:
        return None
    return ZoneAnswer(event.zone_id, event.zone_name)


def _has_clip(event: Event) -> bool:
    return event.kind is EventKind.CLIP and event.error is None


def _event(event_id: str) -> Event:
    return _found(event_id).event


def _found(event_id: str) -> FoundEvent:
    found = _known(event_id)
    event = found.event if found else None
    if found is None or event is None or not _reaches(event):
        raise NotFound(f"Event {event_id[:40]!r} not found")
    auth.caller().require_kinds([event.kind])
    return found


def _reaches(event: Event) -> bool:
    return auth.caller().reaches(event.serial or event.camera_name)


def _known(event_id: str) -> FoundEvent | None:
    # No id contains a NUL, and PostgreSQL refuses to search for one.
    if "\0" in event_id:
        return None
    return find_event(gateway().store, EventId(event_id))


def _search(parameters: Parameters) -> EventSearch:
    search = EventSearch(
        _filter(parameters),
        words=parameters.parsed("text", parse_words) or (),
        severity=parameters.parsed("severity", parse_severity),
    )
    search = with_state(search, parameters.parsed("state", parse_state))
    camera = parameters.get("camera")
    if camera is None:
        return search
    if parameters.get("serial"):
        raise BadInput("camera: not together with serial (expected one of the two)")
    camera = parse_camera(camera)
    auth.caller().require_cameras([camera])
    return of_camera(search, camera)


def _filter(parameters: Parameters) -> EventFilter:
    after = parameters.get("after")
    if after and _known(after) is None:
        raise BadInput(f"after: no event {after[:40]!r} (expected an event id)")
    return EventFilter(
        kinds=parameters.parsed("kind", _kinds),
        without=tuple(k for k in EventKind if not auth.caller().may_read(k)),
        serials=_serials(parameters.get("serial")),
        since=parameters.moment("since"),
        until=parameters.moment("until"),
        after=EventId(after) if after else None,
    )


def _kinds(text: str) -> tuple[EventKind, ...]:
    try:
        kinds = tuple(EventKind(kind.strip()) for kind in text.split(","))
    except ValueError as exc:
        known = ", ".join(EventKind)
        raise BadInput(f"kind: {text[:40]!r} (expected one of: {known})") from exc
    auth.caller().require_kinds(kinds)
    return kinds


def _serials(text: str | None) -> tuple[Serial, ...] | None:
    caller = auth.caller()
    if text is None:
        return caller.serials
    wanted = params.parse_serials(text)
    if not all(caller.reaches(serial) for serial in wanted):
        raise Forbidden(refusal_wordings.NOT_ALL_CAMERAS())
    return wanted
