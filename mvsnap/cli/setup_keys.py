"""The first API key, for the devices that will call."""

from __future__ import annotations

import secrets
from typing import Any


def new_api_key() -> dict[str, Any]:
    key = secrets.token_urlsafe(24)
    return {"name": "first key", "key": key, "scopes": ["snapshot"]}
