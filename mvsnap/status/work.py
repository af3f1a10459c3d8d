"""Rows of what a site does: jobs, recording cameras, listeners, cleaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import starmap

from mvsnap.domain import Listener
from mvsnap.program import program
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.recorder_rows import RecorderRow, RecorderSummary
from mvsnap.store.files.stray_pictures import STRAY_PICTURES
from mvsnap.store.sense import alive
from mvsnap.texts import N_
from mvsnap.texts import status_wordings as said
from mvsnap.texts.broker_wordings import WITH_RATE
from mvsnap.texts.camera_wordings import STATES
from mvsnap.texts.channel_wordings import PURGE_BY_FORCE, PURGE_STRAYS, START_SENSE
from mvsnap.texts.reasons import recognised
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import WITH

# A job is tried again every ten minutes at most.
_LONG_WAIT = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(days=1)


def queue_row(
    waiting: int, most: int, oldest_at: datetime | None, now: datetime
) -> StatusRow:
    """most: how many may wait; oldest_at: when the job that waits longest came."""
    if not waiting:
        return StatusRow(Group.JOBS, N_("Waiting"), Condition.OK, N_("none"))
    text = said.ONE_JOB() if waiting == 1 else said.JOBS(count=waiting)
    if waiting >= most:
        advice = N_(
            "Triggers are refused until fewer wait: see why, or raise queue_size."
        )
        return _waiting(Condition.TROUBLE, text, advice, oldest_at)
    if oldest_at is not None and now - oldest_at > _LONG_WAIT:
        return _waiting(Condition.TROUBLE, text, N_("See which, and why."), oldest_at)
    return _waiting(Condition.OK, text, "", oldest_at)


def _waiting(
    health: Condition, text: str, advice: str, oldest_at: datetime | None
) -> StatusRow:
    return StatusRow(Group.JOBS, N_("Waiting"), health, text, advice, since=oldest_at)


def given_up_row(messages: int) -> StatusRow:
    """messages: those given up within the last day."""
    name = N_("Messages given up within a day")
    if not messages:
        return StatusRow(Group.JOBS, name, Condition.OK, N_("none"))
    text = said.ONE_MESSAGE() if messages == 1 else said.MESSAGES(count=messages)
    return StatusRow(
        Group.JOBS, name, Condition.TROUBLE, text, N_("See why, and try again.")
    )


def camera_rows(recorder: RecorderSummary) -> Iterator[StatusRow]:
    if recorder.silent_since is not None:
        yield StatusRow(
            Group.CAMERAS,
            N_("Recorder"),
            Condition.TROUBLE,
            N_("not running"),
            N_("Start a process that records."),
            seen_at=recorder.silent_since,
        )
    elif recorder.has_none:
        yield StatusRow(
            Group.CAMERAS,
            N_("Recorder"),
            Condition.UNKNOWN,
            N_("has not run yet"),
            N_("Start a process that records."),
        )
    for row in recorder.rows:
        yield _camera(row)


def _camera(row: RecorderRow) -> StatusRow:
    health = Condition.OK if row.is_well else Condition.TROUBLE
    if row.colour == "secondary":
        health = Condition.UNKNOWN
    reason = row.text if row.text != row.word else ""
    advice = (
        ""
        if health is not Condition.TROUBLE
        else N_("See that it has power and network.")
    )
    return StatusRow(
        Group.CAMERAS,
        row.name,
        health,
        _said(row.word, reason),
        advice,
        since=row.since if health is not Condition.UNKNOWN else None,
        seen_at=row.seen_at,
    )


def _said(word: str, reason: str) -> str:
    state = STATES.get(word)
    known = state() if state else word
    return WITH(first=known, then=reason) if reason else known


def sense_rows(
    listeners: Sequence[Listener], enabled: bool, now: datetime
) -> Iterator[StatusRow]:
    recent = [one for one in listeners if now - one.seen_at < _FORGOTTEN_AFTER]
    here = alive(listeners, now)
    if enabled and not here:
        yield StatusRow(
            Group.SENSE,
            N_("Listener"),
            Condition.TROUBLE,
            N_("no process with the role sense is running"),
            START_SENSE(mvsnap=program()),
        )
    for one in recent:
        health, advice = Condition.OK, ""
        text: str = one.state
        if one not in here:
            # Another one may have its work.
            health, text = Condition.UNKNOWN, N_("no heartbeat")
        elif not enabled:
            text = N_("switched off")
        elif not one.connected:
            health, advice = Condition.TROUBLE, N_("See the MQTT broker.")
        else:
            text = WITH_RATE(what=one.state, rate=round(one.messages_per_s, 1))
        yield StatusRow(
            Group.SENSE, one.listener_id, health, text, advice, seen_at=one.seen_at
        )


def cleaning_row(held: Mapping[str, str]) -> StatusRow:
    if not held:
        return StatusRow(Group.SITE, N_("Cleaning"), Condition.OK, N_("runs"))
    kinds: dict[str, list[str]] = {}  # by what several have in common
    for kind, why in held.items():
        kinds.setdefault(why, []).append(kind)
    text = said.REASONS_TO_KEEP.of(*starmap(_not_removed, kinds.items()))
    advice = PURGE_STRAYS if held.keys() == {STRAY_PICTURES} else PURGE_BY_FORCE
    return StatusRow(
        Group.SITE,
        N_("Cleaning"),
        Condition.TROUBLE,
        text,
        advice(mvsnap=program()),
    )


def _not_removed(why: str, kinds: Sequence[str]) -> Reason:
    found = [said.DATA[kind]() if kind in said.DATA else Reason(kind) for kind in kinds]
    known = said.CLOCK_NOT_SETTLED, said.MOST_WOULD_GO, said.STRAYS
    reason = recognised(why, known)
    if not reason.code:  # of pictures in several folders
        parts = [recognised(part, known) for part in why.split("; ")]
        reason = said.REASONS_TO_KEEP.of(*parts)
    return said.NOT_REMOVED(kinds=said.KINDS_OF_DATA.of(*found), why=reason)
