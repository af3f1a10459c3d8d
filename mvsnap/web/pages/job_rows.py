"""Rows of jobs, and of what one of them has to do, as the pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from mvsnap.core.message_parts import ANSWER, ASKED, END
from mvsnap.core.progress import JobProgress
from mvsnap.domain import (
    Delivery,
    DeliveryState,
    Event,
    Job,
    JobId,
    PartState,
    Trigger,
    is_serial,
)
from mvsnap.jobs.listing import JobEntry
from mvsnap.store.job_states import JobStage
from mvsnap.texts import N_, _
from mvsnap.texts.sentences import localized
from mvsnap.web.pages.clip_text import started_by_title
from mvsnap.web.pages.room_words import room_words, rooms_words
from mvsnap.web.places import Places

STAGES = {
    JobStage.WAITING: N_("Waiting"),
    JobStage.FAILED: N_("Failed"),
    JobStage.PARTIAL: N_("Partly failed"),
    JobStage.DONE: N_("Done"),
}
_COLOURS = {
    JobStage.WAITING: "primary",
    JobStage.FAILED: "danger",
    JobStage.PARTIAL: "warning",
    JobStage.DONE: "success",
    PartState.PENDING: "primary",
    PartState.DELIVERED: "success",
    DeliveryState.SENT: "success",
    DeliveryState.UNSURE: "warning",
}

# Of a part that is done but for its delivery.
_TAKEN, _RECORDED = N_("taken"), N_("recorded")
# What a message about a camera's picture is for, by the rest of its part.
_PARTS = {
    "note": N_("no picture yet"),
    "again": N_("taken again"),
    "link": N_("video link"),
}
# What a part begins with that is not named by a serial, and the words for it.
_OTHERS = {
    "": N_("first message"),
    ASKED: N_("question"),
    ANSWER: N_("answer"),
    END: N_("end"),
    "clip": N_("clip"),
    "buttons": N_("buttons"),
}


class JobLine(Struct, frozen=True):
    """waits_for, reason: for people; next_at: when it is tried again at the latest."""

    id: JobId
    title: str
    what: str
    word: str
    colour: str
    reason: str
    waits_for: str
    accepted_at: datetime
    since: datetime
    next_at: datetime | None
    may_retry: bool

    @property
    def tag(self) -> str:
        return repr(self)


class PartLine(Struct, frozen=True):
    """A picture, a clip or a message of a job.

    error: why it is not there, or what is to be known. at: its last change.
    """

    what: str
    word: str
    colour: str
    error: str
    event: Event | None = None
    at: datetime | None = None


def job_line(entry: JobEntry, places: Places) -> JobLine:
    job = entry.job
    cameras = [*map(places.camera, job.serials), *job.clips]
    rooms = rooms_words(job.rooms, job.trigger)
    to = _("to %(rooms)s") % {"rooms": rooms} if rooms else ""
    return JobLine(
        id=job.id,
        title=_title(job),
        what=", ".join(filter(None, (*cameras, to))),
        word=STAGES.get(entry.stage, entry.stage).lower(),
        colour=_COLOURS.get(entry.stage, "secondary"),
        reason=entry.reason,
        waits_for=entry.waits_for,
        accepted_at=job.accepted_at,
        since=entry.since,
        next_at=entry.next_at,
        may_retry=entry.may_retry,
    )


def _title(job: Job) -> str:
    if job.unread:
        return _("Job of a newer release")
    return started_by_title(job.trigger)


def part_lines(progress: JobProgress, places: Places) -> Iterator[PartLine]:
    """Yield the pictures and clips of a job."""
    for part in progress.parts:
        name = places.camera(part.serial)
        yield _part(
            _("Picture of %(camera)s") % {"camera": name},
            _TAKEN,
            part.state,
            part.error,
            part.event,
        )
    for clip in progress.clips:
        yield _part(
            _("Clip of %(camera)s") % {"camera": clip.camera},
            _RECORDED,
            clip.state,
            clip.error,
            clip.event,
        )


def _part(
    what: str, there: str, state: PartState, error: str | None, event: Event | None
) -> PartLine:
    """there: what it is said to be while only its delivery is left to do."""
    has_file = event is not None and not event.error
    word, text = state.value, error or ""
    if state is PartState.PENDING and event is not None:
        word = there if has_file else "none"
        text = ", ".join(filter(None, (_("delivery pending"), localized(text))))
    elif state is PartState.DELIVERED and not has_file:
        word = "none"
    return PartLine(what, word, _COLOURS.get(state, "danger"), text, event)


def message_lines(
    deliveries: Mapping[tuple[str, str], Delivery], places: Places, trigger: Trigger
) -> Iterable[PartLine]:
    """Yield the messages of a job that were begun; trigger: what started it."""
    for (part, room), delivery in sorted(deliveries.items()):
        why = [localized(delivery.error or "")]
        if delivery.attempts > 1:
            why.append(_("%(number)s attempts") % {"number": delivery.attempts})
        if _is_in_doubt(delivery):
            why.append(_("may have arrived"))
        yield PartLine(
            f"{room_words(room, trigger)}: {_about(part, places)}",
            delivery.state,
            _COLOURS.get(delivery.state, _colour(delivery.state)),
            ", ".join(filter(None, why)),
            at=delivery.changed_at,
        )


def _is_in_doubt(delivery: Delivery) -> bool:
    is_sent = delivery.state is DeliveryState.SENT
    return not is_sent and delivery.may_have_arrived


def _about(part: str, places: Places) -> str:
    """Return what a message is about; its part names a camera, most by its serial."""
    first, _blank, rest = part.partition(" ")
    if is_serial(first):
        camera, words = first, _PARTS.get(rest, rest)
    elif first in _OTHERS:
        camera, words = rest, _OTHERS[first]
    else:
        return part
    named = places.camera(camera) if camera else ""
    return ", ".join(filter(None, (named, _(words) if words else "")))


def _colour(state: DeliveryState) -> str:
    return "danger" if state is DeliveryState.FAILED else "primary"
