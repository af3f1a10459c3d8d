"""Jobs, events and deliveries of which a test names only what matters."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from mvsnap.domain import (
    Delivery,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    Job,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
GATE, DOOR, HALL = (Serial(f"Q2SM-0000-000{n}") for n in (1, 2, 3))
BUTTON = Trigger(TriggerKind.HTTP, "button")


def job(*serials: Serial, **given: Any) -> Job:
    fields: dict[str, Any] = {
        "id": JobId(str(uuid.uuid4())),
        "trigger": BUTTON,
        "serials": serials or (GATE,),
        "accepted_at": NOON,
    }
    return Job(**(fields | given))


def event(**given: Any) -> Event:
    fields: dict[str, Any] = {
        "id": EventId(str(uuid.uuid4())),
        "kind": EventKind.SNAPSHOT,
        "occurred_at": NOON,
        "recorded_at": NOON,
        "serial": GATE,
        "job_id": JobId("job-1"),
        "trigger": BUTTON,
    }
    return Event(**(fields | given))


def delivery(state: DeliveryState, **given: Any) -> Delivery:
    fields: dict[str, Any] = {
        "job_id": JobId("job-1"),
        "part": GATE,
        "room": "Alarms",
        "state": state,
    }
    return Delivery(**(fields | given))
