"""The words of the product, as types that cannot be wrong. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from mvsnap.errors import BadInput

Serial = NewType("Serial", str)
JobId = NewType("JobId", str)
EventId = NewType("EventId", str)
RoomId = NewType("RoomId", str)
MessageId = NewType("MessageId", str)

_SERIAL = re.compile(r"Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def parse_serial(text: str) -> Serial:
    """Return the serial in Meraki's own spelling (upper case).

    Raises:
        BadInput: `text` is no Meraki serial.
    """
    serial = text.strip().upper()
    if not _SERIAL.fullmatch(serial):
        raise BadInput(
            f"Not a Meraki serial: {text[:40]!r} (expected Qxxx-xxxx-xxxx)",
            code="bad_serial",
        )
    return Serial(serial)


@dataclass(frozen=True, slots=True)
class Organization:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Network:
    id: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A Meraki MV device; `status` is Meraki's (online, alerting, offline, dormant)."""

    serial: Serial
    name: str
    model: str
    network_id: str
    status: str = "unknown"


@dataclass(frozen=True, slots=True)
class Zone:
    zone_id: str
    label: str


@dataclass(frozen=True, slots=True)
class Room:
    """A Webex space the bot is a member of."""

    id: RoomId
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a Webex message goes: exactly one of the two is set."""

    room_id: RoomId | None = None
    to_person_email: str | None = None


class TriggerKind(StrEnum):
    HTTP = "http"
    SCHEDULE = "schedule"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What started a job; `by` names the API key, schedule or command."""

    kind: TriggerKind
    by: str


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted trigger: a snapshot of every camera in `serials`, posted to `room`.

    at: the moment to show; None means the moment the job was accepted.
    room: title, id or e-mail as the caller gave it; None means pictures are only kept.
    prefix: text in front of the message.
    """

    id: JobId
    trigger: Trigger
    serials: tuple[Serial, ...]
    accepted_at: datetime
    at: datetime | None = None
    room: str | None = None
    prefix: str = ""


class PartState(StrEnum):
    """How far one camera of a job is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class JobState(StrEnum):
    """The sum of a job's parts."""

    PENDING = "pending"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


class EventKind(StrEnum):
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that happened. Events are only added, never changed.

    occurred_at: the moment it shows; recorded_at: when we wrote it down.
    snapshot_path: below data_dir, None when there is no picture.
    error: why there is no picture, in words for people.
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
    error: str | None = None
    details: dict[str, str] = field(default_factory=dict)


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
    """One message of a job; `part` is a serial, or "" for the head of the thread."""

    job_id: JobId
    part: str
    room: str
    state: DeliveryState
    attempts: int = 0
    message_id: MessageId | None = None
    error: str | None = None
