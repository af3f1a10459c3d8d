"""Imports dbos; where jobs are in a SQLite file, without the driver of PostgreSQL.

dbos imports psycopg whatever its database is: 9 MB, and a quarter of the time that its
import takes. What it gets in its place becomes the real one as soon as dbos asks it for
anything, which it does when a statement fails.
"""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

_DRIVER, _ERRORS = "psycopg", "psycopg.errors"
_lock = threading.RLock()


def import_engine(url: str) -> Any:
    """Return the module `dbos`; before anything else imports it."""
    with _lock:
        if url.startswith("sqlite") and not {"dbos", _DRIVER} & set(sys.modules):
            driver, errors = _AtFirstUse(_DRIVER), _AtFirstUse(_ERRORS)
            driver.errors = errors
            sys.modules |= {_DRIVER: driver, _ERRORS: errors}
        try:
            return importlib.import_module("dbos")
        finally:
            _make_way()


class _AtFirstUse(ModuleType):
    """A module that is imported when one of its names is looked up."""

    errors: ModuleType

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by the import of dbos itself
            raise AttributeError(name)
        with _lock:
            _make_way()
            return getattr(importlib.import_module(self.__name__), name)


def _make_way() -> None:
    """All others get the real ones."""
    for name in (_DRIVER, _ERRORS):
        if isinstance(sys.modules.get(name), _AtFirstUse):
            del sys.modules[name]
