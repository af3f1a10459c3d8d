"""Paging: one page of a list, and the link to the next."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.webex import FakeWebex

_DEFAULT_SIZE = 100
_MOST = 1000


def page_size(webex: FakeWebex, default: int = _DEFAULT_SIZE) -> int:
    """Return how many items a page has; Webex lowers a `max` that is too large."""
    wanted = request.args.get("max", default=default, type=int)
    return max(1, min(wanted, webex.page_max, _MOST))


def page(webex: FakeWebex, items: Sequence[dict[str, Any]], **more: Any) -> Response:
    """Return the page that the query asks for; more: keys beside `items`."""
    size, start = page_size(webex), _start(request.args.get("cursor"))
    end = start + size
    response = jsonify(items=items[start:end], **more)
    if end < len(items) or (webex.empty_last_page and start < len(items)):
        cursor = base64.urlsafe_b64encode(f"last={end}".encode()).decode().rstrip("=")
        # Webex sends parameters without a value, too.
        link_next(response, size, f"&before&cursor={cursor}")
    return response


def link_next(response: Response, size: int, token: str) -> None:
    """Link the next page, on the host that the caller used."""
    own = ("max", "cursor", "before", "beforeMessage")
    kept = {name: text for name, text in request.args.items() if name not in own}
    url = f"{request.base_url}?{urlencode({'max': size, **kept})}{token}"
    response.headers["Link"] = f'<{url}>; rel="next"'


def _start(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        plain = base64.urlsafe_b64decode(padded).decode()
        return int(plain.removeprefix("last="))
    except ValueError as exc:
        raise WebexError(400, "The cursor is not valid.") from exc
