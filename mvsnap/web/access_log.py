"""Who looked at what, and who was refused: lines of the audit log, few of each.

A page shows one thing many times, and a player asks for a video in pieces: one line per
person, thing and quarter of an hour. Each download is a line. What one person can have
written in an hour has a limit, as the log may be on an SD card.
"""

from __future__ import annotations

from flask import g, request

from mvsnap.core.users import DOWNLOADED, REFUSED, VIEWED
from mvsnap.domain import Change
from mvsnap.web.context import gateway
from mvsnap.web.request_log import path_without_token

_LONGEST = 200


def viewed(thing: str) -> None:
    """Note that the caller is shown a picture, a clip or a badge event."""
    _note(VIEWED, thing)


def downloaded(thing: str) -> None:
    """Note that the caller is sent a file; a later part of it is not another one."""
    if request.headers.get("Range", "bytes=0-").replace(" ", "").startswith("bytes=0-"):
        _note(DOWNLOADED, thing)


def refused(why: str) -> None:
    """Note a 403: which path, without a secret that is part of it."""
    _note(REFUSED, f"{request.method} {path_without_token()}: {why[:_LONGEST]}")


def _note(what: str, thing: str) -> None:
    person, caller = g.get("person"), g.get("caller")
    known = person or caller
    who = known.name if known else f"unknown, from {request.remote_addr}"
    here = gateway()
    text = here.accesses.line(who, what, thing)
    if text is not None:
        here.audit.note(Change(here.clock.now(), who, what, "", text))
