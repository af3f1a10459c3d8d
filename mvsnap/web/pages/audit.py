"""Audit log: who changed what, and who logged in, as a list and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core.audit_table import csv_lines
from mvsnap.core.days import day_span
from mvsnap.core.users import has_failed
from mvsnap.domain import Change, Role
from mvsnap.errors import BadInput
from mvsnap.store.audit import AuditFilter, AuditLog
from mvsnap.web import auth
from mvsnap.web.context import gateway

bp = Blueprint("audit", __name__)

_PAGE = 50
_LONGEST_NAME = 200
_HIGHEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """entered: the texts that are not empty; mistakes: what is wrong with them."""

    entered: dict[str, str]
    mistakes: dict[str, str]
    wanted: AuditFilter

    @property
    def query(self) -> dict[str, Any]:
        """The parameters without the page, for an address."""
        return {name: text for name, text in self.entered.items() if name != "after"}


@bp.get("/audit")
@auth.page(Role.ADMIN)
def index() -> ResponseReturnValue:
    here, asked = gateway(), _asked()
    found = [] if asked.mistakes else here.audit.lines(asked.wanted, _PAGE + 1)
    shown, rest = found[:_PAGE], found[_PAGE:]
    older = url_for(".index", **asked.query, after=shown[-1].id) if rest else None
    page = render_template(
        "audit/index.html",
        asked=asked,
        people=here.audit.people(),
        rows=[(line.change, has_failed(line.change)) for line in shown],
        older=older,
        newest=url_for(".index", **asked.query),
        csv_url=url_for(".download", **asked.query),
        kept_days=max(365, here.settings.storage.retention_days),
    )
    return page, 400 if asked.mistakes else 200


@bp.get("/audit.csv")
@auth.page(Role.ADMIN)
def download() -> ResponseReturnValue:
    asked = _asked()
    for message in asked.mistakes.values():
        raise BadInput(message)
    wanted = replace(asked.wanted, after=None)
    return Response(
        csv_lines(_changes(gateway().audit, wanted)),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="mvsnap-audit.csv"'},
    )


def _changes(log: AuditLog, wanted: AuditFilter) -> Iterator[list[Change]]:
    for page in log.pages(wanted):
        yield [line.change for line in page]


def _asked() -> Asked:
    return read_filter(request.args, ZoneInfo(gateway().settings.site.timezone))


def read_filter(given: Mapping[str, str], zone: ZoneInfo) -> Asked:
    """Return what is asked for; a value that cannot be used is a mistake."""
    texts = {name: given.get(name, "").strip() for name in ("who", "day", "after")}
    entered = {name: text for name, text in texts.items() if text}
    mistakes: dict[str, str] = {}
    wanted = AuditFilter()
    for name, text in entered.items():
        try:
            wanted = replace(wanted, **_parsed(name, text, zone))
        except BadInput as exc:
            mistakes[name] = exc.message
    return Asked(entered, mistakes, wanted)


def _parsed(name: str, text: str, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields of the filter that this parameter sets."""
    if name == "day":
        since, until = day_span(text, zone)
        return {"since": since, "until": until}
    if name == "who":
        # No name holds a NUL, and PostgreSQL refuses to look for one.
        if not text.isprintable() or len(text) > _LONGEST_NAME:
            raise BadInput(f"who: {text[:40]!r} (expected a name)")
        return {"who": text}
    is_number = text.isascii() and text.isdigit() and len(text) <= 10
    if not is_number or int(text) > _HIGHEST_ID:
        raise BadInput(f"after: {text[:40]!r} (expected the number of a line)")
    return {"after": int(text)}
