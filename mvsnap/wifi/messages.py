"""Messages of Meraki's Location Scanning API, versions 2 and 3, as sightings. Pure.

A version 2 message is about one access point, version 3 about one network:

    {"version": "2.0", "secret": "...", "type": "DevicesSeen", "data": {
      "apMac": "0c:8d:db:00:00:01", "observations": [
        {"clientMac": "a4:83:e7:00:00:02", "seenEpoch": 1772625600, "rssi": 38,
         "seenTime": "2026-03-04T12:00:00Z", "ssid": null}]}}

    {"version": "3.0", "secret": "...", "type": "WiFi", "data": {
      "networkId": "L_1", "observations": [
        {"clientMac": "a4:83:e7:00:00:02", "ssid": null,
         "locations": [{"time": "2026-03-04T12:00:07Z", "rssiRecords": [
           {"apMac": "0c:8d:db:00:00:01", "rssi": -57}]}],
         "latestRecord": {"time": "2026-03-04T12:00:41Z", "nearestApRssi": "-61",
           "nearestApMac": "0c:8d:db:00:00:01"}}]}}

Other fields, such as IP addresses and the user's name, are not even read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from mvsnap.core.strict_json import one_line
from mvsnap.domain import Radio
from mvsnap.errors import BadInput
from mvsnap.wifi.devices import mac_number

# Version 2 gives the signal above the noise floor, which Meraki takes to be -95 dBm.
NOISE_FLOOR_DBM = -95
# An observation without a signal strength counts as barely received.
FAINTEST_DBM = -127
_STRONGEST_DBM = 20
_MAX_SSID = 32
_MAX_NETWORK = 80
# Smaller times are seconds: as milliseconds they would lie before March 1973.
_FIRST_MS = 100_000_000_000
_END_S = 7_289_654_400  # the year 2201
_DIGITS = (10, 13)  # of seconds and milliseconds

_RADIOS = {
    "devicesseen": Radio.WIFI,
    "wifi": Radio.WIFI,
    "bluetoothdevicesseen": Radio.BLUETOOTH,
    "bluetooth": Radio.BLUETOOTH,
    "ble": Radio.BLUETOOTH,
}

Number = int | float | str | None
# An escaped backslash, a whole pair, or else (group 1) half of one.
_HALF = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
# Invalid UTF-8 in a text is only found when it is decoded.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


# Seconds since 1970, dBm, access point (0: unknown). Plain, like the next one: objects
# would take longer than all the rest.
Sighting = tuple[int, int, int]
# MAC address as written, ssid, sightings.
Client = tuple[str, str | None, list[Sighting]]


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A message whose observations are still to be read.

    major: 2 or 3; network_id: "" if there is none.
    """

    major: int
    secret: str
    radio: Radio
    network_id: str
    ap: int
    observations: msgspec.Raw


class _Envelope(msgspec.Struct):
    version: str | int | float = ""
    secret: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Data(msgspec.Struct):
    networkId: str | None = None
    apMac: str | None = None
    observations: msgspec.Raw = msgspec.Raw(b"null")


class _Seen2(msgspec.Struct, gc=False):
    clientMac: str
    rssi: Number = None
    seenEpoch: Number = None
    seenTime: Number = None
    ssid: str | None = None


class _Record(msgspec.Struct, gc=False):
    apMac: str | None = None
    rssi: Number = None


class _Location(msgspec.Struct):
    time: Number = None
    rssiRecords: list[_Record] | None = None


class _Latest(msgspec.Struct, gc=False):
    time: Number = None
    nearestApMac: str | None = None
    nearestApRssi: Number = None


class _Seen3(msgspec.Struct):
    clientMac: str
    ssid: str | None = None
    locations: list[_Location] | None = None
    latestRecord: _Latest | None = None


class _Secret(msgspec.Struct):
    secret: str = ""


_SECRET = msgspec.json.Decoder(_Secret)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_DATA = msgspec.json.Decoder(_Data)
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_ONE: dict[int, msgspec.json.Decoder[Any]] = {
    2: msgspec.json.Decoder(_Seen2),
    3: msgspec.json.Decoder(_Seen3),
}
_ALL: dict[int, msgspec.json.Decoder[Any]] = {
    2: msgspec.json.Decoder(list[_Seen2]),
    3: msgspec.json.Decoder(list[_Seen3]),
}


def without_half_characters(body: bytes) -> bytes:
    """Return the body without lone surrogates, which no decoder accepts.

    They come from names that somebody truncated within an emoji.
    """
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _HALF.sub(lambda found: found[0] if found[1] is None else b"\\ufffd", body)


def secret_of(body: bytes) -> str:
    """Return the secret of a message, "" if it has none or is not a message."""
    try:
        return _SECRET.decode(body).secret
    except _UNREADABLE:
        return ""


