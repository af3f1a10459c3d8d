"""What the page of an event shows: the event, and all that its job has done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.clip_model import Clip, ClipState
from mvsnap.core.clip_rows import ClipRow
from mvsnap.core.clip_text import event_title
from mvsnap.core.notices import Notice
from mvsnap.domain import Delivery, Event, EventKind, Job, JobId
from mvsnap.errors import NotFound
from mvsnap.jobs.clip_results import notification_id
from mvsnap.jobs.listing import JobEntry
from mvsnap.store.events.search import FoundEvent, found_of_job
from mvsnap.store.job_states import JobStage
from mvsnap.store.notices import SeenBy
from mvsnap.texts import _, first_upper
from mvsnap.web.context import Gateway
from mvsnap.web.pages.clip_text import (
    AlarmSummary,
    alarm_summary,
    clip_row,
    started_by_title,
)
from mvsnap.web.pages.event_rows import (
    EventLine,
    event_lines,
    message_job,
    pictures_of,
)
from mvsnap.web.pages.job_rows import (
    JobLine,
    PartLine,
    job_line,
    message_lines,
)
from mvsnap.web.pages.notice_text import notice_texts
from mvsnap.web.pages.room_words import rooms_words
from mvsnap.web.places import Places
from mvsnap.web.time_zone import shown_zone

# An end, a clip or a verdict may follow for a while.
_NEWS_WITHIN = timedelta(hours=1)


class EventView(Struct, frozen=True):
    """line: the event. job: None where nothing is known of it any more.

    others: what else its job has stored. asked: what was asked for, by labels.
    notices: who is not notified, or later. seen: by whom it was confirmed.
    """

    line: EventLine
    job: JobLine | None
    asked: Sequence[tuple[str, str]]
    wanted_at: datetime | None
    alarm: AlarmSummary | None
    pictures: Sequence[Event]
    clips: Sequence[ClipRow]
    others: Sequence[EventLine]
    messages: Sequence[PartLine]
    notices: Sequence[str]
    seen: SeenBy | None
    is_live: bool


def event_view(here: Gateway, found: FoundEvent) -> EventView:
    event = found.event
    places = here.places()
    all_found = found_of_job(here.store, event.job_id)
    family = [one.event for one in all_found]
    entries = job_entries(here, event, family)
    entry = next((one for one in entries if one.job.id == event.job_id), None)
    (line,) = event_lines(here, [found])
    alarm = next((one for one in family if one.kind is EventKind.ALARM), None)
    now = here.clock.now()
    return EventView(
        line=line,
        job=job_line(entry, places) if entry else None,
        asked=list(_asked(event, entry.job if entry else None, places)),
        wanted_at=entry.job.at if entry else None,
        alarm=alarm_summary(alarm, event.occurred_at) if alarm else None,
        pictures=pictures_of(family, line.picture.id if line.picture else None),
        clips=[clip_row(clip, here.settings, now) for clip in _clips(here, event)],
        others=event_lines(here, [one for one in all_found if one.event != event]),
        messages=list(
            message_lines(_deliveries(here, event, family), places, event.trigger)
        ),
        notices=notice_texts(_notices(here, event), shown_zone()),
        seen=here.notices.seen(event.job_id),
        is_live=_is_live(now, event, entries),
    )


def job_entries(here: Gateway, event: Event, family: Sequence[Event]) -> list[JobEntry]:
    """Return the job of an event, then those that post its clips and ends."""
    ends = [JobId(one.id) for one in family if one.kind is EventKind.END]
    posts = [notification_id(clip.id) for clip in here.clips.of_job(event.job_id)]
    found = []
    for job_id in dict.fromkeys((event.job_id, *posts, *ends)):
        with suppress(NotFound):  # it ended long ago, or was not needed
            found.append(here.job_list.entry(job_id))
    return found


def _clips(here: Gateway, event: Event) -> list[Clip]:
    found = here.clips.of_job(event.job_id)
    return [clip for clip in found if clip.state is not ClipState.DELETED]


def _is_live(now: datetime, event: Event, entries: Sequence[JobEntry]) -> bool:
    waits = any(entry.stage is JobStage.WAITING for entry in entries)
    return waits or now - event.recorded_at < _NEWS_WITHIN


def _deliveries(
    here: Gateway, event: Event, family: Sequence[Event]
) -> dict[tuple[str, str], Delivery]:
    found = here.store.deliveries_of_job(event.job_id)
    for end in family:
        if end.kind is EventKind.END:
            found |= here.store.deliveries_of_job(JobId(end.id))
    return found


def _notices(here: Gateway, event: Event) -> list[Notice]:
    return here.notices.of_jobs([message_job(event)]).get(message_job(event), [])


def _asked(event: Event, job: Job | None, places: Places) -> Iterator[tuple[str, str]]:
    yield _("Started by"), started_by_title(event.trigger)
    if job is None:
        return
    if job.serials or job.clips:
        pictures = [
            _("picture of %(camera)s") % {"camera": places.camera(serial)}
            for serial in job.serials
        ]
        clips = [_("clip of %(camera)s") % {"camera": name} for name in job.clips]
        yield _("Asked for"), first_upper(", ".join((*pictures, *clips)))
    yield _("Recipients"), rooms_words(job.rooms, job.trigger) or _("none")
    if job.prefix and job.prefix != event.title:
        yield _("Text"), event_title(job.prefix, job.trigger)
    times = event.details.get("times")
    if isinstance(times, int) and times > 1:
        yield _("Triggered"), _("%(number)s times") % {"number": times}
