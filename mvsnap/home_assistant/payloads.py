"""What is published about an event and about health, as JSON. Pure.

Neither addresses of pictures and videos nor errors: whoever reads the broker sees it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mvsnap.clock import iso
from mvsnap.domain import Event, EventKind

# A mismatch names a cardholder: that is for reviewers.
EVENT_KINDS = frozenset(EventKind) - {EventKind.MISMATCH}
# A state of Home Assistant may have as many.
_MOST_CHARS = 255
# Of the details; all others stay here.
_NUMBERS = ("people", "peak", "level_db", "count", "duration_s", "times")


def event_json(event: Event) -> str:
    found: dict[str, Any] = {
        "event_type": str(event.kind),
        "id": event.id,
        "title": (event.title or event.kind.capitalize())[:_MOST_CHARS],
        "camera": event.camera_name[:_MOST_CHARS],
        "serial": event.serial,
        "occurred_at": iso(event.occurred_at),
        "recorded_at": iso(event.recorded_at),
        "trigger": str(event.trigger.kind),
        "triggered_by": event.trigger.by[:_MOST_CHARS],
        "job_id": event.job_id,
        "has_picture": event.snapshot_path is not None,
        "failed": event.error is not None,
        "muted": "muted_by" in event.details,
    }
    if event.zone_id is not None:
        found |= {"zone_id": event.zone_id, "zone": event.zone_name[:_MOST_CHARS]}
    for name in _NUMBERS:
        if isinstance(value := event.details.get(name), int | float):
            found[name] = value
    return json.dumps(found)


def zone_json(people: int | None, *, crowd: bool) -> str:
    """people: None while the camera is silent."""
    occupied = None if people is None else people > 0
    known = {"people": people, "occupied": occupied}
    return json.dumps(known | {"crowd": None if people is None else crowd})


def health_json(
    services: Mapping[str, bool | None],
    cameras: Mapping[str, bool | None],
    waiting: int,
) -> str:
    """Each is true if it works, null if nobody knows; both by `safe_id`."""
    return json.dumps(
        {"services": services, "cameras": cameras, "jobs_waiting": waiting},
        sort_keys=True,
    )
