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

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from mvsnap.core.strict_json import one_line
from mvsnap.errors import BadInput
from mvsnap.wifi.devices import mac_number
from mvsnap.wifi.lenient import fields_of
from mvsnap.wifi.mending import NO_JSON, is_readable, readable
from mvsnap.wifi.model import Radio
from mvsnap.wifi.readings import Number, dbm, dbm_of_version_2, moment_s

_MAX_SSID = 32
_MAX_NETWORK = 80

_RADIOS = {
    "devicesseen": Radio.WIFI,
    "wifi": Radio.WIFI,
    "bluetoothdevicesseen": Radio.BLUETOOTH,
    "bluetooth": Radio.BLUETOOTH,
    "ble": Radio.BLUETOOTH,
}

# Invalid UTF-8 in a text is only found when it is decoded.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


# Seconds since 1970, dBm, access point (0: unknown). Plain, like the next one: objects
# would take longer than all the rest.
Sighting = tuple[int, int, int]
# MAC address as written, ssid, sightings.
Client = tuple[str, str | None, list[Sighting]]


class ParsedMessage(Struct, frozen=True):
    """A message whose observations are still to be read.

    major: 2 or 3; network_id: "" if there is none.
    """

    major: int
    radio: Radio
    network_id: str
    ap: int
    observations: msgspec.Raw


class _Envelope(msgspec.Struct):
    version: str | int | float = ""
    secret: str | int | None = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Data(msgspec.Struct):
    networkId: str | int | None = None
    apMac: Any = None
    observations: msgspec.Raw = msgspec.Raw(b"null")


class _Whole(msgspec.Struct):
    version: str | int | float = ""
    secret: str | int | None = ""
    type: str = ""
    data: _Data = msgspec.field(default_factory=_Data)


# None of them is part of a cycle: without gc=False the garbage collector would look
# for one again and again while they are made.
class _Seen2(msgspec.Struct, gc=False):
    clientMac: str
    rssi: Number = None
    seenEpoch: Number = None
    seenTime: Number = None
    ssid: str | None = None


class _Record(msgspec.Struct, gc=False):
    apMac: str | None = None
    rssi: Number = None


class _Location(msgspec.Struct, gc=False):
    time: Number = None
    rssiRecords: list[_Record] | None = None


class _Latest(msgspec.Struct, gc=False):
    time: Number = None
    nearestApMac: str | None = None
    nearestApRssi: Number = None


class _Seen3(msgspec.Struct, gc=False):
    clientMac: str
    ssid: str | None = None
    locations: list[_Location] | None = None
    latestRecord: _Latest | None = None


class _Secret(msgspec.Struct):
    secret: str | int | None = ""


_SHAPES: dict[int, Any] = {2: _Seen2, 3: _Seen3}
_SECRET = msgspec.json.Decoder(_Secret)
_WHOLE = msgspec.json.Decoder(_Whole)
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


class OpenMessage(Struct, frozen=True):
    """A message whose secret may be looked at before anything is said about the rest.

    whole: None if it is not as it should be; then `body` says why.
    """

    secret: str
    body: bytes
    whole: _Whole | None

    def parse(self) -> ParsedMessage:
        """Return the head.

        Raises:
            BadInput: not a message of version 2 or 3; names the field.
        """
        if self.whole is None:
            return parse(self.body)
        return _head(self.whole, self.whole.data)


def opened(body: bytes) -> OpenMessage:
    """Read a message, nearly always in a single pass over it.

    Raises:
        BadInput: it is no JSON.
    """
    if is_readable(body):
        try:
            whole = _WHOLE.decode(body)
        except _UNREADABLE:
            pass
        else:
            return OpenMessage(_text(whole.secret), body, whole)
    body = readable(body)
    return OpenMessage(secret_of(body), body, None)


def secret_of(body: bytes) -> str:
    """Return the secret of a message, "" if it has none or is not a message."""
    try:
        return _text(_SECRET.decode(body).secret)
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
        raise BadInput(NO_JSON) from exc
    return _head(found, data)


def _head(found: _Envelope | _Whole, data: _Data) -> ParsedMessage:
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
        radio,
        one_line(str(data.networkId or ""), _MAX_NETWORK),
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
        # One of them is invalid: keep the others, and what can be read of this one.
        for raw in _RAW.decode(message.observations):
            try:
                yield _one(message.major, raw)
            except UnicodeDecodeError:
                complain("text that is not UTF-8")
            except (ValueError, msgspec.MsgspecError, RecursionError) as exc:
                complain(one_line(str(exc), 100))


def _one(major: int, raw: msgspec.Raw) -> Any:
    """Return one observation.

    Raises:
        ValueError, MsgspecError, RecursionError: it cannot be read; quotes nothing of
            it.
    """
    try:
        return _ONE[major].decode(raw)
    except msgspec.ValidationError:
        fields = fields_of(bytes(memoryview(raw)))
        return msgspec.convert(fields, _SHAPES[major])


class _Reader:
    """Reads the observations of one message; caches recurring values."""

    def __init__(self, message: ParsedMessage) -> None:
        self._ap = message.ap
        self._time = _remembering(moment_s)
        self._dbm = _remembering(dbm)
        self._access_point = _remembering(_access_point)

    def client2(self, seen: _Seen2) -> Client:
        at_s = self._time_of(seen.seenEpoch, seen.seenTime)
        observed = (at_s, dbm_of_version_2(seen.rssi), self._ap)
        return seen.clientMac, _ssid(seen.ssid), [observed]

    def client3(self, seen: _Seen3) -> Client:
        sightings: list[Sighting] = []
        why = "neither latestRecord nor a location with rssiRecords"
        latest = seen.latestRecord
        if latest is not None:
            ap = self._access_point(latest.nearestApMac)
            try:
                at_s = self._time(latest.time)
                sightings.append((at_s, self._dbm(latest.nearestApRssi), ap))
            except ValueError as exc:
                why = str(exc)
        for location in seen.locations or ():
            records = location.rssiRecords or ()
            try:
                at_s = self._time(location.time) if records else 0
            except ValueError as exc:
                why = str(exc)
                continue
            for record in records:
                ap = self._access_point(record.apMac)
                seen_here = (at_s, self._dbm(record.rssi), ap)
                # Nearly always the latest record is one of these, too.
                if not sightings or seen_here != sightings[0]:
                    sightings.append(seen_here)
        if not sightings:
            raise ValueError(why)
        return seen.clientMac, _ssid(seen.ssid), sightings

    def _time_of(self, epoch: Number, time: Number) -> int:
        """Return the first of them that can be right."""
        if epoch not in (None, "", 0):
            try:
                return self._time(epoch)
            except ValueError:
                if time is None:
                    raise
        return self._time(time)


def _remembering(read: Callable[[Any], int]) -> Callable[[Any], int]:
    """Return a caching version of the function."""

    class Interned(dict[Any, int]):
        def __missing__(self, value: Any) -> int:
            found = self[value] = read(value)
            return found

    return Interned().__getitem__


def _text(secret: str | int | None) -> str:
    return "" if secret is None else str(secret)


def _access_point(text: object) -> int:
    """Return the address as a number, 0 if it is unknown."""
    try:
        return mac_number(text) if isinstance(text, str) else 0
    except ValueError:
        return 0


def _ssid(text: str | None) -> str | None:
    return one_line(text, _MAX_SSID) if text else None
