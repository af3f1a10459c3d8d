"""The schemas of the API description, derived from the types that the views encode."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from mvsnap.badges.answers import (
    BadgeEventBody,
    BadgeEventsAnswer,
    BadgesAddedAnswer,
    ReviewedBadgeAnswer,
)
from mvsnap.runtime.answers import DescriptionAnswer, HealthAnswer, ReadinessAnswer
from mvsnap.visitors.answers import VisitorHoursAnswer, VisitorsAnswer
from mvsnap.web.answers import (
    ErrorAnswer,
    EventAnswer,
    EventsAnswer,
    JobAnswer,
    JobsAnswer,
    ListedJobAnswer,
    MuteAnswer,
    MutesAnswer,
    SnapshotsAnswer,
    StatusAnswer,
)
from mvsnap.web.bodies import MuteBody, MuteForm, SnapshotBody, SnapshotForm
from mvsnap.webhooks.answers import AlarmAnswer, AlarmForm, AlarmMessage
from mvsnap.wifi.answers import (
    ObservationsAnswer,
    ScanningMessage,
    WifiActivityAnswer,
    WifiCorrelationAnswer,
    WifiObservationsAnswer,
    WifiVisitsAnswer,
)

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_TEMPLATE = _REFERENCE + "{name}"
_SHAPES: tuple[type[msgspec.Struct], ...] = (
    *(SnapshotBody, SnapshotForm, SnapshotsAnswer, JobAnswer),
    *(JobsAnswer, ListedJobAnswer, StatusAnswer),
    *(EventAnswer, EventsAnswer),
    *(MuteBody, MuteForm, MuteAnswer, MutesAnswer),
    *(BadgeEventBody, BadgesAddedAnswer, BadgeEventsAnswer, ReviewedBadgeAnswer),
    *(AlarmMessage, AlarmForm, ScanningMessage, ObservationsAnswer),
    *(VisitorsAnswer, VisitorHoursAnswer, WifiActivityAnswer),
    *(WifiVisitsAnswer, WifiObservationsAnswer, WifiCorrelationAnswer),
    *(HealthAnswer, ReadinessAnswer, DescriptionAnswer),
    ErrorAnswer,
)


def schemas() -> Json:
    """Return every schema by name, with those it refers to."""
    (alarm, *_), found = msgspec.json.schema_components(
        (AlarmAnswer, *_SHAPES), ref_template=_TEMPLATE
    )
    named = {_short(name): _named(schema) for name, schema in found.items()}
    return dict(sorted((named | {"Alarm": _named(alarm)}).items()))


def reference(name: str) -> Json:
    return {"$ref": f"{_REFERENCE}{name}"}


def properties(shape: type[msgspec.Struct]) -> Json:
    """Return the schema of each field, by its name in a request."""
    _, found = msgspec.json.schema_components([shape], ref_template=_TEMPLATE)
    fields: Json = found[shape.__name__]["properties"]
    return fields


def _named(found: Any) -> Any:
    """Return a schema with the description's names for its parts."""
    if isinstance(found, dict):
        return {
            key: cleandoc(part) if key == "description" else _named(part)
            for key, part in found.items()
            # A second name for the same thing; a field may have that name, too.
            if not (key == "title" and isinstance(part, str))
        }
    if isinstance(found, list):
        return [_named(part) for part in found]
    if isinstance(found, str) and found.startswith(_REFERENCE):
        return _short(found)
    return found


def _short(name: str) -> str:
    return name.removesuffix("Answer")
