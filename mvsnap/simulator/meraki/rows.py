"""Rows: filters and pages of the simulated Dashboard's lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from mvsnap.simulator.meraki.errors import DashboardError

Row = dict[str, Any]
_Rows = list[Row]

# Query name -> the key of a row that has to be one of the values, or to contain the
# text. A filter on an absent key passes: a network has no serial.
_ONE_OF = {
    "networkIds": "networkId",
    "productTypes": "productType",
    "serials": "serial",
    "macs": "mac",
    "models": "model",
    "statuses": "status",
}
_CONTAINS = ("name", "mac", "serial", "model")
# Sorts behind every serial and id.
_END = "~"


def filtered(rows: _Rows, *names: str) -> _Rows:
    """Return the rows that pass the query's filters of these names.

    Lists need [] behind their name: without it they filter nothing, whatever Meraki's
    description says.
    """
    for name in names:
        if name in _CONTAINS:
            rows = _containing(rows, name)
        elif name == "tags":
            rows = _tagged(rows)
        else:
            rows = _one_of(rows, name)
    return rows


def _one_of(rows: _Rows, name: str) -> _Rows:
    values = set(request.args.getlist(f"{name}[]"))
    if not values:
        return rows
    return [row for row in rows if values & _values(row, name, values)]


def _values(row: Row, name: str, otherwise: set[str]) -> set[str]:
    """Return a row's values for a filter: networks have a list, devices one value."""
    if name in row:
        return set(row[name])
    key = _ONE_OF[name]
    return {row[key]} if key in row else otherwise


def _containing(rows: _Rows, name: str) -> _Rows:
    text = request.args.get(name, "").casefold()
    return [row for row in rows if text in row.get(name, "").casefold()]


def _tagged(rows: _Rows) -> _Rows:
    tags = request.args.getlist("tags[]")
    if not tags:
        return rows
    matches: Callable[[Iterable[object]], bool]
    match request.args.get("tagsFilterType", "withAnyTags"):
        case "withAnyTags":
            matches = any
        case "withAllTags":
            matches = all
        case _:
            raise DashboardError(
                400, "'tagsFilterType' must be one of: withAllTags, withAnyTags"
            )
    return [row for row in rows if matches(tag in row["tags"] for tag in tags)]


def page(rows: _Rows, key: str, *, per_page: tuple[int, int, int]) -> Response:
    """Return one page of rows, sorted by `key`, with a Link header.

    per_page: least, most, default.
    """
    least, most, default = per_page
    size = request.args.get("perPage", default, type=int)
    if not least <= size <= most:
        raise DashboardError(400, f"'perPage' must be between {least} and {most}")
    keys = [row[key] for row in rows]
    before, after = request.args.get("endingBefore"), request.args.get("startingAfter")
    if before and after:
        raise DashboardError(
            400, "Only one of 'startingAfter' and 'endingBefore' can be specified"
        )
    end = sum(known < before for known in keys) if before else len(rows)
    start = max(0, end - size) if before else sum(k <= (after or "") for k in keys)
    end = min(end, start + size)
    response = jsonify(rows[start:end])
    response.headers["Link"] = ", ".join(_links(keys, start, end, size))
    return response


def _links(keys: list[str], start: int, end: int, size: int) -> list[str]:
    """Return up to four links; Meraki puts no quotes around `rel`."""
    links = [f"<{_page_url(size)}>; rel=first"]
    if 0 < start < len(keys):
        links.append(f"<{_page_url(size, endingBefore=keys[start])}>; rel=prev")
    if start < end < len(keys):
        links.append(f"<{_page_url(size, startingAfter=keys[end - 1])}>; rel=next")
    if len(keys) > size:
        links.append(f"<{_page_url(size, endingBefore=_END)}>; rel=last")
    return links


def _page_url(size: int, **token: str) -> str:
    own = ("perPage", "startingAfter", "endingBefore")
    query = [pair for pair in request.args.items(multi=True) if pair[0] not in own]
    query += [("perPage", str(size)), *token.items()]
    return f"{request.base_url}?{urlencode(query)}"
