"""The rows of the status as sights of what may be in trouble."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from mvsnap.core.troubles import Sight
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.services import NAMES
from mvsnap.texts import N_
from mvsnap.texts.wording import Reason

_SERVICES: dict[str, str] = {name: one.value for one, name in NAMES.items()}
_JOBS = {
    "Waiting": ("queue", N_("Queue")),
    "Messages given up within a day": ("jobs", N_("Messages given up")),
}
_SITE = {
    N_("Disk"): "disk",
    N_("Clock"): "clock",
    N_("Certificate"): "certificate",
    "Data": "folders",
    "Cleaning": "cleaning",
}
_IS_WRONG = {Condition.OK: False, Condition.TROUBLE: True, Condition.UNKNOWN: None}
# Of what cameras and services say of themselves.
_NAME_CHARS, _TEXT_CHARS = 80, 200


def sights(rows: Iterable[StatusRow], kinds: Collection[str]) -> Iterator[Sight]:
    """Yield those of the rows that are of these kinds (`alerts.kinds`)."""
    for row in rows:
        kind, name = _called(row)
        if kind in kinds:
            yield Sight(
                _short(name, _NAME_CHARS),
                kind,
                _IS_WRONG[row.health],
                _short(row.text, _TEXT_CHARS),
                _short(row.advice, _TEXT_CHARS),
            )


def _called(row: StatusRow) -> tuple[str, str]:
    """Return the kind, "" for what is not reported, and a name that stands alone."""
    if row.group is Group.SERVICES:
        return _service_kind(row.name), row.name
    if row.group is Group.JOBS:
        return _JOBS.get(row.name, ("", row.name))
    if row.group is Group.CAMERAS and row.name == "Recorder" and not row.since:
        return "recorder", row.name
    if row.group in (Group.CAMERAS, Group.MERAKI):
        return "camera", f"Camera {row.name}"
    if row.group is Group.SENSE:
        is_any = row.name == "Listener"
        return "listener", row.name if is_any else f"Listener {row.name}"
    if row.group is Group.PROCESSES:
        return "process", f"Process {row.name}"
    return _SITE.get(row.name.split(" ")[0], ""), row.name


def _service_kind(name: str) -> str:
    """Return the kind of a service, also of one that is of several: Meraki North."""
    for known, kind in _SERVICES.items():
        if name == known or name.startswith(f"{known} "):
            return kind
    return ""


def _short(text: str, most: int) -> str:
    if isinstance(text, Reason) and text.code:
        return text  # short, and what it is said by is lost where it is cut
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