def parse(body: bytes) -> ParsedMessage:
    """Return the head of a message.

    Raises:
        BadInput: not a message of version 2 or 3; names the field.
    """
    try:
        found = _ENVELOPE.decode(body)
        data = _DATA.decode(found.data)
    except msgspec.ValidationError as exc:
        raise BadInput(f"body: {exc}") from exc
    except _UNREADABLE as exc:
        raise BadInput("body: not JSON (expected a scanning message)") from exc
    major = str(found.version).partition(".")[0]
    if major not in ("2", "3"):
        shown = one_line(str(found.version), 20)
        raise BadInput(f"version: {shown!r} (expected 2.0, 2.1 or 3.0)")
    radio = _RADIOS.get(found.type.casefold().replace("-", ""))
    if radio is None:
        shown = one_line(found.type, 40)
        expected = "WiFi, BLE, DevicesSeen or BluetoothDevicesSeen"
        raise BadInput(f"type: {shown!r} (expected {expected})")
    if bytes(memoryview(data.observations)[:1]) != b"[":
        raise BadInput("data.observations: expected a list")
    return ParsedMessage(
        int(major),
        found.secret,
        radio,
        one_line(data.networkId or "", _MAX_NETWORK),
        _access_point(data.apMac),
        data.observations,
    )


def clients(
    message: ParsedMessage, complain: Callable[[str], None]
) -> Iterator[Client]:
    """Yield every valid observation.

    complain: called with why one is invalid, in words that quote nothing of it.
    """
    reader = _Reader(message)
    read: Callable[[Any], Client]
    read = reader.client2 if message.major == 2 else reader.client3
    for seen in _decoded(message, complain):
        try:
            yield read(seen)
        except ValueError as exc:
            complain(str(exc))


def _decoded(message: ParsedMessage, complain: Callable[[str], None]) -> Iterator[Any]:
    try:
        yield from _ALL[message.major].decode(message.observations)
    except _UNREADABLE:
        # One of them is invalid: keep the others.
        one = _ONE[message.major]
        for raw in _RAW.decode(message.observations):
            try:
                seen = one.decode(raw)
            except UnicodeDecodeError:
                complain("text that is not UTF-8")
            except (msgspec.DecodeError, RecursionError) as exc:
                complain(one_line(str(exc), 100))
            else:
                yield seen


class _Reader:
    """Reads the observations of one message; caches recurring values."""

    def __init__(self, message: ParsedMessage) -> None:
        self._ap = message.ap
        self._time = _remembering(_seconds)
        self._dbm = _remembering(dbm)
        self._access_point = _remembering(_access_point)

    def client2(self, seen: _Seen2) -> Client:
        epoch = seen.seenEpoch
        at_s = self._time(seen.seenTime if epoch in (None, "", 0) else epoch)
        observed = (at_s, dbm_of_version_2(seen.rssi), self._ap)
        return seen.clientMac, _ssid(seen.ssid), [observed]

    def client3(self, seen: _Seen3) -> Client:
        latest = seen.latestRecord
        sightings = []
        if latest is not None:
            at_s, rssi_dbm = self._time(latest.time), self._dbm(latest.nearestApRssi)
            ap = self._access_point(latest.nearestApMac)
            sightings.append((at_s, rssi_dbm, ap))
        for location in seen.locations or ():
            at_s = self._time(location.time)
            for record in location.rssiRecords or ():
                ap = self._access_point(record.apMac)
                sightings.append((at_s, self._dbm(record.rssi), ap))
        if not sightings:
            raise ValueError("neither latestRecord nor a location with rssiRecords")
        return seen.clientMac, _ssid(seen.ssid), sightings


def _remembering(read: Callable[[Any], int]) -> Callable[[Any], int]:
    """Return a caching version of the function."""

    class Interned(dict[Any, int]):
        def __missing__(self, value: Any) -> int:
            found = self[value] = read(value)
            return found

    return Interned().__getitem__


def dbm(value: Number) -> int:
    """Return a signal strength in dBm, which version 3 writes as text or number.

    Raises:
        ValueError
    """
    if value is None or value == "":
        return FAINTEST_DBM
    try:
        found = round(float(value))
    except (ValueError, OverflowError) as exc:
        raise ValueError("rssi: not a number") from exc
    if not FAINTEST_DBM <= found <= _STRONGEST_DBM:
        raise ValueError(f"rssi: expected {FAINTEST_DBM} to {_STRONGEST_DBM} dBm")
    return found


def dbm_of_version_2(value: Number) -> int:
    """Return the dBm of a version 2 signal: 47 above the noise floor is -48 dBm.

    A negative value is dBm already: some senders use that.

    Raises:
        ValueError
    """
    if value is None or value == "":
        return FAINTEST_DBM
    try:
        above = round(float(value))
    except (ValueError, OverflowError) as exc:
        raise ValueError("rssi: not a number") from exc
    return dbm(above if above < 0 else NOISE_FLOOR_DBM + above)


def _seconds(value: Number) -> int:
    """Return a time in seconds, milliseconds or ISO 8601 (UTC without an offset)."""
    if value is None:
        raise ValueError("time: missing")
    number = _number_of(value) if isinstance(value, str) else value
    # Before dividing: a number of hundreds of digits cannot be divided.
    if not 0 < number < _END_S * 1000:
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


def _access_point(text: str | None) -> int:
    """Return the address as a number, 0 if it is unknown."""
    try:
        return mac_number(text or "")
    except ValueError:
        return 0


def _ssid(text: str | None) -> str | None:
    return one_line(text, _MAX_SSID) if text else None
