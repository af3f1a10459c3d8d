"""Terms of a search for events: the same words in the API and on the page."""

from __future__ import annotations

from mvsnap.core.severity import Severity
from mvsnap.domain import Serial, is_serial
from mvsnap.errors import BadInput
from mvsnap.store.events.search import EventSearch, EventState
from mvsnap.texts import N_
from mvsnap.values import replace

MAX_TEXT = 200
MAX_WORDS = 8
_MAX_NAME = 80
STORED = "stored"
# By the value of the parameter: the label of the choice.
STATES = {
    EventState.FAILED.value: N_("Failed"),
    EventState.WAITING.value: N_("Waiting"),
    EventState.NOTIFIED.value: N_("Notified"),
    EventState.GROUPED.value: N_("Grouped"),
    EventState.QUIET.value: N_("Quiet hours"),
    EventState.UNNOTIFIED.value: N_("Nobody notified"),
    STORED: N_("Stored without error"),
}
SEVERITIES = {severity.value: severity.capitalize() for severity in Severity}


def parse_words(text: str, name: str = "text") -> tuple[str, ...]:
    """name: of the parameter."""
    if not text.isprintable() or len(text) > MAX_TEXT:
        raise BadInput(
            f"{name}: {text[:40]!r} (expected up to {MAX_TEXT} printable characters)"
        )
    words = tuple(dict.fromkeys(text.split()))
    if len(words) > MAX_WORDS:
        raise BadInput(f"{name}: {len(words)} words (expected up to {MAX_WORDS})")
    return words


def parse_severity(text: str) -> Severity:
    try:
        return Severity(text)
    except ValueError as exc:
        known = ", ".join(Severity)
        raise BadInput(f"severity: {text[:40]!r} (expected one of: {known})") from exc


def parse_state(text: str) -> str:
    if text not in STATES:
        known = ", ".join(STATES)
        raise BadInput(f"state: {text[:40]!r} (expected one of: {known})")
    return text


def parse_camera(text: str) -> str:
    """Return a serial in Meraki's spelling, or the name of a recorder camera."""
    if is_serial(text.upper()):
        return text.upper()
    if not text.isprintable() or len(text) > _MAX_NAME:
        raise BadInput(
            f"camera: {text[:40]!r} (expected a serial, or a name of recorder.cameras)"
        )
    return text


def with_state(search: EventSearch, state: str | None) -> EventSearch:
    """state: as `parse_state` returns it."""
    if state is None:
        return search
    if state == STORED:
        return replace(search, stored=True)
    return replace(search, state=EventState(state))


def of_camera(search: EventSearch, camera: str | None) -> EventSearch:
    """camera: as `parse_camera` returns it."""
    if camera is None:
        return search
    if is_serial(camera):
        return replace(search, place=replace(search.place, serials=(Serial(camera),)))
    place = replace(search.place, serials=(Serial(""),))
    return replace(search, place=place, camera=camera)
