"""Who looked at what, and who was refused: lines of the audit log, few of each.

A page shows one thing many times, and a player asks for a video in pieces: one line per
person, thing and quarter of an hour. Each download is a line. What one person can have
written in an hour has a limit, as the log may be on an SD card.
"""

from __future__ import annotations

from flask import g, request

from mvsnap.core.users import DOWNLOADED, REFUSED, VIEWED
from mvsnap.domain import Change
from mvsnap.texts import audit_wordings
from mvsnap.texts.wording import Reason
from mvsnap.web.context import gateway
from mvsnap.web.proxies import party_of
from mvsnap.web.request_log import path_without_token


def viewed(thing: Reason) -> None:
    """Note that the caller is shown a picture, a clip or a badge event."""
    _note(VIEWED, thing)


def downloaded(thing: Reason) -> None:
    """Note that the caller is sent a file; a later part of it is not another one."""
    if request.headers.get("Range", "bytes=0-").replace(" ", "").startswith("bytes=0-"):
        _note(DOWNLOADED, thing)


def refused(why: Reason) -> None:
    """Note a 403: which path, without a secret that is part of it."""
    path, method = path_without_token(), request.method
    _note(REFUSED, audit_wordings.REFUSED_AT(method=method, path=path, why=why))


def _note(what: Reason, thing: Reason) -> None:
    person, caller = g.get("person"), g.get("caller")
    known = person or caller
    who = counted = known.name if known else ""
    if not known:
        address = str(request.remote_addr)
        who = audit_wordings.UNKNOWN_FROM(address=address)
        counted = audit_wordings.UNKNOWN_FROM(address=party_of(address))
    here = gateway()
    text = here.accesses.line(counted, what, thing)
    if text is not None:
        here.audit.note(Change(here.clock.now(), who, what, Reason(""), text))
