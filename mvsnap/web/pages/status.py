"""The status page: trouble first, and live."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from mvsnap import __version__
from mvsnap.domain import Role
from mvsnap.status.model import Condition, StatusRow
from mvsnap.status.summary import unknown_parts, without_trouble
from mvsnap.web import auth
from mvsnap.web.pages.live_list import digest
from mvsnap.web.pages.live_part import LivePart, shared
from mvsnap.web.status.read import SiteStatus, read_status

bp = Blueprint("status", __name__)


@bp.get("/status")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    status = read_status()
    return render_template(
        "status/index.html",
        **_list(status),
        etag=_etag(status),
        rows_url=url_for(".rows"),
    )


@bp.get("/status/rows")
@auth.page(Role.VIEWER)
def rows() -> ResponseReturnValue:
    """The rows alone, for the page that polls them."""
    return shared("status", _part).answer()


def _part() -> LivePart:
    status = read_status()
    return LivePart(
        _etag(status), lambda: render_template("status/_list.html", **_list(status))
    )


def _list(status: SiteStatus) -> dict[str, Any]:
    # What is in trouble is above, and only there.
    others = (row for row in status.rows if row.health is not Condition.TROUBLE)
    groups = groupby(others, key=lambda row: row.group)
    return {
        "status": status,
        "said": "" if status.trouble else without_trouble(status.rows),
        "has_unknown": bool(unknown_parts(status.rows)),
        "groups": [(group, sorted(found, key=_rank)) for group, found in groups],
    }


def _rank(row: StatusRow) -> bool:
    return row.health is Condition.OK


def _etag(status: SiteStatus) -> str:
    """Ages are counted on by the page: without news nothing is sent."""
    return digest("\n".join([__version__, *(row.tag for row in status.rows)]))
