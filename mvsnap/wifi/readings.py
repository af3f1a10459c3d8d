"""Times and signal strengths as senders write them, as numbers. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

# Version 2 gives the signal above the noise floor, which Meraki takes to be -95 dBm.
NOISE_FLOOR_DBM = -95
# An observation without a signal strength counts as barely received.
FAINTEST_DBM = -127
_STRONGEST_DBM = 20
# Earlier times come from a clock that was never set. Smaller ones than the second are
# seconds: as milliseconds they would be earlier, too.
_FIRST_S = 100_000_000  # March 1973
_FIRST_MS = _FIRST_S * 1000
_END_S = 7_289_654_400  # the year 2201
_DIGITS = (10, 13)  # of seconds and milliseconds

Number = int | float | str | None


def dbm(value: Number) -> int:
    """Return a signal strength in dBm, which version 3 writes as text or number.

    One that no radio can have is the nearest possible; what is no number is unknown.
    """
    found = _signal(value)
    if found is None:
        return FAINTEST_DBM
    return round(min(max(found, FAINTEST_DBM), _STRONGEST_DBM))


def dbm_of_version_2(value: Number) -> int:
    """Return the dBm of a version 2 signal: 47 above the noise floor is -48 dBm.

    A negative value is dBm already: some senders use that.
    """
    above = _signal(value)
    return dbm(above if above is None or above < 0 else NOISE_FLOOR_DBM + above)


def _signal(value: Number) -> float | None:
    """Return the number, None if there is none."""
    try:
        found = float(value) if value is not None else float("nan")
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) else None


def moment_s(value: Number) -> int:
    """Return a time in seconds, milliseconds or ISO 8601 (UTC without an offset)."""
    if value is None:
        raise ValueError("time: missing")
    number = _number_of(value) if isinstance(value, str) else value
    # Before dividing: a number of hundreds of digits cannot be divided.
    if not _FIRST_S <= number < _END_S * 1000:
        raise ValueError("time: out of range")
    at_s = number / 1000 if number >= _FIRST_MS else number
    if at_s >= _END_S:
        raise ValueError("time: out of range")
    return int(at_s)


def _number_of(text: str) -> float:
    if text.isascii() and text.isdigit() and len(text) in _DIGITS:
        # As a date without separators, 1800010112345 would be in the year 1800.
        return float(text)
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        return float(text[:30])
    except ValueError as exc:
        raise ValueError("time: neither seconds, milliseconds nor ISO 8601") from exc
