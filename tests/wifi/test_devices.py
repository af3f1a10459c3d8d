"""Devices as numbers: hashes with a salt, or addresses as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mvsnap.wifi.devices import (
    device_name,
    device_number,
    hashed_with,
    mac_number,
    mac_text,
    parse_mac,
    plain,
)

MAC = "a4:83:e7:00:00:0a"
macs = st.binary(min_size=6, max_size=6)


def test_a_hash_depends_on_the_salt_and_reveals_no_address() -> None:
    one, other = hashed_with(b"1" * 32)(MAC), hashed_with(b"2" * 32)(MAC)
    assert one != other
    assert one == hashed_with(b"1" * 32)(MAC.upper())
    for number in (one, other):
        assert MAC not in device_name(number)
        assert parse_mac(MAC).hex() not in device_name(number)


@given(macs, macs)
def test_a_device_has_one_number_of_64_bits_and_one_name(a: bytes, b: bytes) -> None:
    for identify in (plain, hashed_with(b"x" * 32)):
        numbers = identify(a.hex(":")), identify(b.hex())
        assert (numbers[0] == numbers[1]) == (a == b)
        for number in numbers:
            assert 0 <= number < 2**63
            assert device_number(device_name(number)) == number


def test_an_address_is_written_with_colons() -> None:
    assert device_name(plain(MAC)) == MAC
    assert mac_text(mac_number(MAC)) == MAC


def test_an_invalid_name_is_not_a_device() -> None:
    for name in ("", "x", "f" * 16, "a4:83", "0" * 17, "ä" * 16, "0x" + "0" * 14):
        assert device_number(name) is None
    assert device_number(f" {MAC.upper()} ") == mac_number(MAC)
