"""Audit log: who changed or saw what, and who logged in, as a list and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core.audit_table import AUDIT_COLUMNS
from mvsnap.core.users import KINDS_OF_LINES, has_failed
from mvsnap.domain import Change, Role
from mvsnap.errors import BadInput
from mvsnap.store.audit import AuditFilter, AuditLog
from mvsnap.store.paging import Page
from mvsnap.values import replace
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.filters import ListFilter, older_url, one_of, plain, typed

bp = Blueprint("audit", __name__)

AuditAsked = ListFilter[AuditFilter]

_PAGE = 50
_KINDS = {kind: kind.capitalize() for kind in ("changes", *KINDS_OF_LINES)}
_HIGHEST_ID = 2**31 - 1


@bp.get("/audit")
@auth.page(Role.ADMIN)
def index() -> ResponseReturnValue:
    here, asked = gateway(), _asked()
    found = [] if asked.mistakes else here.audit.lines(asked.wanted, _PAGE + 1)
    shown = Page.cut(found, _PAGE)
    page = render_template(
        "audit/index.html",
        asked=asked,
        people=here.audit.people(),
        kinds=_KINDS,
        rows=[(line.change, has_failed(line.change)) for line in shown.rows],
        older=older_url(asked, shown.last.id if shown.last else None),
        newest=url_for(".index", **asked.query),
        csv_url=url_for(".download", **asked.query),
        kept_days=max(365, here.settings.storage.retention_days),
    )
    return page, 400 if asked.mistakes else 200


@bp.get("/audit.csv")
@auth.page(Role.ADMIN)
def download() -> ResponseReturnValue:
    asked = _asked()
    asked.require_valid()
    wanted = replace(asked.wanted, after=None)
    changes = _changes(gateway().audit, wanted)
    return csv_file("mvsnap-audit", AUDIT_COLUMNS, changes)


def _changes(log: AuditLog, wanted: AuditFilter) -> Iterator[list[Change]]:
    for page in log.pages(wanted):
        yield [line.change for line in page]


def _asked() -> AuditAsked:
    return read_filter(request.args, gateway().zone)


def read_filter(given: Mapping[str, str], zone: ZoneInfo) -> AuditAsked:
    """Return the filter; an invalid value is left out of `wanted`."""
    texts = typed(given, ("who", "kind", "day", "after"))
    since, until = texts.day(zone)
    wanted = AuditFilter(
        who=texts.parsed("who", plain),
        kind=texts.parsed("kind", lambda text: one_of(text, _KINDS)),
        since=since,
        until=until,
        after=texts.parsed("after", _line_id),
    )
    return ListFilter(texts.entered, texts.mistakes, wanted)


def _line_id(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= 10
    if not is_number or int(text) > _HIGHEST_ID:
        raise BadInput(f"{text[:40]!r} (expected a line number)")
    return int(text)
