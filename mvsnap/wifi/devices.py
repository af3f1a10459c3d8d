"""Devices as numbers: a keyed hash of the MAC address, or the address itself. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache

SALT_BYTES = 32
# Only set in hashes: an address has 48 bits. Both fit a signed 64-bit number.
_IS_HASH = 1 << 62
_HASH = re.compile("[0-9a-f]{16}")


def parse_mac(text: str) -> bytes:
    """Return the six bytes of an address in any common notation.

    Raises:
        ValueError
    """
    # Much quicker than a translation of each character.
    digits = text.strip().replace(":", "").replace("-", "").replace(".", "")
    mac = bytes.fromhex(digits) if len(digits) == 12 else b""
    if len(mac) != 6:
        raise ValueError("no MAC address")
    return mac


def mac_number(text: str) -> int:
    return int.from_bytes(parse_mac(text))


def mac_text(number: int) -> str:
    return number.to_bytes(6).hex(":")


def plain(mac: str) -> int:
    """Return the address itself as the number of the device.

    Raises:
        ValueError: it is not an address.
    """
    return mac_number(mac)


def hashed_with(salt: bytes) -> Callable[[str], int]:
    """Return a function from address to device number; it may raise ValueError.

    Without the salt, nobody can derive an address from a number, or test whether a
    known address is among them.
    """

    keyed = hashlib.blake2b(digest_size=8, key=salt)

    # Most devices of a message were in the previous one.
    @lru_cache(maxsize=20_000)
    def hashed(mac: str) -> int:
        fresh = keyed.copy()
        fresh.update(parse_mac(mac))
        return _IS_HASH | int.from_bytes(fresh.digest()) >> 2

    return hashed


def device_name(device: int) -> str:
    """Return 16 hexadecimal digits of a hash, or an address with colons."""
    if device & _IS_HASH:
        return f"{device - _IS_HASH:016x}"
    return mac_text(device)


def device_number(name: str) -> int | None:
    """Return the number of a name written by `device_name`; None if it is not one."""
    text = name.strip().lower()
    if _HASH.fullmatch(text):
        number = int(text, 16)
        return number | _IS_HASH if number < _IS_HASH else None
    try:
        return mac_number(text)
    except ValueError:
        return None
