"""Imports requests without the library that guesses how an answer is encoded.

requests asks it only for the text of an answer that does not say so, and imports it in
any case: 2 MB, and 5 where a developer's tools bring along `chardet`, which it prefers.
What it gets in its place becomes the real one as soon as requests asks it for anything.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import threading
from types import ModuleType
from typing import Any

# The one that requests depends on, and the one that it prefers.
_GUESSES, _PREFERRED = "charset_normalizer", "chardet"
_lock = threading.RLock()


def import_requests() -> None:
    """Before anything else imports it."""
    with _lock:
        if {"requests", _GUESSES, _PREFERRED} & set(sys.modules):
            return
        sys.modules[_GUESSES] = _GuessesAtFirstUse(_GUESSES)
        sys.modules[_PREFERRED] = None  # type: ignore[assignment]  # as if not there
        try:
            importlib.import_module("requests")
        finally:
            _make_way()


class _GuessesAtFirstUse(ModuleType):
    """A module that is imported when one of its names is looked up."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__version__ = importlib.metadata.version(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by the import itself
            raise AttributeError(name)
        with _lock:
            return getattr(importlib.import_module(self.__name__), name)


def _make_way() -> None:
    """All others get the real ones."""
    for name in (_GUESSES, _PREFERRED):
        sys.modules.pop(name, None)
