"""Parameters of the API as types: the description shows them, the views use the names.

They do not parse requests: `web.params` is more tolerant of old clients.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import fields

from mvsnap.core import mutes, params
from mvsnap.web.event_terms import MAX_TEXT

MOST_LISTED = 500
MOST_IN_TABLE = 1_000_000

_SERIALS = (
    f"one serial or up to {params.MAX_CAMERAS}, comma separated; "
    "default: meraki.cameras"
)
_ROOM = (
    "room title, room id, space link, e-mail or name of a person, or a channel; "
    "repeat it (in JSON: a list) for several; default: webex.room"
)

Serials = Annotated[str, Meta(description=_SERIALS)]
Room = Annotated[str, Meta(description=_ROOM, max_length=params.MAX_ROOM)]
At = Annotated[str, Meta(description="ISO 8601 time in the past; default: now")]
Prefix = Annotated[
    str,
    Meta(description="text in front of the message", max_length=params.MAX_PREFIX),
]
WaitS = Annotated[
    float,
    Meta(
        description="how long to wait for the end of the job",
        ge=0,
        le=params.MAX_WAIT_S,
    ),
]
MutedSerial = Annotated[str, Meta(description="the camera; default: all")]
MutedZone = Annotated[str, Meta(description="one zone of it; default: all")]
Minutes = Annotated[int, Meta(description="how long", ge=1, le=mutes.MAX_MINUTES)]
Since = Annotated[str, Meta(description="ISO 8601 time, included")]
Until = Annotated[str, Meta(description="ISO 8601 time, not included")]
SerialsFilter = Annotated[str, Meta(description="one or several cameras")]
JobStates = Annotated[
    str,
    Meta(description="one or several of: waiting, done, partial, failed"),
]
AfterJob = Annotated[str, Meta(description="id of the last job you have")]
After = Annotated[str, Meta(description="`after` of the page before")]
SerialFilter = Annotated[str, Meta(description="one camera; default: all")]
Opening = Annotated[
    str, Meta(description="yes: only the opening hours of the settings; default: no")
]
HourFrom = Annotated[
    int, Meta(description="only hours of the day from this one on", ge=0, le=23)
]
HourTo = Annotated[
    int, Meta(description="only hours of the day before this one", ge=1, le=24)
]
SerialOrName = Annotated[
    str, Meta(description="one camera: a serial, or a name of recorder.cameras")
]
Text = Annotated[
    str,
    Meta(
        description="words that are in the title, names, sender's text or error",
        max_length=MAX_TEXT,
    ),
]
OneSeverity = Annotated[str, Meta(description="critical, warning or informational")]
OneState = Annotated[
    str,
    Meta(description="failed, waiting, notified, grouped, quiet, unnotified or stored"),
]


class SnapshotBody(Struct, rename={"mv_serial": "mvSerial", "webex_room": "webexRoom"}):
    """The cameras to take a snapshot of, and where to post it."""

    mv_serial: Serials | UnsetType = UNSET
    webex_room: Room | UnsetType = UNSET
    at: At | UnsetType = UNSET
    prefix: Prefix | UnsetType = UNSET
    wait_s: WaitS = params.DEFAULT_WAIT_S


class SnapshotForm(SnapshotBody):
    """The same parameters as a form."""


class MuteBody(Struct):
    """What to mute, and for how long."""

    serial: MutedSerial | UnsetType = UNSET
    zone: MutedZone | UnsetType = UNSET
    minutes: Minutes = mutes.DEFAULT_MINUTES


class MuteForm(MuteBody):
    """The same parameters as a form."""


class EventsQuery(Struct):
    """Filters for the list of events."""

    kind: str | UnsetType = UNSET
    since: Since | UnsetType = UNSET
    until: Until | UnsetType = UNSET
    serial: SerialsFilter | UnsetType = UNSET
    camera: SerialOrName | UnsetType = UNSET
    text: Text | UnsetType = UNSET
    severity: OneSeverity | UnsetType = UNSET
    state: OneState | UnsetType = UNSET
    after: After | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MOST_LISTED)] | UnsetType = UNSET


class JobsQuery(Struct):
    """Filters for the list of jobs."""

    state: JobStates | UnsetType = UNSET
    since: Since | UnsetType = UNSET
    until: Until | UnsetType = UNSET
    after: AfterJob | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MOST_LISTED)] | UnsetType = UNSET


class EventTableQuery(EventsQuery):
    """Filters for the table of events."""

    limit: Annotated[int, Meta(ge=1, le=MOST_IN_TABLE)] | UnsetType = UNSET


@cache  # msgspec compiles the annotations anew each time: a fifth of a trigger
def names(shape: type[Struct]) -> tuple[str, ...]:
    """Return its parameters by their names in a request."""
    return tuple(field.encode_name for field in fields(shape))
