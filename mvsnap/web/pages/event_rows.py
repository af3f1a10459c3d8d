"""Rows of events, as the list and the page of one of them show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from mvsnap.clock import is_to_come
from mvsnap.core.clip_text import event_title
from mvsnap.core.crowd_rows import CrowdRow, people_words
from mvsnap.core.days import lasting
from mvsnap.core.event_pictures import has_its_picture_elsewhere, picture_of
from mvsnap.domain import RAISED, Event, EventId, EventKind, JobId
from mvsnap.store.events.search import EventState, FoundEvent
from mvsnap.texts import N_, _, first_upper, formats
from mvsnap.texts.sentences import localized
from mvsnap.web.context import Gateway
from mvsnap.web.pages.clip_text import started_by, started_by_title
from mvsnap.web.pages.notice_text import notice_texts
from mvsnap.web.time_zone import shown_zone

KINDS = {
    EventKind.SNAPSHOT.value: N_("Snapshot"),
    EventKind.CLIP.value: N_("Clip"),
    EventKind.ALARM.value: N_("Alarm"),
    EventKind.CROWD.value: N_("Crowd"),
    EventKind.NOISE.value: N_("Noise"),
    EventKind.CROSSING.value: N_("Line crossing"),
    EventKind.END.value: N_("End"),
    EventKind.MISMATCH.value: N_("Badge mismatch"),
}
_STATES = {
    EventState.FAILED: ("failed", "danger"),
    EventState.WAITING: ("waiting", "primary"),
    EventState.NOTIFIED: ("notified", "success"),
    EventState.GROUPED: ("grouped", "secondary"),
    EventState.QUIET: ("quiet", "secondary"),
    EventState.UNNOTIFIED: ("nobody notified", ""),
}


def kind_words(kind: EventKind) -> str:
    """Return a name of this kind of event, for `localized`."""
    known = KINDS.get(kind)
    return known or _("%(kind)s (of a newer release)") % {"kind": kind}


class EventLine(Struct, frozen=True):
    """An event. picture: the event that has its picture; None: there is none.

    reason: why it failed, or why nobody was notified. is_to_come: its time has not been
    yet, so a clock was wrong.
    """

    event: Event
    state: EventState
    picture: Event | None
    has_clip: bool
    reason: str
    is_to_come: bool = False

    @property
    def kind(self) -> str:
        return kind_words(self.event.kind)

    @property
    def title(self) -> str:
        title = self.event.title
        if not title:
            return started_by_title(self.event.trigger)
        return first_upper(event_title(title, self.event.trigger))

    @property
    def by(self) -> str:
        """Who or what it was, where the title does not say it."""
        return started_by(self.event.trigger) if self.event.title else ""

    @property
    def place(self) -> str:
        """The camera, and its zone."""
        event = self.event
        zone = CrowdRow(event).zone
        return ", ".join(filter(None, (event.camera_name or event.serial, zone)))

    @property
    def level(self) -> str:
        """Numbers of a crowd, a noise, a crossing or the end of one."""
        if self.event.kind in RAISED:
            return CrowdRow(self.event).level
        if self.event.kind is not EventKind.END:
            return ""
        details = self.event.details
        peak, lasted_s = details.get("peak"), details.get("duration_s")
        unit = str(details.get("unit", "")).strip()
        top = lasted = ""
        if isinstance(peak, int | float):
            highest = f"{formats.as_written(f'{peak:g}')} {localized(unit)}".strip()
            if unit == "people":
                highest = people_words(int(peak))
            top = _("peak: %(top)s") % {"top": highest}
        if isinstance(lasted_s, int | float):
            lasted = _("lasted %(length)s") % {"length": lasting(lasted_s)}
        return ", ".join(filter(None, (top, lasted)))

    @property
    def severity(self) -> str:
        return str(self.event.details.get("severity", ""))

    @property
    def word(self) -> str:
        return _STATES[self.state][0]

    @property
    def colour(self) -> str:
        return _STATES[self.state][1]

    @property
    def has_picture(self) -> bool:
        return self.picture is not None

    @property
    def video_link(self) -> str | None:
        link = self.picture.video_link if self.picture else None
        return self.event.video_link or link

    @property
    def tag(self) -> str:
        """A text that changes whenever the row shows something else."""
        event, picture = self.event, self.picture
        parts = (event.id, self.state, picture.id if picture else "", self.reason)
        names = (self.place, self.video_link or "", str(self.has_clip))
        marks = ("to come",) if self.is_to_come else ()
        return "|".join((*parts, *names, *marks))


def event_lines(here: Gateway, found: Sequence[FoundEvent]) -> list[EventLine]:
    """Return a row for each event, in the same order; three queries."""
    events = [one.event for one in found]
    elsewhere = {e.job_id for e in events if has_its_picture_elsewhere(e)}
    by_job: dict[JobId, list[Event]] = {}
    for other in here.store.events_of_jobs(elsewhere) if elsewhere else ():
        by_job.setdefault(other.job_id, []).append(other)
    clips = (event.id for event in events if event.kind is EventKind.CLIP)
    shown = here.clips.with_thumbnail(clips)
    given_up, kept = _given_up(here, found), _kept(here, found)
    now = here.clock.now()
    return [
        EventLine(
            one.event,
            one.state,
            _picture(one.event, by_job.get(one.event.job_id, ())),
            one.event.id in shown,
            _reason(one, given_up) or kept.get(message_job(one.event), ""),
            is_to_come=is_to_come(one.event.occurred_at, now),
        )
        for one in found
    ]


def message_job(event: Event) -> JobId:
    """Return the job with the messages about an event: an end has its own."""
    return JobId(event.id) if event.kind is EventKind.END else event.job_id


def _given_up(here: Gateway, found: Iterable[FoundEvent]) -> Mapping[JobId, str]:
    failed = [one.event for one in found if one.state is EventState.FAILED]
    jobs = {message_job(event) for event in failed if not event.error}
    return here.store.undelivered(jobs) if jobs else {}


def _kept(here: Gateway, found: Iterable[FoundEvent]) -> Mapping[JobId, str]:
    """Return why nobody was notified so far, by job."""
    states = (EventState.QUIET, EventState.GROUPED)
    jobs = {message_job(one.event) for one in found if one.state in states}
    known = here.notices.of_jobs(jobs) if jobs else {}
    zone = shown_zone()
    return {job: "; ".join(notice_texts(many, zone)) for job, many in known.items()}


def _picture(event: Event, family: Iterable[Event]) -> Event | None:
    shown = event
    if has_its_picture_elsewhere(event):
        shown = picture_of(event, family) or event
    return shown if shown.snapshot_path is not None else None


def _reason(found: FoundEvent, given_up: Mapping[JobId, str]) -> str:
    event = found.event
    if found.state is EventState.FAILED:
        if event.error:
            return event.error
        why = given_up.get(message_job(event), "")
        return _("Not delivered: %(why)s") % {"why": localized(why)} if why else ""
    if found.state is EventState.UNNOTIFIED:
        return CrowdRow(event).muted
    return ""


def pictures_of(events: Iterable[Event], first: EventId | None) -> list[Event]:
    """Return the pictures of a job; the one of the event itself comes first."""
    found = [event for event in events if event.snapshot_path is not None]
    return sorted(found, key=lambda event: event.id != first)
