"""Clip filter: the filter of the list of clips, with what was entered wrong."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from mvsnap.clip_model import ClipState
from mvsnap.domain import CameraName
from mvsnap.errors import BadInput
from mvsnap.store.clips import UNFINISHED, ClipFilter
from mvsnap.store.clips.search import ClipSearch
from mvsnap.texts import N_
from mvsnap.values import replace
from mvsnap.web.event_terms import parse_severity, parse_words
from mvsnap.web.filters import ListFilter, event_id, one_of, typed

ClipsAsked = ListFilter[ClipSearch]

_FIELDS = ("text", "machine", "camera", "severity", "day", "state", "after")

_MAX_NAME = 80
_READY, _DELETED = (ClipState.READY,), (ClipState.DELETED,)
# Deleted ones are only shown on request.
_ALL = (*UNFINISHED, ClipState.READY, ClipState.FAILED)

# By the value of the field: its label, and the clips it shows.
SHOWN: dict[str, tuple[str, ClipFilter]] = {
    "ready": (N_("Ready"), ClipFilter(states=_READY)),
    "recording": (N_("Recording"), ClipFilter(states=UNFINISHED)),
    "failed": (N_("Failed"), ClipFilter(states=(ClipState.FAILED,))),
    "kept": (N_("Kept only"), ClipFilter(states=_ALL, kept=True)),
    "deleted": (N_("Deleted"), ClipFilter(states=_DELETED)),
}


def read_filter(given: Mapping[str, str], zone: ZoneInfo) -> ClipsAsked:
    """Return the filter; an invalid value is left out of `wanted`."""
    texts = typed(given, _FIELDS)
    camera = texts.parsed("camera", _camera)
    since, until = texts.day(zone)
    place = replace(
        texts.parsed("state", _shown) or ClipFilter(states=_ALL),
        cameras=None if camera is None else (camera,),
        since=since,
        until=until,
        after=texts.parsed("after", event_id),
    )
    search = ClipSearch(
        place,
        machine=texts.parsed("machine", _machine) or (),
        words=texts.parsed("text", parse_words) or (),
        severity=texts.parsed("severity", parse_severity),
    )
    return ListFilter(texts.entered, texts.mistakes, search)


def _camera(text: str) -> CameraName:
    if not text.isprintable() or len(text) > _MAX_NAME:
        raise BadInput(f"{text[:40]!r} (expected a name of recorder.cameras)")
    return CameraName(text)


def _machine(text: str) -> tuple[str, ...]:
    return parse_words(text, "machine")


def _shown(text: str) -> ClipFilter:
    return SHOWN[one_of(text, SHOWN)][1]
