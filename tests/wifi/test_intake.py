"""Scanning messages: what is read of them, what is kept, and what odd ones lead to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.errors import BadInput
from mvsnap.values import replace
from mvsnap.wifi import devices
from mvsnap.wifi.intake import (
    STALE,
    IntakeRules,
    ParsedBatch,
    access_points,
    pack,
    parse_batch,
    unpack,
)
from mvsnap.wifi.mending import without_half_characters
from mvsnap.wifi.messages import parse, secret_of
from mvsnap.wifi.model import Radio
from mvsnap.wifi.visits import Observation
from tests.wifi.scanning_build import (
    AP,
    NETWORK,
    NOON_S,
    OTHER_AP,
    PHONE,
    SECRET,
    WATCH,
    body,
    iso,
    latest,
    location,
    seen2,
    seen3,
    version2,
    version3,
)

MINUTE = NOON_S // 60


def limits(*aps: str, min_rssi_dbm: int = -90) -> IntakeRules:
    return IntakeRules(
        identify=devices.plain,
        wants_access_point=access_points(aps or ("*",)),
        min_rssi_dbm=min_rssi_dbm,
        oldest_s=NOON_S - 86_400,
        newest_s=NOON_S + 300,
    )


def kept(message: dict[str, Any], which: IntakeRules | None = None) -> ParsedBatch:
    return parse_batch(parse(body(message)), which or limits())


def observed(mac: str = PHONE, second: int = 0, **given: Any) -> Observation:
    fields = {"last_s": second, "rssi_dbm": -65, "ap": devices.mac_number(AP)} | given
    return Observation(devices.mac_number(mac), MINUTE, second, **fields)


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.99", 2, 2.0])
def test_version_2_is_about_one_access_point(version: Any) -> None:
    message = version2(seen2(), seen2(WATCH, ssid="guests"), version=version)
    assert parse(body(message)).network_id == ""
    found = kept(message)
    assert found.observed == [observed(WATCH, ssid="guests"), observed()]
    assert (found.accepted, found.ignored, found.bad) == (2, 0, 0)


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.99", 3, 3.0])
def test_version_3_is_about_one_network(version: Any) -> None:
    message = version3(seen3(), version=version)
    assert parse(body(message)).network_id == NETWORK
    assert kept(message).observed == [observed()]


@pytest.mark.parametrize(
    ("name", "radio"),
    [
        ("DevicesSeen", Radio.WIFI),
        ("WiFi", Radio.WIFI),
        ("Wi-Fi", Radio.WIFI),
        ("BluetoothDevicesSeen", Radio.BLUETOOTH),
        ("BLE", Radio.BLUETOOTH),
        ("Bluetooth", Radio.BLUETOOTH),
    ],
)
def test_the_type_names_the_radio(name: str, radio: Radio) -> None:
    assert parse(body(version3(type=name))).radio is radio


def test_bluetooth_of_version_2_has_few_fields() -> None:
    observation = {"clientMac": PHONE, "seenEpoch": NOON_S, "rssi": 30}
    message = version2(observation, type="BluetoothDevicesSeen")
    assert kept(message).observed == [observed()]


def test_no_observations_are_no_mistake() -> None:
    for message in (version2(), version3()):
        assert kept(message) == ParsedBatch([], 0, 0, 0, {})


def test_blanks_between_the_parts_do_not_matter() -> None:
    message = version3(seen3())
    wide = json.dumps(message, indent=300, separators=("  ,\r\n", " :\t\n "))
    assert secret_of(wide.encode()) == SECRET
    assert parse_batch(parse(wide.encode()), limits()).observed == [observed()]


@pytest.mark.parametrize(
    "time",
    [
        {"seenEpoch": NOON_S},
        {"seenEpoch": NOON_S * 1000},
        {"seenEpoch": NOON_S * 1000.0 + 0.5},
        {"seenEpoch": str(NOON_S)},
        {"seenEpoch": None, "seenTime": iso()},
        {"seenEpoch": None, "seenTime": iso()[:-1]},
        {"seenEpoch": None, "seenTime": iso()[:-1] + ".123456"},
        {"seenEpoch": None, "seenTime": "2026-03-04T13:00:00+01:00"},
        {"seenEpoch": 0, "seenTime": iso()},
    ],
    ids=[
        *("seconds", "milliseconds", "float", "text", "ISO", "no zone", "fraction"),
        *("offset", "zero"),
    ],
)
def test_a_time_comes_in_many_ways(time: dict[str, Any]) -> None:
    assert kept(version2(seen2(**time))).observed == [observed()]


@pytest.mark.parametrize(
    ("rssi", "dbm"),
    [
        *((47, -48), (0, -95), ("47", -48), (47.4, -48), (-70, -70), (None, -127)),
        *((115, 20), (116, 20), ("200", 20), (10**30, 20), (-128, -127)),
        *(("loud", -127), ("NaN", -127), (True, -127), ([30], -127)),
    ],
)
def test_version_2_counts_from_the_noise_floor(rssi: Any, dbm: int) -> None:
    found = kept(version2(seen2(rssi=rssi)), limits(min_rssi_dbm=-127))
    assert [one.rssi_dbm for one in found.observed] == [dbm]


@pytest.mark.parametrize(
    ("rssi", "dbm"),
    [
        *(("-74", -74), (-74, -74), ("-74.0", -74), ("", -127), (None, -127)),
        *((-128, -127), ("-200", -127), (90, 20), ("-inf", -127), ("nan", -127)),
        *(("loud", -127), ({}, -127), (False, -127)),
    ],
)
def test_version_3_has_dbm_as_text_or_number(rssi: Any, dbm: int) -> None:
    message = version3(seen3(latestRecord=latest(nearestApRssi=rssi)))
    found = kept(message, limits(min_rssi_dbm=-127))
    assert [one.rssi_dbm for one in found.observed] == [dbm]


ODD: dict[str, Any] = {
    "latitude": seen3(locations=[location(0, (AP, -65)) | {"lat": "NaN", "x": None}]),
    "locations that are none": seen3(locations="here"),
    "a location that is none": seen3(locations=[7, None, {}]),
    "a location without a time": seen3(
        locations=[location(0, (AP, -40)) | {"time": 1}]
    ),
    "records that are none": seen3(locations=[location(0) | {"rssiRecords": 7}]),
    "a latest record that is none": seen3(
        latestRecord=[], locations=[location(0, (AP, -65))]
    ),
    "a latest record without a time": seen3(
        latestRecord=latest(time="soon"), locations=[location(0, (AP, -65))]
    ),
    "a manufacturer": seen3(manufacturer=None) | {"os": 7, "userId": {}},
    "keys in capitals": {key.upper(): value for key, value in seen3().items()},
    "blanks around the address": seen3(f" {PHONE} "),
}


ODD_TIMES: list[object] = [0, "", -1, 1, 10**30, "soon", [], True]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_field_costs_that_field_alone(odd: Any) -> None:
    found = kept(version3(odd, seen3(WATCH)))
    assert found.observed == [observed(WATCH), observed()]
    assert found.bad == 0


@pytest.mark.parametrize(
    "odd",
    [
        *({"seenEpoch": value} for value in ODD_TIMES),
        {"seenEpoch": str(NOON_S), "seenTime": "soon"},
        {"ssid": 7, "location": None},
        {"location": {"lat": None, "unc": "x"}, "ipv4": 7},
    ],
    ids=str,
)
def test_an_odd_field_of_version_2_costs_that_field_alone(odd: dict[str, Any]) -> None:
    found = kept(version2(seen2(**odd), seen2(WATCH)))
    assert [one[:4] for one in found.observed] == [
        one[:4] for one in (observed(WATCH), observed())
    ]
    assert found.bad == 0


@pytest.mark.parametrize("ap", [7, None, [], "nonsense"], ids=str)
def test_an_odd_access_point_is_an_unknown_one(ap: Any) -> None:
    message = version2(seen2())
    message["data"]["apMac"] = ap
    assert [one.ap for one in kept(message).observed] == [0]


@pytest.mark.parametrize(
    "mac", [PHONE.upper(), PHONE.replace(":", "-"), "a483.e700.000a", "a483e700000a"]
)
def test_a_mac_address_is_the_same_in_every_spelling(mac: str) -> None:
    assert kept(version3(seen3(mac))).observed == [observed()]


def test_locations_count_too_and_the_strongest_of_a_minute_is_kept() -> None:
    places = [
        location(5, (AP, -80), (OTHER_AP, -50)),
        location(59, (AP, "-70")),
        location(-1, (AP, -66)),
    ]
    found = kept(version3(seen3(seconds=30, locations=places)))
    before = observed(second=59, rssi_dbm=-66)._replace(minute=MINUTE - 1)
    strongest: dict[str, Any] = {"rssi_dbm": -50, "ap": devices.mac_number(OTHER_AP)}
    assert found.observed == [before, observed(second=5, last_s=59, **strongest)]
    assert found.accepted == 1


def test_a_location_is_enough() -> None:
    message = seen3(latestRecord=None, locations=[location(0, (AP, -65))])
    assert kept(version3(message)).observed == [observed()]


def test_one_device_twice_in_a_message_is_one_observation() -> None:
    found = kept(version2(seen2(seconds=9, rssi=10), seen2(seconds=40)))
    assert found.observed == [observed(second=9, last_s=40)]


def test_weak_ones_are_ignored() -> None:
    message = version2(seen2(rssi=20), seen2(WATCH, rssi=19))
    found = kept(message, limits(min_rssi_dbm=-75))
    assert [one.rssi_dbm for one in found.observed] == [-75]
    assert (found.ignored, list(found.reasons)) == (
        1,
        ["weaker than scanning.min_rssi_dbm"],
    )


@pytest.mark.parametrize(
    "pattern",
    [AP, AP.upper(), "0c-8d-db-00-00-01", "0c8ddb000001", "*:01", "*:0[0-1]"],
)
def test_only_access_points_that_are_named_count(pattern: str) -> None:
    places = [location(9, (OTHER_AP, -40))]
    found = kept(version3(seen3(locations=places)), limits(pattern, "ff:*"))
    assert found.observed == [observed()]
    assert kept(version3(seen3()), limits("ff:*", OTHER_AP)).ignored == 1


@pytest.mark.parametrize("seconds", [-86_401, 301, -400_000_000])
def test_what_is_too_old_or_in_the_future_is_ignored(seconds: int) -> None:
    found = kept(version2(seen2(seconds=seconds), seen2(WATCH)))
    assert (len(found.observed), found.ignored, found.reasons) == (1, 1, {STALE: 1})


BAD: dict[str, Any] = {
    "no object": 17,
    "nothing": None,
    "no MAC address": {"latestRecord": latest()},
    "a MAC address that is none": seen3("hello"),
    "a short MAC address": seen3("a4:83:e7:00:00"),
    "a MAC address of blanks": seen3("a4 83 e7 00 "),
    "a number as MAC address": seen3() | {"clientMac": 17},
    "no record at all": seen3(latestRecord=None),
    "no time": seen3(latestRecord=latest(time=None)),
    "a time that is none": seen3(latestRecord=latest(time="soon")),
    "a time without end": seen3(latestRecord=latest(time=10**30)),
    "a time before 1970": seen3(latestRecord=latest(time="1969-07-20T20:17:40Z")),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_one_does_not_lose_the_others(bad: Any) -> None:
    macs = [f"a4:83:e7:00:{n >> 8:02x}:{n & 255:02x}" for n in range(499)]
    good = [seen3(mac) for mac in macs]
    found = kept(version3(*good[:250], bad, *good[250:]))
    assert (len(found.observed), found.accepted, found.bad) == (499, 499, 1)
    (why,) = found.reasons
    assert why
    assert "a4:83" not in why
    assert "hello" not in why


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (b"garbage", "body"),
        (b"", "body"),
        (b"[1]", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 100_000, "body"),
        (body(version3(version="4.0")), "version"),
        (body(version3(version="")), "version"),
        (body(version3(version="1.0")), "version"),
        (body(version3(version=None)), "version"),
        (body(version3(type="Zigbee")), "type"),
        (body(version3(type=7)), "type"),
        (body(version3(data=7)), "body"),
        (body(version3(data={})), "data.observations"),
        (body(version3(data={"observations": {}})), "data.observations"),
        (body(version3(data={"observations": None})), "data.observations"),
        (body(version3(data={"observations": [], "networkId": [7]})), "networkId"),
    ],
)
def test_an_invalid_message_is_refused_by_name(message: bytes, names: str) -> None:
    with pytest.raises(BadInput, match=names) as caught:
        parse(message)
    assert SECRET not in caught.value.message


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        (body(version3()), SECRET),
        (body({"secret": SECRET}), SECRET),
        (body(version3(secret=None)), ""),
        (body(version3(secret=[SECRET])), ""),
        (b"garbage", ""),
        (b"[" * 100_000, ""),
    ],
)
def test_the_secret_of_a_message(message: bytes, secret: str) -> None:
    assert secret_of(message) == secret


def test_nothing_personal_is_kept() -> None:
    found = kept(version3(seen3()))
    packed = pack(found.observed)
    assert unpack(packed) == found.observed
    for text in (b"anna", b"10.0.0.7", SECRET.encode(), b"Apple"):
        assert text not in packed
    with pytest.raises(ValueError, match="cannot be read"):
        unpack(b"garbage")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["clientMac", "rssi", "time", "seenEpoch", "latestRecord"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.lists(values, max_size=4), st.sampled_from([version2, version3]))
def test_nothing_but_bad_input_is_raised(observations: list[Any], make: Any) -> None:
    try:
        found = kept(make(*observations, seen2() if make is version2 else seen3()))
    except BadInput:
        return
    assert found.accepted >= 1
    assert found.accepted + found.ignored + found.bad == len(observations) + 1


@given(st.dictionaries(st.sampled_from(["secret", "version", "type", "data"]), values))
def test_any_envelope_is_a_message_or_bad_input(message: dict[str, Any]) -> None:
    raw = json.dumps(message).encode()
    secret_of(raw)
    try:
        parse_batch(parse(raw), limits())
    except BadInput as exc:
        assert exc.message  # noqa: PT017 - any mistake will do


def test_a_number_of_hundreds_of_digits_is_one_bad_observation() -> None:
    found = kept(version2(seen2(seenEpoch=10**400, seenTime=None), seen2(WATCH)))
    assert (found.accepted, found.bad) == (1, 1)
    assert found.reasons == {"time: out of range": 1}


def test_invalid_utf_8_is_one_bad_observation() -> None:
    whole = body(version2(seen2(ssid="SSID"), seen2(WATCH)))
    found = parse_batch(parse(whole.replace(b"SSID", b"\xff\xfe")), limits())
    assert (found.accepted, found.bad) == (1, 1)
    assert secret_of(b'{"secret": "\xff"}') == ""
    with pytest.raises(BadInput):
        parse(b'{"secret": "\xff"}')


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"cut \ud83d off", "cut \N{REPLACEMENT CHARACTER} off"),
        (r"\uDE00 alone", "\N{REPLACEMENT CHARACTER} alone"),
        (r"whole \ud83d\uDE00", "whole \N{GRINNING FACE}"),
        (r"no escape: \\ud83d", r"no escape: \ud83d"),
    ],
)
def test_half_a_character_spoils_nothing(written: str, read: str) -> None:
    whole = body(version2(seen2(ssid="SSID"), seen2(WATCH)))
    sent = without_half_characters(whole.replace(b"SSID", written.encode()))
    assert secret_of(sent) == SECRET
    found = parse_batch(parse(sent), limits())
    assert (found.accepted, found.bad) == (2, 0)
    assert read in {observed.ssid for observed in found.observed}


def test_milliseconds_in_text_are_no_date_of_long_ago() -> None:
    at_s = 1_800_010_112  # as digits of a date: 10 January 1800
    which = replace(limits(), oldest_s=at_s - 60, newest_s=at_s + 60)
    found = kept(version2(seen2(seenEpoch=f"{at_s}345")), which)
    assert [(one.minute, one.first_s) for one in found.observed] == [divmod(at_s, 60)]
