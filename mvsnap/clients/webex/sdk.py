"""webexteamssdk, imported at the first call and without what we never use of it."""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

_NAME = "webexteamssdk"
# For tokens of guests, which no bot makes; with all of `cryptography` it takes 7 MB.
_UNUSED = "jwt"
_lock = threading.Lock()


def webexteamssdk() -> Any:
    """Return the module."""
    with _lock:
        if _NAME in sys.modules or _UNUSED in sys.modules:
            return importlib.import_module(_NAME)
        sys.modules[_UNUSED] = ModuleType(_UNUSED)
        try:
            return importlib.import_module(_NAME)
        finally:
            del sys.modules[_UNUSED]
