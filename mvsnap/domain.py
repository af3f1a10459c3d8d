"""The product's domain as types that cannot hold invalid values. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, NewType

from msgspec import Struct

from mvsnap.errors import BadInput
from mvsnap.texts.wording import Reason

Serial = NewType("Serial", str)
JobId = NewType("JobId", str)
EventId = NewType("EventId", str)
RoomId = NewType("RoomId", str)
MessageId = NewType("MessageId", str)
ZoneId = NewType("ZoneId", str)
# A camera of the recorder, by its name in recorder.cameras.
CameraName = NewType("CameraName", str)

NEVER = datetime.min.replace(tzinfo=UTC)
# MV Sense's id for the full frame; it is published along with the zones.
FULL_FRAME = ZoneId("0")


def unnamed_zone(zone_id: str) -> str:
    """Return what a zone is called while its label is unknown."""
    return f"zone {zone_id}"


_SERIAL = re.compile(r"Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def parse_serial(text: str) -> Serial:
    """Return the serial in Meraki's own spelling, upper case; raises BadInput."""
    serial = text.strip().upper()
    if not _SERIAL.fullmatch(serial):
        raise BadInput(
            f"Not a Meraki serial: {text[:40]!r} (expected Qxxx-xxxx-xxxx)",
            code="bad_serial",
        )
    return Serial(serial)


def is_serial(text: str) -> bool:
    """Return whether it is a Meraki serial, in Meraki's own spelling."""
    return _SERIAL.fullmatch(text) is not None


class Organization(Struct, frozen=True):
    id: str
    name: str


class Network(Struct, frozen=True):
    id: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A Meraki MV device; `status` is Meraki's (online, alerting, offline, dormant).

    organization: by its name in the settings; "": that of `meraki`. status_since: when
    somebody saw it change to that; None: not known."""

    serial: Serial
    name: str
    model: str
    network_id: str
    status: str = "unknown"
    organization: str = ""
    status_since: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Zone:
    """region: left, top, right, bottom, as parts of the picture from 0 to 1."""

    zone_id: str
    label: str
    region: tuple[float, ...] | None = field(default=None, compare=False)


class Room(Struct, frozen=True):
    """A Webex space the bot is a member of."""

    id: RoomId
    title: str
    type: str


class Destination(Struct, frozen=True):
    """Where a Webex message goes: exactly one of the two is set."""

    room_id: RoomId | None = None
    to_person_email: str | None = None


class TriggerKind(StrEnum):
    HTTP = "http"
    SCHEDULE = "schedule"
    COMMAND = "command"
    SENSE = "sense"
    SENSOR = "sensor"
    WEBHOOK = "webhook"
    BADGE = "badge"
    PAGE = "page"
    WEBEX = "webex"


class Trigger(Struct, frozen=True):
    """What started a job; `by`: the key, schedule, command, zone, sensor or person."""

    kind: TriggerKind
    by: str


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted trigger: snapshots and clips, posted to `rooms`.

    serials: Meraki cameras to take a snapshot of; clips: recorder cameras to record.
    at: the moment to show; None means the moment the job was accepted.
    rooms: titles, ids or e-mails as given; empty: pictures are only stored.
    prefix: text in front of the message.
    about: the event that started it, which is the subject of the message. A job without
        any camera posts the end of a crowd or a clip, in the thread of the first one.
    pre_roll_s, post_roll_s: of the clips; None: from the camera's settings.
    picture_url: where Meraki has the picture of its alert; a secret.
    caller: whose share of the queue it counts against; "": that of the trigger.
    rule: of the settings, which it came from: see `rule_names`.
    times: how often it was triggered before it began; known while it runs.
    again_at: when somebody had it tried again after it had failed.
    camera_rooms: of cameras (serial or name) that go to some of the rooms only.
    unread: all that is stored of a job that this release cannot read; more: what it
        does not know of another one, as JSON. Both may have secrets.
    """

    id: JobId
    trigger: Trigger
    serials: tuple[Serial, ...]
    accepted_at: datetime
    at: datetime | None = None
    rooms: tuple[str, ...] = ()
    prefix: str = ""
    about: EventId | None = None
    clips: tuple[CameraName, ...] = ()
    pre_roll_s: float | None = None
    post_roll_s: float | None = None
    picture_url: str | None = field(default=None, repr=False)
    caller: str = ""
    times: int = 1
    again_at: datetime | None = None
    camera_rooms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rule: str = ""
    unread: str = field(default="", repr=False)
    more: str = field(default="", repr=False)

    def rooms_of(self, camera: str) -> tuple[str, ...]:
        return dict(self.camera_rooms).get(camera, self.rooms)

    @property
    def counts_for(self) -> str:
        """Return whose share of the queue it uses: a key, sender, schedule, zone..."""
        return self.caller or f"{self.trigger.kind} {self.trigger.by}"


