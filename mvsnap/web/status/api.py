"""The status for programs: the rows of the page."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mvsnap.clock import iso
from mvsnap.status.model import StatusRow
from mvsnap.web import auth
from mvsnap.web.answers import StatusAnswer, StatusRowAnswer, json_response
from mvsnap.web.params import allow_no_parameters
from mvsnap.web.status.read import read_status

bp = Blueprint("status_api", __name__, url_prefix="/api/v1.0")


@bp.get("/status")
@auth.api_key("read")
def get_status() -> ResponseReturnValue:
    allow_no_parameters()
    status = read_status()
    rows = [_row(row) for row in status.rows]
    return json_response(StatusAnswer(status.health, iso(status.at), rows))


def _row(row: StatusRow) -> StatusRowAnswer:
    return StatusRowAnswer(
        group=row.group,
        name=row.name,
        health=row.health,
        text=row.text,
        advice=row.advice,
        since=_time(row.since),
        worked_at=_time(row.worked_at),
        failed_at=_time(row.failed_at),
        seen_at=_time(row.seen_at),
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
