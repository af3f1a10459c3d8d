"""What /webhook takes and answers, as types for the description of the API."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from mvsnap.badges.answers import BadgesAddedAnswer
from mvsnap.web.answers import JobLink


class AlarmMessage(Struct):
    """Whatever the cloud or the machine sends: the rules say where its parts are."""


class AlarmForm(Struct):
    """The same as a form, of fields or of one that holds a JSON text."""


class AlarmJob(JobLink):
    """A job that an alarm led to, with its cameras: for snapshots, and for clips."""

    cameras: list[str]
    clips: list[str]


class AlarmAccepted(Struct, tag_field="status", tag="accepted"):
    """Every job of the alarm is durable; `job` is the first of them.

    notes: what the sender should know. badges: where the message tells of badges.
    """

    jobs: list[AlarmJob]
    notes: list[str]
    badges: BadgesAddedAnswer | UnsetType = UNSET
    job: JobLink | UnsetType = UNSET


class AlarmIgnored(Struct, tag_field="status", tag="ignored"):
    """Nothing follows from the alarm, and why."""

    reason: str


AlarmAnswer = AlarmAccepted | AlarmIgnored
