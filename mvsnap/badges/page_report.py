"""The end of a review, and the report for whoever takes over."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.badges.filter import Only, ReviewFilter
from mvsnap.badges.lookup import store
from mvsnap.badges.model import Verdict
from mvsnap.badges.page_directory import directory_trouble
from mvsnap.badges.page_list import (
    asked_filter,
    badge_rows,
    counted,
    counted_by_verdict,
    first_open,
    way_back,
)
from mvsnap.badges.page_rows import BadgeRow
from mvsnap.badges.page_verdicts import last_verdict
from mvsnap.badges.parts import BadgeParts
from mvsnap.domain import Role
from mvsnap.texts import N_
from mvsnap.texts.audit_wordings import BADGE_REPORT
from mvsnap.values import replace
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.context import feature, gateway

bp = Blueprint("badge_report", __name__)

# Of each verdict, on paper; the table has all of them.
_MOST_LISTED = 100
_HANDED_OVER = (Verdict.MISMATCH, Verdict.UNSURE, Verdict.OPEN)
# Of a filter, in the words of the report.
_LABELS = {
    "reader": N_("Reader"),
    "person": N_("Person"),
    "department": N_("Department"),
    "verdict": N_("Verdict"),
}


class ReportPart(Struct, frozen=True):
    """The events with one verdict; is_more: there are more than `rows`."""

    verdict: Verdict
    rows: list[BadgeRow]
    is_more: bool


@bp.get("/badges/end")
@auth.page(Role.VIEWER)
def end() -> ResponseReturnValue:
    """Behind the last event of a list: what was found, and what is left."""
    asked = asked_filter()
    asked.require_valid()
    return render_template(
        "badges/end.html",
        asked=asked,
        first_open=first_open(asked),
        open_query=asked.query | {"verdict": Verdict.OPEN},
        undoable=last_verdict(),
        **_totals(asked),
    )


@bp.get("/badges/report")
@auth.page(Role.VIEWER)
def report() -> ResponseReturnValue:
    """A page to print; without a day or a shift it is of today."""
    asked = asked_filter()
    asked.require_valid()
    here = gateway()
    now = here.clock.now()
    if asked.wanted.since is None:
        today = now.astimezone(here.zone).date()
        return redirect(url_for(".report", **asked.query, day=today.isoformat()))
    viewed(BADGE_REPORT())
    return render_template(
        "badges/report.html",
        asked=asked,
        chosen=list(_chosen(asked).items()),
        parts=_parts(asked),
        made_at=now,
        made_by=auth.person().name,
        directory=directory_trouble(),
        **_totals(asked),
    )


def _totals(asked: ReviewFilter) -> dict[str, Any]:
    """Return how many events there are, and what is to be said of them."""
    wanted, directory = way_back(asked), feature(BadgeParts).directory
    # Without a directory nobody is known, which is no news.
    unknown = "-" if directory.is_empty() else counted(replace(wanted, is_unknown=True))
    return {
        "all": counted(wanted),
        "by_verdict": counted_by_verdict(wanted),
        "unknown": unknown,
        "no_picture": counted(replace(wanted, lacks_picture=True)),
    }


def _parts(asked: ReviewFilter) -> list[ReportPart]:
    wanted, parts = way_back(asked), []
    for verdict in _HANDED_OVER:
        if wanted.verdict not in (None, verdict):
            continue
        found = store().badges(replace(wanted, verdict=verdict), _MOST_LISTED + 1)
        rows = badge_rows(found[:_MOST_LISTED])
        if rows:
            parts.append(ReportPart(verdict, rows, len(found) > _MOST_LISTED))
    return parts


def _chosen(asked: ReviewFilter) -> dict[str, str]:
    """Return the filter in words, without the time, which has a line of its own."""
    found = {
        label: asked.entered[name]
        for name, label in _LABELS.items()
        if name in asked.entered
        and not (name == "verdict" and asked.wanted.verdict is Verdict.OPEN)
    }
    if "only" in asked.entered:
        found["Only"] = Only(asked.entered["only"]).text
    return found
