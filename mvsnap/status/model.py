"""Rows of the status, the same for the page and for programs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from mvsnap.texts import N_
from mvsnap.texts.sentences import localized


class Condition(StrEnum):
    OK = "ok"
    TROUBLE = "trouble"
    UNKNOWN = "unknown"


class Group(StrEnum):
    SERVICES = N_("Services")
    JOBS = N_("Jobs")
    CAMERAS = N_("Recording cameras")
    MERAKI = N_("Meraki cameras")
    SENSE = N_("MV Sense")
    PROCESSES = N_("Processes")
    SITE = N_("This site")


# Groups whose rows are named by people, and what is no such name among them.
_NAMED = (Group.CAMERAS, Group.MERAKI, Group.SENSE, Group.PROCESSES)
_OURS = ("Recorder", "Listener")


class StatusRow(Struct, frozen=True):
    """One part of a site. text: what is the case; advice: what to do about it.

    since: when this state began; seen_at: when it was known to be so.
    is_since_unknown: people should know that nobody saw it begin.
    """

    group: Group
    name: str
    health: Condition
    text: str = ""
    advice: str = ""
    since: datetime | None = None
    worked_at: datetime | None = None
    failed_at: datetime | None = None
    seen_at: datetime | None = None
    is_since_unknown: bool = False

    @property
    def shown_name(self) -> str:
        """In the site's language; what people named stays as it is."""
        is_theirs = self.group in _NAMED and self.name not in _OURS
        return self.name if is_theirs else localized(self.name)

    @property
    def tag(self) -> str:
        return repr(self)
