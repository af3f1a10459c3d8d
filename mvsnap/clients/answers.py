"""Answers of the clouds: headers and error bodies, read without trusting them. Pure."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_LONGEST_WAIT_S = 3600.0
_LINK = re.compile(r"\w+://\S+")


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, 0..3600, or None without one.

    Webex has been seen to send `rand(30),add(30)`; proxies send HTTP dates.
    """
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - now).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_WAIT_S)


def parse_json(body: bytes) -> Any:
    """Return the parsed body, or None if it is not JSON (HTML, empty, truncated)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def clean(text: str, *secrets: str) -> str:
    """Return a service's own message as one short line without links and secrets."""
    text = _LINK.sub("[link]", text)
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[secret]")
    return " ".join(text.split())[:300]
