"""An observation with odd fields, as the fields that can be read. Pure.

Only used for what the typed decoders refuse: one bad value costs that value alone.
"""

from __future__ import annotations

import json
from typing import Any

from mvsnap.spelling import fold

_MOST = 1000  # locations, and records of each


def fields_of(raw: bytes) -> dict[str, Any]:
    """Return the known fields of an observation; null for those of another type.

    Raises:
        ValueError: it is not an object with a clientMac.
    """
    found = _folded(json.loads(raw))
    if found is None:
        raise ValueError("not an object")
    mac = found.get("clientmac")
    if not isinstance(mac, str):
        raise ValueError("clientMac: expected text")
    fields: dict[str, Any] = {
        "clientMac": mac,
        "ssid": _text(found.get("ssid")),
        "locations": [_location(row) for row in _objects(found.get("locations"))],
        "latestRecord": _latest(found.get("latestrecord")),
    }
    for name in ("rssi", "seenEpoch", "seenTime"):
        fields[name] = _number(found.get(fold(name)))
    return fields


def _latest(value: Any) -> dict[str, Any] | None:
    found = _folded(value)
    if found is None:
        return None
    return {
        "time": _number(found.get("time")),
        "nearestApMac": _text(found.get("nearestapmac")),
        "nearestApRssi": _number(found.get("nearestaprssi")),
    }


def _location(found: dict[str, Any]) -> dict[str, Any]:
    records = [
        {"apMac": _text(row.get("apmac")), "rssi": _number(row.get("rssi"))}
        for row in _objects(found.get("rssirecords"))
    ]
    return {"time": _number(found.get("time")), "rssiRecords": records}


def _objects(value: Any) -> list[dict[str, Any]]:
    rows = value[:_MOST] if isinstance(value, list) else []
    return [found for row in rows if (found := _folded(row)) is not None]


def _folded(value: Any) -> dict[str, Any] | None:
    """Return an object with its keys in one spelling, None for anything else."""
    if not isinstance(value, dict):
        return None
    return {fold(key): inner for key, inner in value.items() if inner is not None}


def _text(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | float | str | None:
    if isinstance(value, int) and (isinstance(value, bool) or abs(value) >= 2**63):
        return None
    return value if isinstance(value, int | float | str) else None
