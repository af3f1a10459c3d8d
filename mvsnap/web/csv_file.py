"""A table as a download."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import TypeVar

from flask import Response

from mvsnap.core.csv_table import Columns, csv_lines
from mvsnap.texts.wording import Reason
from mvsnap.web import auth
from mvsnap.web.access_log import downloaded
from mvsnap.web.time_zone import shown_zone

Row = TypeVar("Row")


def csv_file(
    name: str, columns: Columns[Row], pages: Iterable[Iterable[Row]]
) -> Response:
    """Return a table that is streamed; `name` without `.csv`.

    Its times are those of the page for people, and in UTC for programs.
    """
    zone = shown_zone() if auth.session_user_or_none() else UTC
    file = f"{name}.csv"
    downloaded(Reason(file))
    return Response(
        csv_lines(columns, pages, zone),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