class PartState(StrEnum):
    """Progress of one camera of a job."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class JobState(StrEnum):
    """The combined state of a job's parts."""

    PENDING = "pending"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


class EventKind(StrEnum):
    """CROWD, NOISE and CROSSING: raised by the sense rules; END ends one of them.

    ALARM: from a webhook. CLIP: a clip is ready, or has failed.
    MISMATCH: a reviewer found that a badge was used by another person.
    """

    SNAPSHOT = "snapshot"
    CLIP = "clip"
    ALARM = "alarm"
    CROWD = "crowd"
    NOISE = "noise"
    CROSSING = "crossing"
    END = "end"
    MISMATCH = "mismatch"


# Raised by the sense rules; each may be followed by its end.
RAISED = (EventKind.CROWD, EventKind.NOISE, EventKind.CROSSING)


class Event(Struct, frozen=True):
    """Something that happened. Events are only added, never changed.

    occurred_at: the moment it shows; recorded_at: when it was stored.
    snapshot_path: below data_dir. error: why there is no picture or clip.
    serial: "" for a camera that only the recorder knows, by its camera_name.
    job_id: the job it belongs to; a crowd, its picture and its end share one.
    zone_name: the zone's label in the Dashboard at that time, or its id.
    details: numbers and texts of this kind of event; names include the unit.
    """

    id: EventId
    kind: EventKind
    occurred_at: datetime
    recorded_at: datetime
    serial: Serial
    job_id: JobId
    trigger: Trigger
    camera_name: str = ""
    title: str = ""
    video_link: str | None = None
    snapshot_path: str | None = None
    error: Reason | None = None
    zone_id: ZoneId | None = None
    zone_name: str = ""
    details: dict[str, str | int | float] = {}


class DeliveryState(StrEnum):
    """SENDING is written just before the message leaves.

    A delivery found in SENDING or UNSURE may already have arrived: the next attempt
    says so in the message.
    """

    WAITING = "waiting"
    SENDING = "sending"
    UNSURE = "unsure"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a job to one room.

    part: a serial, "" for the head of the thread, "end" for the end of a crowd, or
        "clip CAMERA".
    may_have_arrived: although it was given up.
    """

    job_id: JobId
    part: str
    room: str
    state: DeliveryState
    attempts: int = 0
    message_id: MessageId | None = None
    error: Reason | None = None
    changed_at: datetime = field(default=NEVER, compare=False)
    may_have_arrived: bool = False

    @property
    def is_over(self) -> bool:
        """Return whether its state is final."""
        return self.state in (DeliveryState.SENT, DeliveryState.FAILED)


class Role(StrEnum):
    """What a person who is logged in may do; each includes those before it."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    ADMIN = "admin"


# Who checks the passwords: mvsnap itself, the machine's PAM, or a provider.
LoginBackend = Literal["local", "pam", "oidc"]
# Used instead of a hash where the password is that of a system account.
SYSTEM_ACCOUNT = "pam"
# Starts what is used instead of a hash for a provider's account, and identifies it.
PROVIDER_ACCOUNT = "oidc:"


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in, with a password stored here or a system account's."""

    name: str
    role: Role
    password_hash: str = field(repr=False)
    changed_at: datetime

    @property
    def backend(self) -> LoginBackend:
        if self.password_hash.startswith(PROVIDER_ACCOUNT):
            return "oidc"
        return "pam" if self.password_hash == SYSTEM_ACCOUNT else "local"


class Mute(Struct, frozen=True):
    """A period in which crowds are recorded but nobody is notified; None means all."""

    id: str
    until: datetime
    muted_at: datetime
    muted_by: str
    serial: Serial | None = None
    zone_id: ZoneId | None = None

    def is_active(self, now: datetime) -> bool:
        """Return whether it has not ended.

        One of a clock that was ahead does not last until then: at most as long as it
        was meant to, counted from now.
        """
        lasts = self.until - self.muted_at
        return self.muted_at - lasts < now < self.until

    def covers(self, serial: Serial, zone_id: ZoneId, now: datetime) -> bool:
        return (
            self.is_active(now)
            and self.serial in (None, serial)
            and self.zone_id in (None, zone_id)
        )


class Change(Struct, frozen=True):
    """One line of the audit log; who: a user or key by name, else also a reason."""

    at: datetime
    who: str
    what: Reason
    before: Reason
    after: Reason


class Presence(Struct, frozen=True):
    """People were seen in a zone from the first to the last count above zero."""

    serial: Serial
    zone_id: ZoneId
    time_in: datetime
    time_out: datetime
    peak_people: int


class Listener(Struct, frozen=True):
    """A process that listens to MV Sense, by its last report at `seen_at`.

    people_counts: how many topics with counts it watches. refused: those too many.
    """

    listener_id: str
    seen_at: datetime
    connected: bool
    state: Reason
    messages_per_s: float
    people_counts: int
    refused: int = 0
