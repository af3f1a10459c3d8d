"""Requests and answers of /webhook as types for the API description."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from mvsnap.badges.answers import BadgesAddedAnswer
from mvsnap.web.answers import JobLink


class AlarmMessage(Struct):
    """Any JSON the cloud or machine sends; the rules say which fields matter."""


class AlarmForm(Struct):
    """The same as a form: plain fields, or one field that holds JSON."""


class AlarmJob(JobLink):
    """A job created by an alarm, with its cameras: for snapshots, and for clips."""

    cameras: list[str]
    clips: list[str]


class AlarmAccepted(Struct, tag_field="status", tag="accepted"):
    """Every job of the alarm is stored; `job` is the first of them.

    notes: remarks for the sender. badges: if the message contains badge events.
    """

    jobs: list[AlarmJob]
    notes: list[str]
    badges: BadgesAddedAnswer | UnsetType = UNSET
    job: JobLink | UnsetType = UNSET


class AlarmIgnored(Struct, tag_field="status", tag="ignored"):
    """The alarm has no effect, and why."""

    reason: str


AlarmAnswer = AlarmAccepted | AlarmIgnored
