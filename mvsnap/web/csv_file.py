"""A table as a download."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from flask import Response

from mvsnap.core.csv_table import Columns, csv_lines
from mvsnap.web.access_log import downloaded

Row = TypeVar("Row")


def csv_file(
    name: str, columns: Columns[Row], pages: Iterable[Iterable[Row]]
) -> Response:
    """Return a table that is streamed; `name` without `.csv`."""
    downloaded(f"{name}.csv")
    return Response(
        csv_lines(columns, pages),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
