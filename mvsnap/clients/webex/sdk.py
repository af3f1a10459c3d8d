"""webexteamssdk, imported at the first call and without what we never use of it.

Its tokens for guests, which no bot makes, need all of `jwt` and `cryptography`: 7 MB.
An empty module stands in the place of the one that makes them.
"""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

_NAME = "webexteamssdk"
_UNUSED, _ITS_CLASS = f"{_NAME}.api.guest_issuer", "GuestIssuerAPI"
_lock = threading.Lock()


def webexteamssdk() -> Any:
    """Return the module."""
    with _lock:
        if _NAME not in sys.modules:
            stand_in = ModuleType(_UNUSED)
            setattr(stand_in, _ITS_CLASS, _nothing)
            # Only the SDK itself knows this name, and it is asked once.
            sys.modules.setdefault(_UNUSED, stand_in)
        return importlib.import_module(_NAME)


def _nothing(*_: object) -> None:
    """In the place of the class: what the SDK makes of it is never used."""
